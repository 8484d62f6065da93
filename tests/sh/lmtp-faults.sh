#!/bin/bash
# One message to three recipients against failing calls and kills at each
# step: who got 250 has the whole message, who got 451 has nothing.
. "${srcdir:-.}/tests/harness.sh" || exit 99

loft_conf <<END
loft_services = auth
log_path = syslog
END
loft_start
mail=${loft_dir:?}/mail
users='alice bob carol'
fault=$builddir/tests/fault/fault.so
[ -f "$fault" ] || fail "fault.so isn't built"
bad=0 runs=0

# dialogue LINES: in front of the body
dialogue() {
	local user
	printf 'LHLO t\r\nMAIL FROM:<s@x>\r\n'
	for user in $users; do printf 'RCPT TO:<%s@t>\r\n' $user; done
	printf 'DATA\r\nMessage-ID: <1@t>\r\n\r\n'
	yes "$(printf 'line\r')" | head -n "$1"
	printf 'body\r\n.\r\nQUIT\r\n'
}
dialogue 1 >"$scratch/small"
dialogue 60000 >"$scratch/large"
input=$scratch/small

# session [FAULT]: replies after DATA in order in $replies, the call in $hit
session() {
	rm -f "$scratch/note"
	LOFT_FAULT=${1-} LOFT_FAULT_PATH=$mail LOFT_FAULT_NOTE=$note \
		ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 \
		LD_PRELOAD=$fault "$builddir/lmtp/lmtp" -c "$loft_file" \
		<"$input" >"$scratch/out" 2>"$scratch/stderr"
	status=$?
	replies=$(sed -n '/^354/,/^221/p' "$scratch/out" | grep -o '^[245]..' |
		grep -v 221 | tr '\n' ' ')
	hit=$(cat "$note" 2>/dev/null)
	runs=$((runs + 1))
}
# the note is written by whoever is in effect at that moment
mkdir -m 777 "$scratch/notes"
note=$scratch/notes/note

fresh() {
	rm -rf "${mail:?}"/*
	[ "$1" = new ] || cp -a "$scratch/old/." "$mail"
}

# "whole partial tmp" of a user in $state; without a fork, it is asked often
shopt -s nullglob
look() {
	local dir=$mail/$1/Maildir file lines tmp whole=0 partial=0
	for file in "$dir"/new/*; do
		mapfile -t lines <"$file"
		if [ "${lines[*]: -1}" = body ]; then
			whole=$((whole + 1))
		else
			partial=$((partial + 1))
		fi
	done
	tmp=("$dir"/tmp/*)
	state=$whole$partial${#tmp[@]}
}

trouble() {
	echo "FAIL: $*: replies $replies, hit $hit"
	cat "$scratch/stderr"
	bad=1
}

each() {
	local errno=$1 begin=$2 n user reply
	for ((n = 1; n < 200; n++)); do
		fresh "$begin"
		rm -f "$note"
		session "*:$n:$errno"
		[ -n "$hit" ] || break
		set -- $replies
		[ $# = $(wc -w <<<"$users") ] || trouble "$errno at call $n: $# replies"
		[ "$*" != '451 451 451' ] || [ "$begin" = new ] ||
			trouble "$errno at call $n hit all"
		for user in $users; do
			reply=${1-}
			[ $# = 0 ] || shift
			look $user
			case $reply$state in
			250100 | 451000) ;;
			*) trouble "$errno at call $n ($begin): $user has" \
				"$state" ;;
			esac
		done
	done
	[ $n -gt 10 ] || trouble "only $n calls were tried"
	echo "- $errno, $begin: $((n - 1)) calls"
}

kills() {
	local what=$1 begin=$2 n user
	for ((n = 1; n < 200; n++)); do
		fresh "$begin"
		rm -f "$note"
		{ session "*:$n:$what"; } 2>/dev/null
		[ -n "$hit" ] || break
		[ $status = 137 ] || trouble "$what at call $n: status $status"
		for user in $users; do
			look $user
			case $state in
			00? | 10?) ;;
			*) trouble "$what at call $n ($begin): $user has" \
				"$state" ;;
			esac
		done
		# nobody was told 250 for what isn't there
		case $replies in
		*250*) trouble "$what at call $n: 250 before the end" ;;
		esac
	done
	echo "- $what, $begin: $((n - 1)) calls"
}

(umask 077 && mkdir "$scratch/old" &&
	mkdir -p "$scratch/old"/{alice,bob,carol}/Maildir/{cur,new,tmp}) ||
	fail "no Maildirs"
chown -R "$loft_uid:$loft_gid" "$scratch/old"
chmod 755 "$scratch/old"
fresh old
session
[ "$replies" = '250 250 250 ' ] || fail "without faults: $(cat "$scratch/out" "$scratch/stderr")"
each EIO old
each EDQUOT old
each EINTR old
each SHORT old
each EIO new
kills KILL old
kills KILLED old
kills KILL new
input=$scratch/large
echo "- a large message"
each EIO old
each SHORT old
users=alice
echo "- a large message for one"
dialogue 60000 >"$input"
each EIO old
kills KILL old
echo "- with quota"
cat >>"$loft_file" <<-END
	mail_plugins = quota
	plugin {
	  quota = maildir:User quota
	  quota_rule = *:storage=100M
	}
END
users='alice bob carol'
dialogue 1 >"$input"
each EIO old
kills KILL old
echo "$runs sessions"
loft_stop || fail "status of the daemon"
exit $bad
