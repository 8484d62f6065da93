#!/bin/bash
# TLS of the LMTP server, with openssl s_client on the other side: STARTTLS, implicit TLS, certificates by name,
# client certificates, tickets, what is wrong or unfriendly, and renewal.
. "${srcdir:?}/tests/harness.sh"
command -v openssl >/dev/null || skip "openssl is not installed"

port=$(free_port)
sport=$(free_port)
while [ "$sport" = "$port" ]; do sport=$(free_port); done
pki=$scratch/pki
mkdir "$pki"

# certificate NAME [CA]: NAME.pem and NAME.key, signed by CA.pem or by itself
certificate() {
	local sign=() ext=basicConstraints=CA:TRUE
	if [ $# -gt 1 ]; then
		openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
			-keyout "$pki/$1.key" -out "$pki/$1.csr" 2>/dev/null || fail "openssl req"
		openssl x509 -req -in "$pki/$1.csr" -CA "$pki/$2.pem" -CAkey "$pki/$2.key" -CAcreateserial -days 2 \
			-out "$pki/$1.pem" 2>/dev/null || fail "openssl x509"
		return
	fi
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
		-addext $ext -keyout "$pki/$1.key" -out "$pki/$1.pem" 2>/dev/null || fail "openssl req"
}
certificate mx.test.example
certificate other.test.example
certificate ca
certificate client ca
certificate stranger
openssl genrsa -out "$pki/rsa.key" 2048 2>/dev/null
openssl req -x509 -new -key "$pki/rsa.key" -days 2 -subj /CN=rsa.test.example -out "$pki/rsa.pem"
openssl ec -in "$pki/other.test.example.key" -aes128 -passout pass:secret -out "$pki/locked.key" 2>/dev/null

# A configuration of TLS settings from standard input.
conf() {
	{
		cat
		cat <<-CONF
			login_greeting = ready.
			service lmtp {
			  process_min_avail = 2
			  inet_listener lmtp {
			    address = 127.0.0.1
			    port = $port
			  }
			  inet_listener lmtps {
			    address = 127.0.0.1
			    port = $sport
			    ssl = yes
			  }
			}
		CONF
	} | loft_conf
}

pair() {
	echo "ssl_cert = <$pki/$1.pem"
	echo "ssl_key = <$pki/$1.key"
}

# s_client with these arguments; the dialogue comes from standard input, what it says goes to $said.
said=$scratch/said
client() {
	timeout 20 openssl s_client -ign_eof "$@" >"$said" 2>&1
}

starttls() {
	client -starttls lmtp -connect "127.0.0.1:$port" "$@"
}

implicit() {
	client -connect "127.0.0.1:$sport" "$@"
}

lines() {
	printf '%s\r\n' "$@"
}

heard() {
	grep -qE -- "$1" "$said" || { cat "$said"; fail "not heard: $1"; }
}

not_heard() {
	! grep -qE -- "$1" "$said" || { cat "$said"; fail "heard: $1"; }
}

logged() {
	wait_until 5 grep -qE -- "$1" "$loft_log"
}

# A plain connection: a line, and the reply's last line in $heard.
ask() {
	lmtp_say "$1"
	lmtp_hear "$2"
}

echo "- STARTTLS"
conf < <(pair mx.test.example; echo "lmtp_rawlog_dir = $scratch/raw")
loft_start
logged_none=$(grep -c 'ssl_cert is not set' "$loft_log")
[ "$logged_none" = 0 ] || fail "there is a certificate"
lmtp_open "$port"
lmtp_hear '^220 '
ask 'LHLO x' '^250 STARTTLS'
ask 'STARTTLS x' '^501 5\.5\.4 Invalid parameters'
ask 'MAIL FROM:<a@b>' '^250 '
ask 'STARTTLS' '^503 5\.5\.0 '
lmtp_close
lines 'MAIL FROM:<a@b>' 'LHLO x' 'STARTTLS' 'MAIL FROM:<a@b>' 'RCPT TO:<bob@test.example>' DATA 'Subject: t' '' 'text' . \
	QUIT | starttls
heard '^503 5\.5\.1 LHLO needed first'
heard '^250 SMTPUTF8'
heard '^502 5\.5\.1 TLS is already active\.'
heard '^250 2\.0\.0 <bob@test\.example> .* Saved'
heard '^221 '
file=$(find "$loft_dir/mail/bob/Maildir/new" -type f)
grep -qE '^	\(using TLSv1\.3 with cipher TLS_[A-Z0-9_]+ \(256/256 bits\)\)$' "$file" || fail "$(cat "$file")"
grep -q '^	by mx.test.example with LMTPS$' "$file" || fail "$(cat "$file")"
# Rawlogs have what was meant, not what was sent.
mkdir -m 700 "$scratch/raw"
chown "$(id -u)" "$scratch/raw"
lines 'LHLO rawlog' QUIT | implicit
heard '^221 '
rawlogs() {
	grep -q ' LHLO rawlog' "$scratch"/raw/*.in && grep -q ' 221 2.0.0' "$scratch"/raw/*.out
}
wait_until 5 rawlogs
rm -r "$scratch/raw"
logged 'lmtp\([0-9]+\): Info: TLS with 127\.0\.0\.1: TLSv1\.3 with cipher TLS_'
lines 'LHLO x' QUIT | starttls -tls1_2
heard 'Protocol *: TLSv1\.2'
heard '^221 '

echo "- a unix socket offers it, too"
lines 'LHLO x' QUIT | client -starttls lmtp -unix "$loft_socket"
heard '^221 '

echo "- loft-send"
# deliver ARGUMENTS: by loft-send; its last line goes to $said, with the dialogue
deliver() {
	printf 'Subject: t\n\ntext\n' | "$builddir/ctl/loft-send" --verbose "$@" sender@test.example >"$said" 2>&1
}
deliver --host 127.0.0.1 --port "$port" --starttls || fail "$(cat "$said")"
heard '^= TLSv1\.3 with cipher '
heard '^sender@test\.example: 250 2\.0\.0 '
deliver --host 127.0.0.1 --port "$sport" --tls || fail "$(cat "$said")"
deliver --socket "$loft_socket" --starttls --ca-file "$pki/mx.test.example.pem" || fail "$(cat "$said")"
heard 'certificate verified'
deliver --host 127.0.0.1 --port "$port" --starttls --ca-file "$pki/ca.pem" && fail "a stranger was trusted"
heard '451 4\.4\.2 TLS handshaking failed: SSL_connect\(\) failed: .*certificate verify failed'
deliver --host localhost --port "$port" --starttls --ca-file "$pki/mx.test.example.pem" && fail "not its name"
deliver --host 127.0.0.1 --port "$port" --tls && fail "TLS with a plain listener"
heard '^sender@test\.example: 451 '

echo "- implicit TLS, in pieces and at length"
(
	lines 'LHLO x' 'MAIL FROM:<a@b>' 'RCPT TO:<big@test.example>' DATA 'Subject: big' ''
	head -c 3000000 /dev/zero | tr '\0' x | fold -w 70 | sed 's/$/\r/'
	printf '\r\n.\r\nQU'
	sleep 0.2
	printf 'IT\r\n'
) | implicit
heard '^220 mx\.test\.example ready\.'
heard '^250 2\.0\.0 <big@test\.example> .* Saved'
heard '^221 '
[ "$(stat -c %s "$loft_dir"/mail/big/Maildir/new/*)" -gt 3000000 ] || fail "the large message is short"

echo "- plain text behind STARTTLS is not taken"
lmtp_open "$port"
lmtp_hear '^220 '
# In one piece, which bash's own printf doesn't do.
printf 'LHLO x\r\nSTARTTLS\r\nMAIL FROM:<evil@b>\r\nRSET\r\n' | cat >&"$lmtp_fd"
lmtp_hear '^250 '
lmtp_hear '^554 5\.7\.0 '
lmtp_eof
lmtp_close
logged 'Disconnect from 127\.0\.0\.1: Plain text behind STARTTLS'
lmtp_open "$port"
lmtp_hear '^220 '
ask STARTTLS '^220 2\.0\.0 Begin TLS negotiation now\.'
lmtp_say 'MAIL FROM:<evil@b>'
IFS= read -r -t 5 -n 2 -u "$lmtp_fd" heard
[[ $heard != 25* ]] || fail "a plain command was taken: $heard"
lmtp_close
logged 'Disconnect from 127\.0\.0\.1: TLS handshaking failed: SSL_accept\(\) failed: '

echo "- garbage, and silence, cost one connection only"
for text in '\026\003\001\377\377\001\000' 'GET / HTTP/1.0\r\n\r\n' '\200\200\200\200\000\000\000\000\000\000\000'; do
	lmtp_open "$sport"
	printf "$text" >&"$lmtp_fd"
	lmtp_close
done
lmtp_open "$sport"
silent=$lmtp_fd
lines 'LHLO x' QUIT | implicit
heard '^221 '
exec {silent}>&-
[ "$(grep -c 'killed with signal' "$loft_log")" = 0 ] || fail "a worker died"

echo "- a ticket is good at every worker"
for protocol in -tls1_3 -tls1_2; do
	lines 'LHLO x' QUIT | implicit $protocol -sess_out "$scratch/session"
	heard '^New, TLSv1'
	pids=
	for ((i = 0; i < 12; i++)); do
		# One who stays makes the next come to another worker.
		lmtp_open "$port"
		lmtp_hear '^220 '
		lines 'LHLO x' QUIT | implicit $protocol -sess_in "$scratch/session"
		heard '^Reused, TLSv1'
		lmtp_close
	done
done
logged 'bits\), resumed$'
[ "$(grep -E 'resumed$' "$loft_log" | grep -oE 'lmtp\([0-9]+\)' | sort -u | wc -l)" -gt 1 ] || fail "only one worker"

echo "- a renewed certificate after a reload"
lines QUIT | implicit
heard 'CN = mx\.test\.example'
cp "$pki/other.test.example.pem" "$pki/mx.test.example.pem"
loft_ctl reload >"$scratch/reload" 2>&1 && fail "a certificate without its key was taken"
logged 'ssl_key doesn.t belong to ssl_cert'
lines QUIT | implicit
heard 'CN = mx\.test\.example'
cp "$pki/other.test.example.key" "$pki/mx.test.example.key"
loft_ctl reload >"$scratch/reload" 2>&1 || fail "reload: $(cat "$scratch/reload")"
lines QUIT | implicit
heard 'CN = other\.test\.example'

echo "- and by itself, soon; what else was edited waits"
certificate mx.test.example
echo "nonsense = yes" >>"$loft_file"
renewed() {
	lines QUIT | implicit
	grep -q 'CN = mx\.test\.example' "$said"
}
wait_until 60 renewed
logged 'mx\.test\.example\.(pem|key) has changed: loading certificates anew'
loft_stop

echo "- certificates by name and address, a second one, a password"
conf <<-CONF
	$(pair mx.test.example)
	ssl_alt_cert = <$pki/rsa.pem
	ssl_alt_key = <$pki/rsa.key
	local_name other.test.example {
	  ssl_cert = <$pki/other.test.example.pem
	  ssl_key = <$pki/locked.key
	  ssl_key_password = secret
	}
	local 127.0.0.2 {
	  ssl_cert = <$pki/stranger.pem
	  ssl_key = <$pki/stranger.key
	}
CONF
sed -i 's/address = 127.0.0.1/address = 127.0.0.1, 127.0.0.2/' "$loft_file"
loft_start
for name in mx other; do
	lines QUIT | implicit -servername $name.test.example
	heard "^subject=.*CN = $name\\.test\\.example"
done
logged 'bits\), for other\.test\.example'
lines QUIT | implicit -servername unknown.example
heard '^subject=.*CN = mx\.test\.example'
lines QUIT | client -connect "127.0.0.2:$sport"
heard '^subject=.*CN = stranger'
lines QUIT | implicit -tls1_2 -cipher ECDHE-RSA-AES256-GCM-SHA384
heard '^subject=.*CN = rsa\.test\.example'
loft_stop

echo "- client certificates"
conf <<-CONF
	$(pair mx.test.example)
	ssl_ca = <$pki/ca.pem
	ssl_verify_client_cert = yes
	ssl_require_crl = no
CONF
loft_start
lines 'LHLO x' QUIT | implicit
heard '^221 '
lines 'LHLO x' QUIT | implicit -cert "$pki/client.pem" -key "$pki/client.key"
heard '^221 '
logged 'bits\), client certificate$'
lines 'LHLO x' QUIT | implicit -cert "$pki/stranger.pem" -key "$pki/stranger.key"
heard '^221 '
logged 'Invalid certificate of 127\.0\.0\.1: '
loft_stop
echo "lmtp_require_client_cert = yes" >>"$loft_file"
loft_start
lines 'LHLO x' QUIT | implicit
not_heard '^221 '
lines 'LHLO x' QUIT | implicit -cert "$pki/stranger.pem" -key "$pki/stranger.key"
not_heard '^221 '
lines 'LHLO x' QUIT | implicit -cert "$pki/client.pem" -key "$pki/client.key"
heard '^221 '
loft_stop

echo "- AUTH"
echo 'alice:{PLAIN}wonder land' >"$scratch/passwd"
chmod 644 "$scratch/passwd"
conf <<-CONF
	$(pair mx.test.example)
	ssl_ca = <$pki/ca.pem
	ssl_verify_client_cert = yes
	ssl_require_crl = no
	lmtp_auth_mechanisms = plain login external
	auth_mechanisms = plain login
	auth_failure_delay = 0
	passdb {
	  driver = passwd-file
	  args = $scratch/passwd
	}
CONF
loft_start
plain=$(printf '\0alice\0wonder land' | base64)
wrong=$(printf '\0alice\0wonder' | base64)
lmtp_open "$port"
lmtp_hear '^220 '
ask 'AUTH PLAIN' '^503 5\.5\.1 '
lmtp_say 'LHLO x'
lmtp_hear '^250 STARTTLS'
ask "AUTH PLAIN $plain" '^538 5\.7\.11 '
ask 'AUTH CRAM-MD5' '^504 5\.5\.4 '
lmtp_close
lines 'LHLO x' 'AUTH' 'AUTH PLAIN' '*' 'AUTH PLAIN &&&' 'AUTH EXTERNAL' "AUTH PLAIN $wrong" 'AUTH LOGIN' YWxpY2U= \
	"$(printf 'wonder land' | base64)" "AUTH PLAIN $plain" 'MAIL FROM:<a@b> AUTH=alice+40x' \
	'RCPT TO:<login@test.example>' DATA '' . QUIT | starttls
for reply in '250-AUTH PLAIN LOGIN' '501 5\.5\.4 Missing mechanism' '334 ' '501 5\.7\.0 Authentication cancelled' \
	'501 5\.5\.2 Invalid base64' '504 5\.5\.4 ' '535 5\.7\.8 Authentication failed\.' '334 VXNlcm5hbWU6' \
	'334 UGFzc3dvcmQ6' '235 2\.7\.0 Logged in\.' '503 5\.5\.1 Already authenticated' '250 2\.0\.0 <login@' '221 '; do
	heard "^$reply"
done
grep -q '^	by mx.test.example with LMTPSA$' "$loft_dir"/mail/login/Maildir/new/* || fail "Received lacks the A"
logged 'Login: user=<alice>, method=LOGIN, rip=127\.0\.0\.1, TLS'
! grep -q wonder "$loft_log" || fail "a password is in the log"
lines 'LHLO x' "AUTH PLAIN $plain" 'RSET' 'MAIL FROM:<a@b>' "AUTH PLAIN $plain" QUIT | implicit
heard '^235 2\.7\.0 Logged in\.'
lines 'LHLO x' 'MAIL FROM:<a@b>' "AUTH PLAIN $plain" QUIT | implicit
heard '^503 5\.5\.0 AUTH not permitted during a mail transaction'
lines 'LHLO x' "AUTH PLAIN $wrong" "AUTH PLAIN $wrong" "AUTH PLAIN $wrong" QUIT | implicit
heard '^421 4\.7\.0 .*Too many authentication failures'
lines 'LHLO x' "AUTH EXTERNAL $(printf somebody | base64)" 'AUTH EXTERNAL =' QUIT |
	implicit -cert "$pki/client.pem" -key "$pki/client.key"
heard '^250-AUTH PLAIN LOGIN EXTERNAL'
heard '^535 5\.7\.8 '
heard '^235 2\.7\.0 '
logged 'Login: user=<client>, method=EXTERNAL, '
kill -STOP "$(loft_pids daemon)"
lines 'LHLO x' "AUTH PLAIN $plain" QUIT | implicit
kill -CONT "$(loft_pids daemon)"
heard '^454 4\.7\.0 Temporary authentication failure \[[a-z2-9]{8}\]'
id=$(sed -n 's/^454 .*\[\(.*\)\].*/\1/p' "$said" | tr -d '\r')
wait_until 10 loft_ctl error "$id"
loft_stop

echo "- lmtp_require_tls, versions, ciphers, options"
conf <<-CONF
	$(pair mx.test.example)
	lmtp_require_tls = yes
	ssl_min_protocol = TLSv1.3
	ssl_cipher_suites = TLS_CHACHA20_POLY1305_SHA256
	ssl_curve_list = P-256
	ssl_options = no_ticket
CONF
loft_start
lmtp_open "$port"
lmtp_hear '^220 '
ask 'LHLO x' '^250 '
ask 'MAIL FROM:<a@b>' '^530 5\.7\.0 TLS required\.'
lmtp_close
lines 'LHLO x' 'MAIL FROM:<a@b>' QUIT | starttls
heard '^250 2\.1\.0 OK'
heard 'Cipher is TLS_CHACHA20_POLY1305_SHA256'
heard 'ECDH, (P-256|prime256v1)'
not_heard 'New Session Ticket arrived'
lines 'LHLO x' QUIT | implicit -tls1_2
not_heard '^221 '
loft_send unix@test.example >/dev/null || fail "a unix socket needs no TLS"
loft_stop

echo "- no certificate: no STARTTLS, and a line that says so"
conf </dev/null
loft_start
logged 'lmtp\([0-9]+\): Info: ssl_cert is not set: STARTTLS is not offered'
lmtp_open "$port"
lmtp_hear '^220 '
ask 'LHLO x' '^250 SMTPUTF8'
ask STARTTLS '^502 5\.5\.1 TLS support is not enabled\.'
lmtp_close
deliver --host 127.0.0.1 --port "$port" --starttls && fail "sent in plain"
heard "451 4\\.4\\.2 The server doesn't offer STARTTLS"
lines QUIT | implicit
logged 'inet_listener lmtps has ssl = yes, but there is no ssl_cert'
loft_stop

echo "- a stranger is told so in plain, before any handshake"
conf < <(pair mx.test.example; echo "lmtp_trusted_ips = 192.0.2.1")
: >"$loft_log"
loft_start
lmtp_open "$sport"
lmtp_hear '^554 5\.7\.1 mx\.test\.example You may not connect from here$'
lmtp_eof
lmtp_close
implicit </dev/null && fail "a handshake with a stranger"
heard 'wrong version number|unexpected message|packet length too long'
logged 'Disconnect from 127\.0\.0\.1: Not in lmtp_trusted_ips \(state=GREETING\)'
! grep -q 'TLS' "$loft_log" || fail "TLS with a stranger"
loft_stop || fail "status"

echo "- what is wrong is named at start"
wrong() {
	conf
	: >"$loft_log"
	"$builddir/master/loft" -F -c "$loft_file" >"$scratch/out" 2>&1 && fail "started: $1"
	for ((i = 0; i < 30; i++)); do
		grep -qE -- "$1" "$scratch/out" "$loft_log" && return
		sleep 0.1	# the log process may have a line to write yet
	done
	fail "not named: $1: $(cat "$scratch/out")"
}
wrong 'ssl_cert: .*missing\.pem.*No such file' <<<"ssl_cert = <$pki/missing.pem"
wrong 'ssl_cert is set, but ssl_key is not' <<<"ssl_cert = <$pki/ca.pem"
wrong 'ssl_cert: not a usable certificate in PEM' <<-CONF
	ssl_cert = <$pki/ca.key
	ssl_key = <$pki/ca.key
CONF
wrong 'ssl_key: not a private key in PEM' <<-CONF
	ssl_cert = <$pki/ca.pem
	ssl_key = <$pki/ca.pem
CONF
wrong 'ssl_key: not a private key in PEM that ssl_key_password opens' <<-CONF
	ssl_cert = <$pki/other.test.example.pem
	ssl_key = <$pki/locked.key
	ssl_key_password = guess
CONF
wrong "ssl_min_protocol: unknown protocol 'TLSv9'" <<<"$(pair ca)
ssl_min_protocol = TLSv9"
wrong 'ssl_cipher_list: NONE' <<<"$(pair ca)
ssl_cipher_list = NONE"
wrong "ssl_options: unknown flag: 'x'" <<<"$(pair ca)
ssl_options = x"
wrong 'ssl_verify_client_cert set, but ssl_ca not' <<<"$(pair ca)
ssl_verify_client_cert = yes"
echo ok
