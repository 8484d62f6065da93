#!/bin/bash
# loft-lda against failing calls and kills, at each step of the durable
# sequence: status 75 means that nothing is there, status 0 that the whole
# message is; after a kill new/ holds nothing partial.
set -u
: "${builddir:?}"
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
cp "$builddir/lda/loft-lda" "$builddir/tests/fault/fault.so" "$scratch" ||
	exit 99
home=$scratch/home
failed=0 runs=0

as_user=
if [ "$(id -u)" = 0 ]; then
	command -v setpriv >/dev/null || exit 77
	as_user='setpriv --reuid 65534 --regid 65534 --clear-groups'
fi

cat >"$scratch/loft.conf" <<END
log_path = $scratch/log
mail_location = maildir:~/Maildir
mail_temp_dir = $scratch/spool
lda_mailbox_autocreate = yes
lda_mailbox_autosubscribe = yes
END
mkdir -m 777 "$scratch/spool" "$scratch/notes"
: >"$scratch/log" && chmod 666 "$scratch/log"
printf 'From: a@b\nMessage-ID: <fault@test>\n\nbody\n' >"$scratch/small"
{ cat "$scratch/small"; head -c 300000 /dev/zero | tr '\0' x; } \
	>"$scratch/large"

# deliver MESSAGE [FAULT [PATH]] -- ARGS: status in $status, the call that was
# hit in $hit
deliver() {
	local message=$1 fault=${2-} path=${3-$home}
	shift 3
	rm -f "$scratch/notes/note"
	env -i HOME="$home" USER=alice PATH="$PATH" LOFT_FAULT="$fault" \
		LOFT_FAULT_PATH="$path" LOFT_FAULT_NOTE="$scratch/notes/note" \
		ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 \
		LD_PRELOAD="$scratch/fault.so" \
		$as_user "$scratch/loft-lda" -c "$scratch/loft.conf" "$@" \
		<"$message" 2>"$scratch/stderr"
	status=$?
	hit=$(cat "$scratch/notes/note" 2>/dev/null)
	runs=$((runs + 1))
}

fresh() {
	rm -rf "$home"
	mkdir "$home"
	[ -z "$as_user" ] || chown 65534:65534 "$home"
}

# an empty Maildir
old() {
	(umask 077 && $as_user mkdir -p "$home"/Maildir/{cur,new,tmp})
}

# complete and partial messages in all of new/ and cur/, files in tmp/
count() {
	local message=$1 file
	whole=0 partial=0
	while IFS= read -r file; do
		if cmp -s "$file" "$message"; then
			whole=$((whole + 1))
		else
			partial=$((partial + 1))
		fi
	done < <(find "$home" -type f \( -path '*/new/*' -o -path '*/cur/*' \))
	tmp=$(find "$home" -type f -path "$home/Maildir*/tmp/*" | wc -l)
}

bad() {
	echo "FAIL: $*: status $status, $whole whole, $partial partial," \
		"$tmp in tmp/, hit: $hit"
	sed 's/^/    /' "$scratch/stderr"
	tail -2 "$scratch/log" | sed 's/^/    /'
	failed=1
}

# each ERRNO MESSAGE STATE PATH ARGS: fail each call once
each() {
	local errno=$1 message=$2 state=$3 path=$4 n
	shift 4
	for ((n = 1; n < 200; n++)); do
		fresh
		[ "$state" = new ] || old
		: >"$scratch/log"
		deliver "$message" "*:$n:$errno" "$path" "$@"
		count "$message"
		[ -n "$hit" ] || break
		case $status in
		0) [ $whole$partial$tmp = 100 ] ||
			bad "$errno at call $n ($state $*)" ;;
		75) [ $whole$partial$tmp = 000 ] ||
			bad "$errno at call $n ($state $*)" ;;
		*) bad "$errno at call $n ($state $*)" ;;
		esac
		[ $status = 0 ] || grep -q "Error: \|Fatal: " "$scratch/log" ||
			bad "$errno at call $n: not logged"
		deliver "$message" '' "$home" "$@"
		[ $status = 0 ] || bad "after $errno at call $n ($state $*)"
	done
	[ $n -gt 3 ] || bad "only $n calls were tried ($errno $state $*)"
	hits=$((n - 1))
}

