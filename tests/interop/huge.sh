#!/bin/bash
# A message of 1 GB (LOFT_HUGE_MB) over LMTP, by DATA and by BDAT, for one and for two, and by loft-lda: stored to the
# octet, by processes that may have 40 MB of address space.
. "${srcdir:?}/tests/harness.sh"

mb=${LOFT_HUGE_MB:-1024}
! grep -q '^#define LOFT_SANITIZERS' "$builddir/config.h" || skip "the sanitizers want much memory"
room=$(df -Pm "$scratch" | awk 'NR == 2 { print $4 }')
[ "$room" -gt $((mb * 3 + 500)) ] || skip "$room MB are free in $scratch, $((mb * 3 + 500)) are wanted"
command -v setpriv >/dev/null || skip "no setpriv"
mail=$loft_dir/mail
loft_conf <<-CONF
	loft_services = auth
	auth_username_format = %n
	mail_temp_dir = $scratch/spool
	log_path = $scratch/trouble
CONF
mkdir -m 1777 "$scratch/spool"
: >"$scratch/trouble" && chmod 666 "$scratch/trouble"
grep -v -e userdb -e driver -e args -e '^}' "$loft_file" >"$scratch/lda.conf"
loft_start

# Each line is another, so that a hole or a repetition shows in the sum.
seq -f 'line %.0f of a message that is huge, 0123456789 0123456789 0123456789 01' $((mb * 13000)) >"$scratch/body"
header=$'From: a@b\r\nMessage-ID: <huge@test>\r\n\r\n'
whole() {
	printf %s "${header//$'\r'/}"
	cat "$scratch/body"
}
sum=$(whole | md5sum)
size=$(whole | wc -c)

check() { # USER...
	local user file
	for user in "$@"; do
		file=$(find "$mail/$user/Maildir/new" -type f)
		[ -n "$file" ] || fail "$what: nothing for $user: $(cat "$scratch/trouble" "$scratch/out")"
		[ "$(tail -c "$size" "$file" | md5sum)" = "$sum" ] || fail "$what: $user has something else"
		[ -z "$(ls -A "$mail/$user/Maildir/tmp")" ] || fail "$what: left in tmp/"
	done
	for user in "$@"; do rm -f "$mail/$user/Maildir/new/"*; done
	echo "- $what"
}

as_user() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid "$loft_uid" --regid "$loft_gid" --clear-groups "$@"
	else
		"$@"
	fi
}
# A Maildir that is there: the message is received in its place.
for user in one two; do (umask 077 && as_user mkdir -p "$mail/$user"/Maildir/{cur,new,tmp}); done

lmtp() { # USER...
	{
		printf 'LHLO t\r\nMAIL FROM:<s@x>\r\n'
		printf 'RCPT TO:<%s@t>\r\n' "$@"
		cat
		printf 'QUIT\r\n'
	} | (ulimit -v 40000 && "$builddir/lmtp/lmtp" -c "$loft_file") >"$scratch/out"
}
as_data() {
	printf 'DATA\r\n%s' "$header"
	sed 's/$/\r/' "$scratch/body"
	printf '.\r\n'
}
as_bdat() {
	printf 'BDAT %d\r\n%s' ${#header} "$header"
	printf 'BDAT %d LAST\r\n' "$(stat -c %s "$scratch/body")"
	cat "$scratch/body"
}

what="DATA for one"
as_data | lmtp one
check one
what="BDAT for two, new and old"
as_bdat | lmtp two three
check two three
what="loft-lda"
whole |
	(ulimit -v 40000 && HOME=$mail/one USER=one as_user "$builddir/lda/loft-lda" -c "$scratch/lda.conf") >"$scratch/out" 2>&1 ||
	fail "status of loft-lda: $(cat "$scratch/out" "$scratch/trouble")"
check one
loft_stop || fail "status"
echo ok
