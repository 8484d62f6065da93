# A real daemon in a scratch directory, for shell tests; sourced first, by bash. Works as root and as an
# ordinary user, with the programs of the build tree.
#
#   $scratch               directory of this test, gone at its end
#   fail TEXT, skip TEXT   end the test (fail shows the daemon's log)
#   cleanup_add COMMAND    run at the end, last added first
#   own_mounts             run the test anew where its mounts are its own and go with it; false where that can't be
#   wait_until SECS CMD…   until CMD succeeds; fails the test after SECS
#   free_port              a TCP port on 127.0.0.1 that nobody has
#   loft_conf <<CONF       write the configuration: scratch paths, then this text; a static userdb whose users
#                          all share $loft_uid, when the text has none
#   loft_start [ARG…]      start it with -F (or $loft_program instead of the build's); $loft_pid, and wait until
#                          it is ready
#   loft_stop              by SIGTERM; its exit status
#   loft_ctl ARG…          loftctl with this configuration
#   loft_pids KIND         the pids of worker, template, daemon or log processes
#   loft_send RCPT [ID]    deliver a small message with that Message-ID
#   loft_mails USER        how many messages are in new/
#   unix_talk SOCKET       send standard input there, then end it; what comes back
#   $loft_dir $loft_file $loft_log $loft_socket
set -u
srcdir=$(cd "${srcdir:-.}" && pwd)
builddir=$(cd "${builddir:-.}" && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/loft-test.XXXXXX") || exit 99
chmod 755 "$scratch"
loft_dir=$scratch/loft
loft_file=$loft_dir/loft.conf
loft_log=$loft_dir/log
loft_socket=$loft_dir/run/lmtp
loft_pid=
cleanups=()

loft_uid=$(id -u)
loft_gid=$(id -g)
if [ "$loft_uid" = 0 ]; then
	loft_uid=61234 loft_gid=61234
fi

cleanup_add() {
	cleanups=("$1" ${cleanups[@]+"${cleanups[@]}"})
}

cleanup() {
	local status=$? command
	trap - EXIT
	for command in ${cleanups[@]+"${cleanups[@]}"}; do
		$command
	done
	loft_kill
	rm -rf "$scratch"
	exit $status
}
trap cleanup EXIT
trap 'exit 129' HUP INT TERM

fail() {
	echo "FAIL: $*"
	[ ! -f "$loft_log" ] || { echo "--- log"; tail -n 60 "$loft_log"; }
	[ ! -s "$loft_dir/stderr" ] || { echo "--- standard error"; tail -n 40 "$loft_dir/stderr"; }
	exit 1
}

skip() {
	echo "$*"
	exit 77
}

own_mounts() {
	[ -z "${LOFT_IN_NAMESPACE:-}" ] || return 0
	unshare -m true 2>/dev/null || return 1
	rm -rf "$scratch"
	LOFT_IN_NAMESPACE=1 exec unshare -m --propagation private bash "$0"
}

wait_until() {
	local end=$((SECONDS + $1 + 1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || fail "waited in vain for: $*"
		sleep 0.05
	done
}

free_port() {
	local port i
	for ((i = 0; i < 200; i++)); do
		port=$((20000 + RANDOM % 12000))
		if ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
			echo $port
			return
		fi
	done
	fail "no free port"
}

# The build tree has each program in its own folder; the daemon wants them in one.
loft_libexec() {
	local program
	mkdir -p "$loft_dir/libexec"
	for program in lmtp/lmtp auth/auth log/log script/script quota-status/quota-status stats/stats lda/loft-lda; do
		[ ! -x "$builddir/$program" ] || ln -sf "$builddir/$program" "$loft_dir/libexec/"
	done
}

loft_conf() {
	local text asan=ASAN_OPTIONS
	# Who changed his ids can't be traced, which the leak checker needs.
	[ "$(id -u)" != 0 ] || asan="ASAN_OPTIONS=${ASAN_OPTIONS:-abort_on_error=1}:detect_leaks=0"
	text=$(cat)
	mkdir -p "$loft_dir/mail"
	chmod 755 "$loft_dir"
	chown "$loft_uid:$loft_gid" "$loft_dir/mail"
	loft_libexec
	cat >"$loft_file" <<-CONF
		base_dir = $loft_dir/run
		state_dir = $loft_dir/state
		libexec_dir = $loft_dir/libexec
		log_path = $loft_log
		hostname = mx.test.example
		mail_location = maildir:~/Maildir
		import_environment = TZ LD_PRELOAD UBSAN_OPTIONS LSAN_OPTIONS TMPDIR $asan
	CONF
	# The sanitizers want terabytes of address space.
	! grep -q '^#define LOFT_SANITIZERS' "$builddir/config.h" ||
		echo "default_vsz_limit = 18446744073709551615 B" >>"$loft_file"
	printf '%s\n' "$text" >>"$loft_file"
	case $text in
	*userdb*) ;;
	*)
		cat >>"$loft_file" <<-CONF
			first_valid_uid = 1
			userdb {
			  driver = static
			  args = uid=$loft_uid gid=$loft_gid home=$loft_dir/mail/%n allow_all_users=yes
			}
		CONF
		;;
	esac
}

# The same with an LMTP listener on 127.0.0.1, $port.
loft_conf_tcp() { # LINES-OF-SERVICE-LMTP [LINE...]
	loft_conf <<-CONF
		service lmtp {
		  inet_listener lmtp {
		    address = 127.0.0.1
		    port = $port
		  }
		  $(printf '%s\n' "${1:-}")
		}
		$(printf '%s\n' "${@:2}")
	CONF
}

loft_ctl() {
	"$builddir/ctl/loftctl" -c "$loft_file" "$@"
}

# No clients may be accepted before all is started, so the list of processes is a good sign.
loft_ready() {
	loft_ctl -f tab process status >"$scratch/ready" 2>/dev/null && ! grep -q starting "$scratch/ready"
}

loft_start() {
	local i
	"${loft_program:-$builddir/master/loft}" -F -c "$loft_file" "$@" >>"$loft_dir/stdout" 2>>"$loft_dir/stderr" </dev/null &
	loft_pid=$!
	for ((i = 0; i < 200; i++)); do
		loft_ready && return 0
		kill -0 "$loft_pid" 2>/dev/null || break
		sleep 0.05
	done
	fail "loft did not start"
}

# Wait for the daemon's end, bounded; its status.
loft_wait() {
	local status i
	for ((i = 0; i < 200; i++)); do
		if ! kill -0 "$loft_pid" 2>/dev/null; then
			wait "$loft_pid" 2>/dev/null
			status=$?
			loft_pid=
			return $status
		fi
		sleep 0.05
	done
	fail "loft does not end"
}

loft_stop() {
	kill -TERM "$loft_pid" 2>/dev/null
	loft_wait
}

loft_kill() {
	local pid=$loft_pid i
	loft_pid=
	[ -z "$pid" ] && return
	kill -TERM "$pid" 2>/dev/null || return
	for ((i = 0; i < 160; i++)); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	kill -KILL "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
}

loft_pids() {
	loft_ctl -f tab process status | awk -F '\t' -v kind="$1" '$3 == kind { print $2 }'
}

loft_send() {
	printf 'From: test@test.example\nMessage-ID: <%s@test.example>\nSubject: test\n\nbody of %s\n' \
		"${2:-1}" "${2:-1}" | "$builddir/ctl/loft-send" --socket "$loft_socket" -f sender@test.example "$1"
}

loft_mails() {
	find "$loft_dir/mail/$1/Maildir/new" -type f 2>/dev/null | wc -l
}

# perl, because it is on every Debian; 40 s at most.
unix_talk() {
	perl -e 'use IO::Socket::UNIX;
		my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "$ARGV[0]: $!\n";
		alarm 40;
		$s->autoflush(1);
		print $s $_ while (<STDIN>);
		$s->shutdown(1);
		print while (<$s>);' "$1"
}

# The process must be gone, or be a zombie of somebody else's.
gone() {
	! kill -0 "$1" 2>/dev/null || grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null
}

# A session over TCP, line by line: lmtp_open PORT; then lmtp_say and lmtp_hear PATTERN (bash's =~), which keeps
# the line in $heard; lmtp_close. One at a time, but $lmtp_fd may be put aside.
lmtp_open() {
	{ exec {lmtp_fd}<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
}

lmtp_say() {
	printf '%s\r\n' "$1" >&"$lmtp_fd"
}

lmtp_hear() {
	heard=
	while IFS= read -r -t "${2:-5}" -u "$lmtp_fd" heard; do
		heard=${heard%$'\r'}
		case $heard in
		???-*) continue ;;
		esac
		[[ $heard =~ $1 ]] || fail "expected '$1', heard '$heard'"
		return 0
	done
	fail "expected '$1', heard nothing (or '$heard')"
}

# Nothing comes for a while.
lmtp_silence() {
	! IFS= read -r -t "$1" -u "$lmtp_fd" heard || fail "expected silence, heard '$heard'"
}

lmtp_eof() {
	local status
	IFS= read -r -t "${1:-5}" -u "$lmtp_fd" heard
	status=$?
	[ $status = 1 ] || fail "expected the end of the connection (status $status, '$heard')"
}

lmtp_close() {
	exec {lmtp_fd}>&-
}
