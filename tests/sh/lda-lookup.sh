#!/bin/bash
# loft-lda -d: the user is looked up at the daemon's auth, and becomes who he
# is, whoever started it.
. "${srcdir:-.}/tests/harness.sh" || exit 99

loft_conf <<END
first_valid_uid = 1
loft_services = auth
mail_debug = yes
userdb {
  driver = passwd-file
  args = $loft_dir/users
}
END
home=$loft_dir/mail/alice
cat >"$loft_dir/users" <<END
alice::$loft_uid:$loft_gid::$home::userdb_mail=maildir:~/Other
root::0:0::$loft_dir/mail/root::
other::$((loft_uid + 1)):$loft_gid::$loft_dir/mail/other::
noid::::: $loft_dir/mail/noid::
END
chmod 644 "$loft_dir/users"

lda() {
	local want=$1
	shift
	printf 'Message-ID: <1@t>\n\nx\n' |
		"$builddir/lda/loft-lda" -c "$loft_file" "$@" 2>"$scratch/stderr"
	status=$?
	[ $status = "$want" ] || fail "status $status, not $want: $*"
}

echo "- nobody to ask"
lda 75 -d alice
loft_start

echo "- a known user, with his own location"
lda 0 -d alice
file=$(find "$home/Other/new" -type f)
[ "$(stat -c %u:%g:%a "$file")" = "$loft_uid:$loft_gid:600" ] || fail "owner"
grep -q "lda(alice)<.*Effective uid=$loft_uid, gid=$loft_gid, home=$home" \
	"$loft_log" || fail "debug line"
grep -q 'lda(alice)<.*Info: msgid=<1@t>: saved mail to INBOX' "$loft_log" ||
	fail "info line"

echo "- a large message that is refused: the sender is told by the user, not by root"
cat >"$scratch/sendmail" <<SH
#!/bin/sh
grep -E '^(Uid|Gid):' /proc/\$\$/status >$scratch/sent/status
cat >$scratch/sent/mail
SH
chmod 755 "$scratch/sendmail"
mkdir -m 777 "$scratch/sent"
{
	printf 'Delivered-To: alice@mx.test.example\n%.0s' {1..11}
	printf 'Subject: large\n\n'
	head -c 3000000 /dev/zero | tr '\0' x | fold
} | "$builddir/lda/loft-lda" -c "$loft_file" -d alice -f s@x.example -o "sendmail_path=$scratch/sendmail" \
	2>"$scratch/stderr" || fail "status $?"
[ "$(tr -s '\t\n' ' ' <"$scratch/sent/status")" = "Uid: $loft_uid $loft_uid $loft_uid $loft_uid Gid: $loft_gid $loft_gid\
 $loft_gid $loft_gid " ] || fail "ids: $(cat "$scratch/sent/status")"
grep -q '^Subject: large$' "$scratch/sent/mail" || fail "$(cat "$scratch/sent/mail")"
[ "$(wc -c <"$scratch/sent/mail")" -lt 10000 ] || fail "the body was sent back"
[ "$(find "$home/Other/new" -type f | wc -l)" = 1 ] || fail "it was stored"

echo "- users that can't be delivered to"
lda 67 -d nosuch
lda 67 -d root
lda 75 -d noid
if [ "$(id -u)" != 0 ]; then
	lda 75 -d other
	grep -q 'seteuid(.*not possible' "$loft_log" || fail "reason"
elif command -v setpriv >/dev/null; then
	echo "- an ordinary user, for himself and for others"
	chmod 777 "$loft_log" "$loft_dir/run/auth-userdb"
	cp "$builddir/lda/loft-lda" "$scratch/lda"
	for user in alice other; do
		printf 'x\n' | setpriv --reuid "$loft_uid" --regid "$loft_gid" \
			--clear-groups "$scratch/lda" -c "$loft_file" -d $user
		echo $?
	done >"$scratch/out"
	[ "$(cat "$scratch/out")" = $'0\n75' ] || fail "$(cat "$scratch/out")"
fi
loft_stop || fail "status of the daemon"
