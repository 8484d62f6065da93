#!/bin/bash
# Services that run programs: what a program gets, what its client hears, what the log tells when it fails.
. "${srcdir:?}/tests/harness.sh"

dir=$scratch/programs
mkdir -p "$dir"
chmod 777 "$dir"
mkdir "$scratch/jail"
program() {
	printf '#!/bin/sh\n%s\n' "$2" >"$dir/$1"
	chmod 755 "$dir/$1"
}
program show 'echo "args<$*>"
echo "pwd<$(pwd)>"
echo "vsz<$(ulimit -v)>"
echo "env<$(env | grep -v -E "^(PWD|_|SHLVL|OLDPWD|LSAN_OPTIONS|UBSAN_OPTIONS|ASAN_OPTIONS)=" | sort | tr "\n" " ")>"
echo "uid<$(awk "/^Uid:/ { print \$2, \$3, \$4, \$5 }" /proc/self/status)>"
echo "gid<$(awk "/^Gid:/ { print \$2, \$3, \$4, \$5 }" /proc/self/status)>"
echo "fds<$(ls /proc/self/fd | tr "\n" " ")>"
echo "signals $(awk "/^Sig(Ign|Blk):/ { print \$2 }" /proc/$$/status | tr "\n" " ")"
echo "words of the program" >&2
echo "input<$(cat)>"'
program exits 'exit ${1:-1}'
program dies 'kill -9 $$'
program hangs 'echo $$ >'"$dir"'/hangs.pid; exec sleep 60'
program slow 'echo $$ >>'"$dir"'/slow.pid; while [ ! -e '"$dir"'/go ]; do sleep 0.05; done; echo done'
program body 'cat >'"$dir"'/body.$1.tmp && mv '"$dir"'/body.$1.tmp '"$dir"'/body.$1'
: >"$dir/plain"	# no program

# A socket's owner may have a name only; without root there is nobody to become.
who=
[ "$(id -u)" != 0 ] || who="user = $loft_uid
  group = $loft_gid"
