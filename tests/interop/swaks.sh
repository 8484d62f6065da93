#!/bin/bash
# swaks with all that it can say to an LMTP server: unix, TCP and pipe, TLS, AUTH, XCLIENT, the PROXY protocol,
# pipelining, drops; and many sessions at a time from Postfix's smtp-source -L.
. "${srcdir:?}/tests/harness.sh"
command -v swaks >/dev/null || skip "swaks is not installed"
swaks --support 2>&1 | grep -q '=== TLS supported' || skip "swaks has no TLS"
command -v openssl >/dev/null || skip "openssl is not installed"

port=$(free_port)
sport=$(free_port) pport=$(free_port)
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=mx.test.example \
	-addext subjectAltName=DNS:mx.test.example,IP:127.0.0.1 \
	-keyout "$scratch/key.pem" -out "$scratch/cert.pem" 2>/dev/null || fail "openssl req"
mkdir -p "$loft_dir"
for user in alice bob 1bob 2bob 3bob; do
	echo "$user:{PLAIN}secret:$loft_uid:$loft_gid::$loft_dir/mail/$user::"
done >"$loft_dir/users"
chmod 644 "$loft_dir/users"
loft_conf <<CONF
ssl_cert = <$scratch/cert.pem
ssl_key = <$scratch/key.pem
ssl_ca = <$scratch/cert.pem
ssl_require_crl = no
ssl_verify_client_cert = yes
login_trusted_networks = 127.0.0.1
haproxy_trusted_networks = 127.0.0.1
lmtp_auth_mechanisms = plain login external
auth_mechanisms = plain login
first_valid_uid = 1
passdb {
  driver = passwd-file
  args = username_format=%n $loft_dir/users
}
userdb {
  driver = passwd-file
  args = username_format=%n $loft_dir/users
}
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
count=0

# What is said goes to $scratch/said; the status must be this.
sw() { # STATUS ARGUMENT…
	local want=$1
	shift
	timeout 60 swaks --protocol LMTP --from a@test.example --to alice@test.example --timeout 20 "$@" >"$scratch/said" 2>&1 </dev/null
	local status=$?
	[ $status = "$want" ] || fail "swaks $*: status $status: $(cat "$scratch/said")"
	count=$((count + 1))
}
heard() {
	grep -qE -- "$1" "$scratch/said" || fail "not heard: $1: $(cat "$scratch/said")"
}
received() { # SUBJECT PATTERN
	local file
	file=$(grep -rlx "Subject: $1" "$loft_dir/mail/alice/Maildir/new" | head -n 1)
	[ -n "$file" ] || fail "no mail: $1"
	grep -qE -- "$2" "$file" || fail "$1: $(cat "$file")"
}
tcp=(--server 127.0.0.1 --port "$port")

echo "- ways to the server"
sw 0 --socket "$loft_socket" --h-Subject unix
received unix '^	by mx\.test\.example with LMTP$'
sw 0 "${tcp[@]}" --h-Subject tcp --to alice@test.example,bob@test.example
heard '^<-  250 2\.0\.0 <bob@test\.example> .* Saved'
sw 0 --pipe "$builddir/lmtp/lmtp -c $loft_file" --h-Subject pipe
received pipe '^Return-Path: <a@test\.example>'
sw 0 --socket "$loft_socket" --pipeline --to alice@test.example,bob@test.example,alice@test.example --h-Subject pipelined

echo "- envelopes"
sw 0 "${tcp[@]}" --from '<>' --h-Subject bounce
received bounce '^Return-Path: <>'
sw 0 "${tcp[@]}" --lhlo '[192.0.2.1]' --h-Subject literal
received literal '^Received: from \[192\.0\.2\.1\] '
sw 0 "${tcp[@]}" --to alice+x@test.example,nosuch@test.example --h-Subject detail
heard '^<\*\* 550 5\.1\.1 <nosuch@test\.example>'
sw 24 "${tcp[@]}" --to nosuch@test.example
sw 23 "${tcp[@]}" --from 'a@test.example> FOO=bar <'
sw 0 "${tcp[@]}" --quit-after RCPT
sw 0 "${tcp[@]}" --quit-after LHLO
for point in CONNECT LHLO MAIL RCPT DATA; do
	sw 0 "${tcp[@]}" --drop-after $point
