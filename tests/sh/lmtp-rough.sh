#!/bin/bash
# Clients that nobody wants: connections broken off at each octet, lines of 100 MB, a million commands of somebody who
# never reads. Others are served meanwhile, memory is bounded, no worker dies or stays with a client that is gone.
. "${srcdir:?}/tests/harness.sh"
command -v openssl >/dev/null || skip "openssl is not installed"

rough=$builddir/tests/talk/rough
port=$(free_port) sport=$(free_port) pport=$(free_port)
megabytes=100 replies=100000
! grep -q '^#define LOFT_SANITIZERS' "$builddir/config.h" || megabytes=20 replies=20000
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=mx.test.example \
	-keyout "$scratch/key.pem" -out "$scratch/cert.pem" 2>/dev/null || fail "openssl req"
loft_conf <<CONF
mail_fsync = never
ssl_cert = <$scratch/cert.pem
ssl_key = <$scratch/key.pem
haproxy_trusted_networks = 127.0.0.1
service lmtp {
  process_min_avail = 4
  inet_listener lmtp {
    address = 127.0.0.1
    port = $port
  }
  inet_listener lmtps {
    address = 127.0.0.1
    port = $sport
    ssl = yes
  }
  inet_listener proxied {
    address = 127.0.0.1
    port = $pport
    haproxy = yes
  }
}
CONF
loft_start

nobody_is_served() {
	[ "$(loft_ctl -f tab who | wc -l)" -le 1 ]
}

# Kilobytes of the largest worker that there is, at its largest.
peak() {
	local pid
	for pid in $(loft_pids worker); do
		sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB$/\1/p' "/proc/$pid/status" 2>/dev/null
	done | sort -n | tail -n 1
}

# rough's arguments; then nothing may be left of it.
rough() {
	timeout 100 "$rough" "$@" >"$scratch/said" 2>&1 || fail "$2: $(tail -c 500 "$scratch/said")"
	wait_until 20 nobody_is_served
	! grep -E 'Panic|Fatal|killed with signal' "$loft_log" || fail "$2: a process died"
	[ -z "$(find "$loft_dir"/mail/*/Maildir/tmp -type f 2>/dev/null)" ] || fail "$2: files in tmp/"
	grep -q '^#define LOFT_SANITIZERS' "$builddir/config.h" || [ "$(peak)" -lt 40000 ] ||
		fail "$2: a worker has $(peak) kB"
}

mail='LHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<alice>\r\n'

echo "- broken off at each octet"
# Whole once each: the last octet, and what stands behind it.
rough "$port" cut "${mail}DATA\r\nSubject: x\r\n\r\n..\r\n.\r\n"
[ "$(loft_mails alice)" = 1 ] || fail "DATA: $(loft_mails alice) messages"
rough "$port" cut "${mail}BDAT 12\r\nSubject: x\r\nBDAT 5 LAST\r\n\r\n.\r\n"
[ "$(loft_mails alice)" = 2 ] || fail "BDAT: $(loft_mails alice) messages"
rough "$port" cut "LHLO x\r\nNOOP \xc3\xa9\xff\r\nSTARTTLS\r\n\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03garbage"
rough "$sport" cut '\x16\x03\x01\0\x05\x01\0\0\x01\x03GET / HTTP/1.0\r\n\r\n\0\0\0\0\x80\x80\x80'
rough "$sport" cut-tls "${mail}DATA\r\nSubject: x\r\n\r\n.\r\n"
[ "$(loft_mails alice)" = 3 ] || fail "TLS: $(loft_mails alice) messages"
rough "$pport" cut 'PROXY TCP4 192.0.2.1 192.0.2.2 56324 24\r\nQUIT\r\n'
rough "$pport" cut 'PROXY UNKNOWN ffff::1 x\r\nQUIT\r\n'
rough "$pport" cut '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0f\xc0\0\x02\x07\xc0\0\x02\x02\xdc\x04\0\x18\x04\0\0QUIT\r\n'

