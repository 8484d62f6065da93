#!/bin/bash
# Clients behind a proxy: the header, what hangs on the real address, and who is cut off.
. "${srcdir:?}/tests/harness.sh"

talk=$builddir/tests/talk/talk
port=$(free_port)

loft_conf <<CONF
login_greeting = ready for %r.
lmtp_trusted_ips = 192.0.2.0/24 2001:db8::/32 127.0.0.1
login_trusted_networks = 192.0.2.7
haproxy_trusted_networks = 127.0.0.1
haproxy_timeout = 2 secs
service lmtp {
  inet_listener proxied {
    address = 127.0.0.1
    port = $port
    haproxy = yes
  }
}
remote 192.0.2.8 {
  hostname = other.example
}
CONF
loft_start

play() {
	local file
	file=$(mktemp "$scratch/talk.XXXXXX")
	cat >"$file"
	"$talk" --tcp 127.0.0.1 "$port" "$file" || fail "$1"
}

logged() {
	wait_until 10 grep -qE -- "$1" "$loft_log"
}

echo "- version 1"
play "version 1" <<'TALK'
C: PROXY TCP4 192.0.2.1 192.0.2.2 56324 24
C: LHLO x
S: 220 {host} ready for 192.0.2.1.
E: 250 {any}
C: XCLIENT ADDR=192.0.2.9
S: 550 5.7.14 You are not from trusted IP
C: MAIL FROM:<a@b>
S: 250 2.1.0 OK
C: RCPT TO:<alice>
S: 250 2.1.5 OK
C: DATA
S: 354 OK
C: Subject: x
C: .
S: 250 2.0.0 <alice> {sid} Saved
C: QUIT
S: 221 2.0.0 Bye
eof
TALK
logged 'Connect from 192\.0\.2\.1$'
grep -rqF 'Received: from x ([192.0.2.1])' "$loft_dir/mail/alice/Maildir/new" || fail "Received"

echo "- version 2, in pieces; settings and trust by the real address"
play "version 2" <<'TALK'
B: \r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\xc0\0\x02\x02\xdc\x04\0\x18LHLO x
S: 220 mx.test.example ready for 192.0.2.7.
E: 250 {any}
C: XCLIENT ADDR=192.0.2.9
S: 220 mx.test.example ready for 192.0.2.9.
C: QUIT
S: 221 2.0.0 Bye
eof
reconnect
C- PROXY TCP4 192.0.2.8 192.0.2.2 1 24\r\n
S: 220 other.example ready for 192.0.2.8.
C: QUIT
S: 221 2.0.0 Bye
eof
reconnect
C- PROXY TCP6 2001:db8::5 2001:db8::1 1 24\r\n
S: 220 {host} ready for 2001:db8::5.
C: QUIT
S: 221 2.0.0 Bye
eof
reconnect
C- \r\n\r\n\0\r\nQUIT\n\x20\0\0\0
S: 220 {host} ready for 127.0.0.1.
C: QUIT
S: 221 2.0.0 Bye
eof
reconnect
C- PROXY TCP4 198.51.100.1 192.0.2.2 1 24\r\n
S: 554 5.7.1 {host} You may not connect from here
eof
TALK

echo "- cut off"
play "no header" <<'TALK'
C: LHLO x
eof
TALK
logged 'Error: haproxy: Client sent invalid data \(rip=127\.0\.0\.1\)'
play "half a header" <<'TALK'
C- PROXY TCP4 192.0.2.1
half-close
eof
TALK
logged 'Error: haproxy: Client disconnected \(rip=127\.0\.0\.1\)'
play "silence" <<'TALK'
C- \r\n\r\n\0\r
eof
TALK
logged 'Error: haproxy: Client timed out \(rip=127\.0\.0\.1\)'
sed -i 's/^haproxy_trusted_networks = .*/haproxy_trusted_networks = 203.0.113.1/' "$loft_file"
loft_ctl reload || fail "reload"
play "not trusted" <<'TALK'
C: PROXY TCP4 192.0.2.1 192.0.2.2 56324 24
eof
TALK
logged 'Error: haproxy: Client not trusted \(rip=127\.0\.0\.1\)'
[ "$(grep -c 'haproxy: Client' "$loft_log")" -le 5 ] || fail "more than a line for each"
loft_stop || fail "status"
echo ok
