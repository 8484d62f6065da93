#!/bin/bash
# The real haproxy hands clients on with the PROXY protocol: version 1, version 2, version 2 with what it knows of
# TLS, and its own health checks. Loft counts the client's address, not haproxy's.
. "${srcdir:?}/tests/harness.sh"
command -v haproxy >/dev/null || skip "haproxy is not installed"
command -v openssl >/dev/null || skip "openssl is not installed"

port=$(free_port)
v1=$(free_port) v2=$(free_port) v2ssl=$(free_port) through=$(free_port) tls=$(free_port)
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=mx.test.example \
	-keyout "$scratch/key.pem" -out "$scratch/cert.pem" 2>/dev/null || fail "openssl req"
cat "$scratch/cert.pem" "$scratch/key.pem" >"$scratch/both.pem"
loft_conf <<CONF
login_greeting = ready for %r.
haproxy_trusted_networks = 127.0.0.9
lmtp_trusted_ips = 127.0.0.1 127.0.0.9
ssl_cert = <$scratch/cert.pem
ssl_key = <$scratch/key.pem
service lmtp {
  inet_listener proxied {
    address = 127.0.0.1
    port = $port
    haproxy = yes
  }
  inet_listener proxied_tls {
    address = 127.0.0.1
    port = $tls
    haproxy = yes
    ssl = yes
  }
}
remote 127.0.0.1 {
  hostname = client.test.example
}
remote 127.0.0.9 {
  hostname = proxy.test.example
}
CONF
loft_start

server="server loft 127.0.0.1:$port source 127.0.0.9"
cat >"$scratch/haproxy.cfg" <<CFG
global
  stats socket $scratch/haproxy.sock mode 600
defaults
  mode tcp
  timeout connect 5s
  timeout client 30s
  timeout server 30s
listen v1
  bind 127.0.0.1:$v1
  $server send-proxy
listen v2
  bind 127.0.0.1:$v2
  $server send-proxy-v2 check inter 200ms check-send-proxy
listen v2ssl
  bind 127.0.0.1:$v2ssl ssl crt $scratch/both.pem
  $server send-proxy-v2-ssl-cn proxy-v2-options ssl,cert-cn,ssl-cipher,crc32c,unique-id
listen through
  bind 127.0.0.1:$through
  server loft 127.0.0.1:$tls source 127.0.0.9 send-proxy-v2
CFG
haproxy -db -f "$scratch/haproxy.cfg" >"$scratch/haproxy.log" 2>&1 </dev/null &
haproxy_pid=$!
stop_haproxy() {
	kill "$haproxy_pid" 2>/dev/null && wait "$haproxy_pid" 2>/dev/null
}
cleanup_add stop_haproxy
is_open() {
	(: <"/dev/tcp/127.0.0.1/$v1") 2>/dev/null
}
for ((i = 0; i < 100; i++)); do
	is_open && break
	kill -0 $haproxy_pid 2>/dev/null || fail "haproxy: $(cat "$scratch/haproxy.log")"
	sleep 0.1
done

logged() {
	wait_until 10 grep -qE -- "$1" "$loft_log"
}
send() {
	printf 'Subject: x\n\ntext\n' | "$builddir/ctl/loft-send" -f a@x "$@" >"$scratch/out" 2>&1 ||
		fail "$*: $(cat "$scratch/out" "$scratch/haproxy.log")"
}
received() { # USER PATTERN
	grep -qE -- "$2" "$loft_dir/mail/$1/Maildir/new"/* || fail "$1: $(cat "$loft_dir/mail/$1/Maildir/new"/*)"
}

for way in v1 v2; do
	echo "- $way"
	send --host 127.0.0.1 --port "${!way}" --verbose "$way"
	received $way '^Received: from .* \(\[127\.0\.0\.1\]\)$'
	received $way '	by client\.test\.example with LMTP$'
	grep -q '^< 220 client\.test\.example ready for 127\.0\.0\.1\.$' "$scratch/out" || fail "$(cat "$scratch/out")"
	send --host 127.0.0.1 --port "${!way}" --starttls "$way-tls"
	received $way-tls '	by client\.test\.example with LMTPS$'
done
echo "- haproxy's own checks"
logged 'Connect from 127\.0\.0\.9$'
! grep -q 'haproxy: ' "$loft_log" || fail "a check was taken amiss"
echo "- version 2 with TLS in front"
send --host 127.0.0.1 --port $v2ssl --tls v2ssl
received v2ssl '^Received: from .* \(\[127\.0\.0\.1\]\)$'
echo "- TLS behind the header"
send --host 127.0.0.1 --port $through --tls through
received through '	by client\.test\.example with LMTPS$'

echo "- a proxy that isn't trusted"
sed -i 's/^haproxy_trusted_networks = .*/haproxy_trusted_networks = 192.0.2.1/' "$loft_file"
loft_ctl reload || fail "reload"
printf 'x\n' | "$builddir/ctl/loft-send" --host 127.0.0.1 --port $v1 alice >"$scratch/out" 2>&1 && fail "sent"
logged 'haproxy: Client not trusted \(rip=127\.0\.0\.9\)'
! grep -E 'Panic|Fatal|killed with' "$loft_log" || fail "errors in the log"
loft_stop || fail "status"
echo ok