echo "- sizes that are none"
dialogue() {
	{ exec {lmtp_fd}<>"/dev/tcp/127.0.0.1/$port"; } || fail "connect"
	printf '%b' "$1" >&"$lmtp_fd"
	said=$(timeout 20 cat <&"$lmtp_fd" | tr -d '\r' | grep -v '^250-')
	exec {lmtp_fd}>&-
}
for size in -1 -0 +5 0x10 1e3 18446744073709551616 99999999999999999999999999 '' ' 5' '5 5' '5 LASTLAST' $'5\tLAST' "5' --"; do
	dialogue "LHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<bob>\r\nBDAT $size\r\nhello\r\nNOOP\r\nRSET\r\nQUIT\r\n"
	grep -qE '^50[01] 5\.5\.[24] ' <<<"$said" || fail "BDAT '$size': $said"
	[ "$(tail -n 1 <<<"$said")" = "221 2.0.0 Bye" ] || fail "BDAT '$size': $said"
done
[ "$(loft_mails bob)" = 0 ] || fail "a chunk without a size was stored"
# As many octets as there can be: all that follows belongs to it.
lmtp_open "$port"
lmtp_hear '^220 '
lmtp_say 'LHLO x'
lmtp_hear '^250 '
lmtp_say 'BDAT 18446744073709551615 LAST'
lmtp_say NOOP
lmtp_say QUIT
lmtp_silence 0.3
lmtp_close
wait_until 10 nobody_is_served

echo "- long lines"
rough "$port" long $megabytes 'NOOP ' '\r\n'
grep -q '^500 5.5.2 Line too long' "$scratch/said" || fail "a long command: $(cat "$scratch/said")"
rough "$port" long $megabytes "${mail}DATA\r\nX: " '\r\n\r\ntext\r\n.\r\n'
grep -q ' Saved' "$scratch/said" || fail "a long field: $(cat "$scratch/said")"
rough "$port" long $megabytes "${mail}DATA\r\n\r\n" '\n.\n\r.\r\r\n.\r\n'
grep -q ' Saved' "$scratch/said" || fail "a long line: $(cat "$scratch/said")"
rm -rf "$loft_dir/mail/alice/Maildir"
rough "$port" long $megabytes 'LHLO x\r\nBDAT 1048576\r\n' '\r\n'
grep -q '^503 5.5.0 ' "$scratch/said" || fail "a refused chunk: $(cat "$scratch/said")"

echo "- those who never read"
for text in 'NOOP\r\n' 'RCPT TO:<alice>\r\n' 'FOO\r\n' 'LHLO x\r\n' 'VRFY x\r\n' "${mail}RSET\r\n" 'RCPT TO:<a\r\n' '\n'; do
	rough "$port" deaf "$text"
done
rough "$port" deaf 'MAIL FROM:<a@b>\r\nRCPT TO:<nosuch>\r\nBDAT 3 LAST\r\nabc'

echo "- very many"
rough "$port" many $replies 'NOOP\r\n'
rough "$port" many $replies "${mail}RSET\r\n"
rough "$port" many $((replies / 4)) "LHLO $(printf '%03000d' 7)\r\n"
rough "$port" many $((replies / 4)) "LHLO $(printf '%0200d' 7)\r\n"
rough "$port" many $replies 'LHLO x\r\nRCPT TO:<alice>\r\n'
(printf 'LHLO x\r\nMAIL FROM:<a@b>\r\n'; yes $'RCPT TO:<alice>\r' | head -n $replies; printf 'RSET\r\nQUIT\r\n') >"$scratch/rcpts"
"$builddir/ctl/loft-send" --relay --host 127.0.0.1 --port "$port" <"$scratch/rcpts" >"$scratch/said" || fail "many recipients"
[ "$(grep -c '^250 2.1.5 OK' "$scratch/said")" = 5000 ] || fail "$(sort "$scratch/said" | uniq -c | head)"
[ "$(grep -c '^452 4.5.3 ' "$scratch/said")" = $((replies - 5000)) ] || fail "$(sort "$scratch/said" | uniq -c | head)"
[ "$(grep -c 'Too many recipients' "$loft_log")" = 1 ] || fail "the log is flooded"
rough "$port" deaf 'NOOP\r\n'
loft_stop || fail "status"
echo ok