# kills MESSAGE STATE WHAT ARGS: kill before or after each call
kills() {
	local message=$1 state=$2 what=$3 n
	shift 3
	for ((n = 1; n < 200; n++)); do
		fresh
		[ "$state" = new ] || old
		: >"$scratch/log"
		# the shell's own word about the kill is no news
		{ deliver "$message" "*:$n:$what" "$home" "$@"; } 2>/dev/null
		count "$message"
		[ -n "$hit" ] || break
		[ $status = 137 ] && [ $partial = 0 ] && [ $whole -le 1 ] ||
			bad "$what at call $n ($state $*)"
		before=$whole
		deliver "$message" '' "$home" "$@"
		count "$message"
		[ $status = 0 ] && [ $partial = 0 ] &&
			[ $whole = $((before + 1)) ] ||
			bad "after $what at call $n ($state $*)"
	done
	[ $n -gt 3 ] || bad "only $n calls were tried ($what $state $*)"
}

# expect STATUS MESSAGE STATE FAULT ARGS: one fault with a known end
expect() {
	local want=$1 message=$2 state=$3 fault=$4
	shift 4
	fresh
	[ "$state" = new ] || old
	deliver "$message" "$fault" "$home" "$@"
	count "$message"
	[ $status = "$want" ] && [ -n "$hit" ] &&
		[ $whole$partial$tmp = $((want == 0))00 ] || bad "$fault"
}

fresh
deliver "$scratch/small" '' "$home"
if [ $status != 0 ]; then
	cat "$scratch/stderr" "$scratch/log"
	grep -q 'ASan runtime' "$scratch/stderr" && exit 77
	exit 1
fi

for errno in EIO ENOSPC EDQUOT EROFS EACCES EINTR; do
	each $errno "$scratch/small" old "$home"
done
echo "INBOX: $hits calls in the sequence"
each EIO "$scratch/small" new "$home"
each ENOSPC "$scratch/small" new "$home" -m Sub.Deep
for errno in EIO ENOSPC EINTR; do
	each $errno "$scratch/large" old "$home"
done
each ENOSPC "$scratch/large" new "$scratch/spool"
for what in KILL KILLED; do
	kills "$scratch/small" old $what
	kills "$scratch/small" new $what
	kills "$scratch/small" new $what -m Sub.Deep
done
kills "$scratch/large" old KILL
kills "$scratch/large" old KILLED
kills "$scratch/large" new KILL

# storm ERRNO MESSAGE STATE ARGS: from each call on all fail, also those that
# would tidy up: still nothing partial, and 0 only for what is there
storm() {
	local errno=$1 message=$2 state=$3 n
	shift 3
	for ((n = 1; n < 200; n++)); do
		fresh
		[ "$state" = new ] || old
		deliver "$message" "*:$n+:$errno" "$home" "$@"
		count "$message"
		[ -n "$hit" ] || break
		case $status$whole$partial in
		010 | 7500 | 7510) ;;
		*) bad "$errno from call $n on ($state $*)" ;;
		esac
		deliver "$message" '' "$home" "$@"
		[ $status = 0 ] || bad "after $errno from call $n on"
	done
}

# short writes are gone on with, at each of them
shorts() { # MESSAGE STATE PATH
	local message=$1 state=$2 path=$3 call n
	for call in write copy_file_range; do
		for ((n = 1; n < 200; n++)); do
			fresh
			[ "$state" = new ] || old
			deliver "$message" "$call:$n:SHORT" "$path"
			count "$message"
			[ -n "$hit" ] || break
			[ $status$whole$partial$tmp = 0100 ] ||
				bad "short $call $n ($state)"
		done
		echo "- short $call: $((n - 1))"
	done
}
storm EIO "$scratch/small" old
storm EROFS "$scratch/large" old
storm EIO "$scratch/small" new -m Sub.Deep
shorts "$scratch/small" old "$home"
shorts "$scratch/large" old "$home"
shorts "$scratch/large" new "$home"
shorts "$scratch/large" new "$scratch/spool"

