#!/bin/bash
# dovecot-lda and loft-lda write their marks into one file (.dovecot.lda-dupes) by turns: neither loses the other's, nor
# minds its lock. Skipped where Dovecot's Sieve isn't installed.
. "${srcdir:?}/tests/parity/lda-lib.sh"
command -v sievec >/dev/null || { echo "Dovecot's Sieve is not installed"; exit 77; }
home=$scratch/home
printf '#!/bin/sh\necho x >>%s/sent\n' "$scratch" >"$scratch/sendmail"
chmod 755 "$scratch/sendmail"
: >"$scratch/sent"
chmod 666 "$scratch/sent"
cat >"$scratch/lda.conf" <<END
base_dir = $scratch/run
ssl = no
hostname = mx.test.example
postmaster_address = postmaster@test.example
mail_location = maildir:~/Maildir
log_path = /dev/stderr
first_valid_uid = 1
sendmail_path = $scratch/sendmail
END
mkdir "$home"
echo 'require "duplicate"; if duplicate { discard; }' >"$home/.dovecot.sieve"
[ -z "$as_user" ] || chown -R 65534:65534 "$home"

fail() {
	echo "FAIL: $*"
	cat "$scratch/err"
	od -c "$home/.dovecot.lda-dupes"
	exit 1
}

# lda PROGRAM ID ARGS
lda() {
	local program=$1 id=$2
	shift 2
	{
		[ "$program" = "$dovecot" ] || printf 'Received: x\n%.0s' {1..101}
		printf 'Message-ID: <%s@t>\n\nx\n' "$id"
	} | env -i HOME="$home" USER=alice PATH="$PATH" $as_user "$program" -c "$scratch/lda.conf" -f s@x.example "$@" \
		2>"$scratch/err" || fail "status $?"
}
stored() {
	[ "$(find "$home" -path '*/new/*' -type f | wc -l)" = "$1" ] || fail "not $1 stored"
}
sent() {
	[ "$(wc -l <"$scratch/sent")" = "$1" ] || fail "not $1 sent"
}

lda "$dovecot" 1 -o mail_plugins=sieve
stored 1
lda "$scratch/loft-lda" a
sent 1
lda "$dovecot" 2 -o mail_plugins=sieve
lda "$dovecot" 1 -o mail_plugins=sieve
lda "$dovecot" 2 -o mail_plugins=sieve
stored 2
lda "$scratch/loft-lda" b
lda "$scratch/loft-lda" a
lda "$scratch/loft-lda" b
sent 2
lda "$dovecot" 1 -o mail_plugins=sieve
lda "$dovecot" 3 -o mail_plugins=sieve
stored 3
lda "$scratch/loft-lda" a
sent 2
! grep -iE 'dupe|lock' "$scratch/err" || fail "complaints"
