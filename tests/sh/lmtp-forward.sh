#!/bin/bash
# What a proxy hands on with a recipient (XRCPTFORWARD) reaches the databases as %{passdb:forward_NAME}.
. "${srcdir:?}/tests/harness.sh"

talk=$builddir/tests/talk/talk
port=$(free_port)
loft_conf <<CONF
login_greeting = ready.
login_trusted_networks = 127.0.0.1
auth_cache_size = 1M
first_valid_uid = 1
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=$loft_uid gid=$loft_gid home=$loft_dir/mail/%n-%{passdb:forward_site:none}-%{passdb:forward_b} allow_all_users=yes
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = $port
  }
}
CONF
loft_start
file=$scratch/forward.talk
cat >"$file" <<'TALK'
S: 220 {host} ready.
C: LHLO x
E: 250 {any}
C: MAIL FROM:<a@b>
C: RCPT TO:<alice> XRCPTFORWARD=site+3Dberlin+09b+3D1
C: RCPT TO:<alice+x>
C: RCPT TO:<bob> XRCPTFORWARD=Site+3Dx
C: RCPT TO:<carol> XRCPTFORWARD=site+0
C: RCPT TO:<carol> XRCPTFORWARD=site
S: 250 2.1.0 OK
S: 250 2.1.5 OK
S: 250 2.1.5 OK
S: 250 2.1.5 OK
S: 501 5.5.4 Invalid XRCPTFORWARD= parameter
S: 250 2.1.5 OK
C: DATA
S: 354 OK
C: Subject: x
C: .
S: 250 2.0.0 <alice> {any} Saved
S: 250 2.0.0 <alice+x> {any} Saved
S: 250 2.0.0 <bob> {any} Saved
S: 250 2.0.0 <carol> {any} Saved
C: QUIT
S: 221 2.0.0 Bye
eof
TALK
"$talk" --tcp 127.0.0.1 "$port" "$file" || fail "the dialogue"
for home in alice-berlin-1 alice-none- bob-none- carol--; do
	[ "$(find "$loft_dir/mail/$home/Maildir/new" -type f | wc -l)" = 1 ] || fail "$home: $(ls "$loft_dir/mail")"
done
loft_stop || fail "status"
echo ok