done
sw 0 "${tcp[@]}" --drop-after-send MAIL

echo "- messages"
printf 'Subject: as it is\n\n.\n..\n.dots\n%01000d\n' 7 >"$scratch/message"
sw 0 "${tcp[@]}" --data @"$scratch/message"
received 'as it is' '^\.dots$'
sw 0 "${tcp[@]}" --h-Subject attached --attach-type application/x-test --attach "@$builddir/ctl/loft-send"
sw 0 "${tcp[@]}" --header 'X-Eight: é' --body 'grüße' --h-Subject eight
received eight '^X-Eight: é$'

echo "- TLS"
sw 0 "${tcp[@]}" -tls --h-Subject starttls --tls-verify --tls-ca-path "$scratch/cert.pem"
received starttls '^	by mx\.test\.example with LMTPS$'
sw 0 --server 127.0.0.1 --port "$sport" -tlsc --tls-sni mx.test.example --h-Subject implicit
received implicit '^	\(using TLSv1\.[23] with cipher '
sw 0 "${tcp[@]}" -tls --tls-protocol tlsv1_2 --h-Subject old
received old '^	\(using TLSv1\.2 with cipher '
sw 29 "${tcp[@]}" -tls --tls-protocol tlsv1_1
sw 0 "${tcp[@]}" -tls --tls-cert "$scratch/cert.pem" --tls-key "$scratch/key.pem" --h-Subject certificate
wait_until 10 grep -q 'TLS with 127.0.0.1: .*, client certificate' "$loft_log"

echo "- AUTH"
for mech in PLAIN LOGIN; do
	sw 0 "${tcp[@]}" -tls --auth $mech --auth-user alice --auth-password secret --h-Subject "by $mech"
	received "by $mech" '^	by mx\.test\.example with LMTPSA$'
	sw 28 "${tcp[@]}" -tls --auth $mech --auth-user alice --auth-password wrong
	heard '535 5\.7\.8 '
	sw 28 "${tcp[@]}" --auth $mech --auth-user alice --auth-password secret
done

echo "- XCLIENT, PROXY"
sw 0 "${tcp[@]}" --xclient-addr 192.0.2.9 --xclient-port 77 --xclient-proto LMTP --xclient-helo there.example --h-Subject xclient
received xclient '^Received: from .* \(\[192\.0\.2\.9\]\)$'
sw 0 "${tcp[@]}" -tls --xclient-addr 192.0.2.10 --h-Subject xclient-tls
received xclient-tls '^Received: from .* \(\[192\.0\.2\.10\]\)$'
for version in 1 2; do
	sw 0 --server 127.0.0.1 --port "$pport" --proxy-version $version --proxy-family "$([ $version = 1 ] && echo TCP4 || echo AF_INET)" \
		--proxy-source 192.0.2.11 --proxy-source-port 1 --proxy-dest 192.0.2.12 --proxy-dest-port 24 --h-Subject "proxy $version"
	received "proxy $version" '^Received: from .* \(\[192\.0\.2\.11\]\)$'
done
echo "$count runs of swaks"

if command -v smtp-source >/dev/null; then
	echo "- smtp-source -L"
	for to in "unix:$loft_socket" "inet:127.0.0.1:$port"; do
		before=$(loft_mails bob)
		smtp-source -L -m 300 -s 8 -l 3000 -f a@test.example -t bob@test.example "$to" || fail "$to"
		[ "$(loft_mails bob)" = $((before + 300)) ] || fail "$to: $(loft_mails bob) messages"
		smtp-source -L -d -m 100 -s 4 -f a@test.example -t bob@test.example "$to" || fail "$to -d"
		before=$(loft_mails 3bob)
		smtp-source -L -r 3 -m 10 -s 2 -f a@test.example -t bob@test.example "$to" || fail "$to -r 3"
		[ "$(loft_mails 3bob)" = $((before + 10)) ] || fail "$to -r 3: $(loft_mails 3bob) messages"
	done
fi
! grep -E 'Panic|Fatal|killed with' "$loft_log" || fail "errors in the log"
loft_stop || fail "status"
echo ok