service() {
	echo "service $1 {
	  executable = script $2
	  $who
	  unix_listener $1 {
	    mode = 0600
	  }
	  ${3:-}
	}"
}
conf() {
	loft_conf <<-CONF
		ssl = no
		script_timeout = ${1:-1 min}
		service lmtp {
		  process_min_avail = 0
		}
		$(service show "-e HOME,USER $dir/show own" "vsz_limit = 512M
		  idle_kill = 1 min")
		$(service jailed "/bin/sh -c true" "chroot = $scratch/jail")
		$(service exits "$dir/exits")
		$(service dies "$dir/dies")
		$(service hangs "$dir/hangs")
		$(service slow "$dir/slow" "process_limit = 2")
		$(service body "$dir/body")
		$(service missing "$dir/missing")
		$(service plain "$dir/plain")
		$(service whole "-p $dir/show" "service_count = 1")
	CONF
}

ask() {
	printf "$2" | unix_talk "$loft_dir/run/$1"
}
v='VERSION\tscript\t4\t0\n'
# expect WHAT GOT WANT
expect() {
	[ "$2" = "$3" ] || fail "$1: got '$2', not '$3'"
}
has_line() {
	grep -qxF -e "$2" <<<"$1" || fail "no '$2' in: $1"
}
logged() {
	wait_until 5 grep -qE -e "$1" "$loft_log"
}

conf
loft_start

echo "- what a program gets"
got=$(ask show "${v}env_HOME=/home/x\nenv_PATH=/evil\nenv_USER=a\001tb\n-\none\ntwo  words\n\nline 1\n\nline 2")
has_line "$got" "args<own one two  words>"
has_line "$got" "pwd<$loft_dir/run>"
has_line "$got" "env<HOME=/home/x USER=a	b >"
has_line "$got" "uid<$loft_uid $loft_uid $loft_uid $loft_uid>"
has_line "$got" "gid<$loft_gid $loft_gid $loft_gid $loft_gid>"
grep -q '^#define LOFT_SANITIZERS' "$builddir/config.h" || has_line "$got" "vsz<524288>"
has_line "$got" "fds<0 1 2 3 >"	# the last is the directory it lists
read -r _ blocked ignored < <(grep '^signals ' <<<"$got")
# 32 and 33 are the C library's own
(((16#$blocked | 16#$ignored & 0x7fffffff) == 0)) || fail "signals are blocked ($blocked) or ignored ($ignored)"
has_line "$got" "line 2>"
expect "the last line" "$(tail -n 1 <<<"$got")" "+"
logged ' show: Error: words of the program'
got=$(ask whole "line 1\n")
has_line "$got" "args<>"
has_line "$got" "input<line 1>"

echo "- its end"
expect "exit 0" "$(ask exits "${v}-\n0\n\n")" "+"
expect "exit 3" "$(ask exits "${v}-\n3\n\n")" "-"
logged "exits\\([0-9]+\\): Error: Script $dir/exits terminated abnormally, exit status 3"
expect "signal" "$(ask dies "${v}-\n\n")" "-"
logged "dies\\([0-9]+\\): Error: Script $dir/dies terminated abnormally, signal 9"
expect "missing" "$(ask missing "${v}-\n\n")" "-"
logged "missing\\([0-9]+\\): Fatal: execve\\($dir/missing\\) failed: No such file or directory"
expect "no program" "$(ask plain "${v}-\n\n")" "-"
logged "plain\\([0-9]+\\): Fatal: execve\\($dir/plain\\) failed: Permission denied"
expect "noreply" "$(ask exits "${v}noreply\n5\n\n")" ""
logged "exits terminated abnormally, exit status 5"
expect "the client's time" "$(ask hangs "${v}alarm=1\n-\n\n")" "-"
logged "hangs\\([0-9]+\\): Error: Script $dir/hangs was killed after 1\\.[0-9] s"
wait_until 5 gone "$(cat "$dir/hangs.pid")"

echo "- requests that are none"
expect "garbage" "$(ask show "hello\n\n")" ""
logged "show\\([0-9]+\\): Error: client doesn't speak version 4 of the script protocol"
expect "cut off" "$(ask show "${v}-\n")" ""
logged "show\\([0-9]+\\): Error: client disconnected in its request"
expect "a bad variable" "$(ask show "${v}env_x\n-\n\n")" ""
logged "show\\([0-9]+\\): Error: invalid environment variable"

echo "- a client that doesn't wait"
for i in 1 2 3 4 5; do
	printf "${v}noreply\n$i\n\nbody $i\n" | perl -e 'use IO::Socket::UNIX;
		my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die; print $s $_ while (<STDIN>)' \
		"$loft_dir/run/body" || fail "client $i"
done
for i in 1 2 3 4 5; do
	wait_until 10 test -e "$dir/body.$i"
	expect "body $i" "$(cat "$dir/body.$i")" "body $i"
done

echo "- many at a time, and process_limit"
for i in 1 2 3; do
	ask slow "${v}-\n\n" >"$scratch/slow.$i" &
	eval "pid$i=$!"
done
slow_running() {
	[ "$(wc -l <"$dir/slow.pid")" = 2 ]
}
wait_until 10 slow_running
logged 'service\(slow\): process_limit \(2\) reached'
[ "$(loft_ctl -f tab process status slow | grep -c "	worker	")" = 2 ] || fail "$(loft_ctl process status slow)"
: >"$dir/go"
for i in 1 2 3; do
	eval "wait \$pid$i"
	expect "slow $i" "$(tr '\n' ' ' <"$scratch/slow.$i")" "done + "
done

echo "- a reload, and a stop, let a program finish"
rm "$dir/go" "$dir/slow.pid"
ask slow "${v}-\n\n" >"$scratch/slow.1" &
pid1=$!
wait_until 5 test -s "$dir/slow.pid"
conf "2 secs"
loft_ctl reload || fail "reload"
: >"$dir/go"
wait $pid1
expect "over a reload" "$(tr '\n' ' ' <"$scratch/slow.1")" "done + "
# Signals of ours must not reach into the program's reads.
{
	printf "${v}-\nlate\n\nfirst\n"
	while [ ! -e "$dir/body.late.tmp" ]; do sleep 0.05; done
	loft_ctl reload
	printf 'second\n'
	wait_until 5 grep -q second "$dir/body.late.tmp"
	printf 'third\n'
} | unix_talk "$loft_dir/run/body" >"$scratch/late" || fail "unix_talk"
expect "input over a reload" "$(tr '\n' ' ' <"$dir/body.late")" "first second third "
expect "its end" "$(cat "$scratch/late")" "+"
expect "script_timeout" "$(ask hangs "${v}-\n\n")" "-"
logged "hangs was killed after 2\\.[0-9] s"
rm "$dir/go" "$dir/slow.pid"
ask slow "${v}-\n\n" >"$scratch/slow.1" &
pid1=$!
wait_until 5 test -s "$dir/slow.pid"
kill -TERM "$loft_pid"
: >"$dir/go"
loft_wait || fail "stop"
wait $pid1
expect "over a stop" "$(tr '\n' ' ' <"$scratch/slow.1")" "done + "

if [ "$(id -u)" = 0 ]; then
	grep -q '/bin/sh) failed: No such file' "$loft_log" && fail "chroot was tried already"
	echo "- root where the service says nobody else, and chroot"
	who=
	conf
	loft_start
	has_line "$(ask show "${v}-\n\n")" "uid<0 0 0 0>"
	expect "in the jail" "$(ask jailed "${v}-\n\n")" "-"
	logged 'jailed\([0-9]+\): Fatal: execve\(/bin/sh\) failed: No such file or directory'
	loft_stop || fail "stop"
fi
if grep -E '(Panic|killed with signal|Invalid)' "$loft_log"; then
	fail "a worker died"
fi
exit 0
