#!/bin/bash
# loft-lda and mbox, against failing calls and kills at each step: status 75
# means that the file is what it was, status 0 that the message is whole at its
# end. A kill leaves what was there before untouched.
set -u
: "${builddir:?}"
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
cp "$builddir/lda/loft-lda" "$builddir/tests/fault/fault.so" "$scratch" ||
	exit 99
home=$scratch/home
inbox=$home/mail/inbox
failed=0 runs=0

as_user=
if [ "$(id -u)" = 0 ]; then
	command -v setpriv >/dev/null || exit 77
	as_user='setpriv --reuid 65534 --regid 65534 --clear-groups'
fi

cat >"$scratch/loft.conf" <<END
log_path = $scratch/log
mail_location = mbox:~/mail
mail_temp_dir = $scratch/spool
mbox_lock_timeout = 5s
lda_mailbox_autocreate = yes
END
mkdir -m 777 "$scratch/notes" "$scratch/spool"
: >"$scratch/log" && chmod 666 "$scratch/log"
printf 'From: a@b\nMessage-ID: <fault@test>\n\nbody\n' >"$scratch/small"
{ cat "$scratch/small"; head -c 900000 /dev/zero | tr '\0' x; echo; } \
	>"$scratch/large"
printf 'From x  Sat Jan  3 04:05:06 1970\nA: b\n\nold\n\n' >"$scratch/old"

# deliver MESSAGE FAULT ARGS: status in $status, the call hit in $hit
deliver() {
	local message=$1 fault=$2
	shift 2
	rm -f "$scratch/notes/note"
	env -i HOME="$home" USER=alice PATH="$PATH" LOFT_FAULT="$fault" \
		LOFT_FAULT_PATH="$home" \
		LOFT_FAULT_NOTE="$scratch/notes/note" \
		ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 \
		LD_PRELOAD="$scratch/fault.so" \
		$as_user "$scratch/loft-lda" -c "$scratch/loft.conf" "$@" \
		<"$message" 2>"$scratch/stderr"
	status=$?
	hit=$(cat "$scratch/notes/note" 2>/dev/null)
	runs=$((runs + 1))
}

# fresh STATE: a home with an old mbox, or without one
fresh() {
	rm -rf "$home"
	mkdir "$home"
	if [ "$1" = old ]; then
		mkdir "$home/mail"
		cp "$scratch/old" "$inbox"
		chmod -R go= "$home/mail"
	fi
	[ -z "$as_user" ] || chown -R 65534:65534 "$home"
}

# look FILE MESSAGE STATE: how much was added, is it the message and nothing
# else, and is what stood there before untouched?
look() {
	local file=$1 message=$2 state=$3 begin=0
	[ "$state" = new ] || begin=$(stat -c %s "$scratch/old")
	size=0 whole=no intact=yes
	[ ! -f "$file" ] || size=$(($(stat -c %s "$file") - begin))
	if [ "$begin" != 0 ]; then
		cmp -s <(head -c "$begin" "$file") "$scratch/old" || intact=no
	fi
	if [ $size -gt 0 ] && cmp -s <(cat "$message"; echo) \
	    <(tail -c +$((begin + 1)) "$file" | sed 1d); then
		whole=yes
	fi
}

bad() {
	echo "FAIL: $*: status $status, $size added, whole: $whole," \
		"intact: $intact, hit: $hit"
	sed 's/^/    /' "$scratch/stderr"
	tail -2 "$scratch/log" | sed 's/^/    /'
	failed=1
}

# each ERRNO MESSAGE STATE FILE ARGS: fail each call once
each() {
	local errno=$1 message=$2 state=$3 file=$4 n
	shift 4
	for ((n = 1; n < 200; n++)); do
		fresh "$state"
		: >"$scratch/log"
		deliver "$message" "*:$n:$errno" "$@"
		[ -n "$hit" ] || break
		look "$file" "$message" "$state"
		case $status$whole$intact in
		0yesyes) ;;
		75noyes) [ $size = 0 ] ||
			bad "$errno at call $n ($state $*)" ;;
		*) bad "$errno at call $n ($state $*)" ;;
		esac
		[ $status = 0 ] || grep -q "Error: \|Fatal: " "$scratch/log" ||
			bad "$errno at call $n: not logged"
		deliver "$message" '' "$@"
		[ $status = 0 ] || bad "after $errno at call $n ($state $*)"
	done
	[ $n -gt 8 ] || bad "only $n calls were tried ($errno $state $*)"
	hits=$((n - 1))
}

# kills MESSAGE STATE WHAT: kill before or after each call
kills() {
	local message=$1 state=$2 what=$3 n length
	length=$(stat -c %s "$message")
	for ((n = 1; n < 200; n++)); do
		fresh "$state"
		: >"$scratch/log"
		# the shell's own word about the kill is no news
		{ deliver "$message" "*:$n:$what"; } 2>/dev/null
		[ -n "$hit" ] || break
		look "$inbox" "$message" "$state"
		[ $status = 137 ] && [ $intact = yes ] ||
			bad "$what at call $n ($state)"
		# what is one write is there or isn't
		[ $size = 0 ] || [ $whole = yes ] ||
			[ "$message" = "$scratch/large" ] ||
			bad "$what at call $n ($state): partial"
		# the lock that was left behind is noticed, and mail goes on
		deliver "$message" ''
		[ $status = 0 ] && [ ! -e "$inbox.lock" ] &&
			cmp -s <(cat "$message"; echo) \
			<(tail -c $((length + 1)) "$inbox") ||
			bad "after $what at call $n ($state)"
	done
	[ $n -gt 8 ] || bad "only $n calls were tried ($what $state)"
}

# expect STATUS FAULT
expect() {
	fresh old
	deliver "$scratch/small" "$2"
	look "$inbox" "$scratch/small" old
	case $1$status$whole$intact$size in
	00yesyes*) [ -n "$hit" ] || bad "$2" ;;
	7575noyes0) [ -n "$hit" ] || bad "$2" ;;
	*) bad "$2" ;;
	esac
}

fresh new
deliver "$scratch/small" ''
if [ $status != 0 ]; then
	cat "$scratch/stderr" "$scratch/log"
	grep -q 'ASan runtime' "$scratch/stderr" && exit 77
	exit 1
fi

each EIO "$scratch/small" old "$inbox"
echo "INBOX: $hits calls in the sequence"
each EIO "$scratch/small" new "$inbox"
each ENOSPC "$scratch/small" new "$home/mail/Sub/Deep" -m Sub/Deep
each EDQUOT "$scratch/large" old "$inbox"
kills "$scratch/small" old KILL
kills "$scratch/small" new KILLED
kills "$scratch/large" old KILL
expect 0 write:1:EINTR
expect 0 write:2:EINTR
expect 0 write:2:SHORT
expect 0 fdatasync:1:EINTR
expect 0 futimens:1:EPERM
expect 0 unlink:1:EIO
expect 75 write:2:ENOSPC
expect 75 fdatasync:1:EIO

echo "$runs deliveries"
exit $failed