# what has another way
expect 0 "$scratch/small" old open:1:EEXIST
expect 0 "$scratch/small" old renameat2:1:EEXIST
expect 0 "$scratch/small" old renameat2:1:EINVAL
expect 0 "$scratch/small" old renameat2:1:ENOSYS
# NFS: the link was made, its answer was lost
expect 0 "$scratch/small" old link:1:LOST -o mail_nfs_storage=yes
expect 0 "$scratch/small" old link:1:EEXIST -o mail_nfs_storage=yes
expect 75 "$scratch/small" old link:1:EIO -o mail_nfs_storage=yes
expect 75 "$scratch/small" old unlink:1:EIO -o mail_nfs_storage=yes
expect 0 "$scratch/small" old fsync:1:EINVAL
expect 0 "$scratch/small" old fsync:1:ENOSYS
expect 0 "$scratch/small" old fsync:1:EINTR
expect 0 "$scratch/small" old fdatasync:1:EINTR
expect 0 "$scratch/small" old write:1:EINTR
expect 0 "$scratch/small" old close:1:EINTR
expect 0 "$scratch/large" new copy_file_range:1:EXDEV
expect 0 "$scratch/large" new copy_file_range:1:EOPNOTSUPP
# a large message is received into the mailbox, if that can be
expect 0 "$scratch/large" old open:1:EOPNOTSUPP
expect 0 "$scratch/large" old write:1:ENOSPC
expect 0 "$scratch/large" old link:1:EXDEV
expect 0 "$scratch/large" old link:1:ENOENT
expect 0 "$scratch/large" old link:1:EEXIST
expect 75 "$scratch/large" old fsync:1:EIO
# what has no other way
expect 75 "$scratch/small" old fdatasync:1:EINVAL
expect 75 "$scratch/small" old renameat2:1:EXDEV
expect 75 "$scratch/large" new copy_file_range:1:ENOSPC

# A refused message: whatever fails in the home, the sender is told, once; after
# a kill he is told at least once.
cat >"$scratch/sendmail" <<END
#!/bin/sh
cat >/dev/null
echo x >>$scratch/notes/told
END
chmod 755 "$scratch/sendmail"
{
	printf 'Received: x\n%.0s' {1..101}
	cat "$scratch/small"
} >"$scratch/looping"
refuse=(-f s@x.example -o "sendmail_path=$scratch/sendmail")
for what in EIO ENOSPC EACCES KILL KILLED; do
	for ((n = 1; n < 100; n++)); do
		fresh
		: >"$scratch/notes/told"
		chmod 666 "$scratch/notes/told"
		whole=- partial=- tmp=-
		{ deliver "$scratch/looping" "*:$n:$what" "$home" "${refuse[@]}"; } 2>/dev/null
		[ -n "$hit" ] || break
		first=$(wc -l <"$scratch/notes/told")
		case $what in
		KILL*) [ $status = 137 ] && [ "$first" -le 1 ] ;;
		*) [ $status = 0 ] && [ "$first" = 1 ] ;;
		esac || bad "$what at call $n of a refusal: told $first times"
		rm -f "$home"/.dovecot.lda-dupes.lock
		deliver "$scratch/looping" '' "$home" "${refuse[@]}"
		told=$(wc -l <"$scratch/notes/told")
		[ $status = 0 ] && [ "$told" -ge 1 ] && [ "$told" -le 2 ] ||
			bad "after $what at call $n of a refusal: told $told times"
	done
	[ $n -gt 5 ] || bad "only $n calls were tried ($what, refused)"
done

echo "$runs deliveries"
exit $failed
