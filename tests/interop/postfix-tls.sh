#!/bin/bash
# The real Postfix delivers over TCP and insists on TLS: encrypted with STARTTLS, with the server's name checked,
# and with TLS from the first octet; sessions are resumed. Where Loft has no certificate, mail stays in the queue.
. "${srcdir:?}/tests/harness.sh"
. "$srcdir/tests/interop/postfix-lib.sh"
postfix_need
command -v openssl >/dev/null || skip "openssl is not installed"

dir=$scratch
lmtp_port=$(free_port)
lmtps_port=$(free_port)
while [ "$lmtps_port" = "$lmtp_port" ]; do lmtps_port=$(free_port); done
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$dir/key.pem" -out "$dir/cert.pem" 2>/dev/null ||
	fail "openssl req"

cleanup_add postfix_stop
postfix_setup "$dir/postfix" "$(free_port)"
postfix_conf "virtual_mailbox_domains = test.example" \
	"virtual_transport = lmtp:inet:[127.0.0.1]:$lmtp_port" \
	"lmtp_tls_security_level = encrypt" \
	"lmtp_tls_session_cache_database = btree:\$data_directory/lmtp_scache" \
	"lmtp_tls_loglevel = 1" \
	"lmtp_destination_concurrency_limit = 4" \
	"minimal_backoff_time = 1s" "queue_run_delay = 1s"
cat >>"$pf/etc/master.cf" <<-CF
	tlsmgr    unix  - - n 1000? 1 tlsmgr
	lmtps     unix  - - n - - lmtp
	  -o lmtp_tls_wrappermode=yes
	checked   unix  - - n - - lmtp
	  -o lmtp_tls_security_level=secure -o lmtp_tls_CAfile=$dir/cert.pem -o lmtp_tls_secure_cert_match=localhost
CF
postfix_folders || fail "postfix check"

loft_conf <<-CONF
	ssl_cert = <$dir/cert.pem
	ssl_key = <$dir/key.pem
	lmtp_require_tls = yes
	service lmtp {
	  process_min_avail = 4
	  inet_listener lmtp {
	    address = 127.0.0.1
	    port = $lmtp_port
	  }
	  inet_listener lmtps {
	    address = 127.0.0.1
	    port = $lmtps_port
	    ssl = yes
	  }
	}
CONF
loft_start
postfix_start || fail "Postfix did not start"

send() {
	smtp-source -m "$1" -s 4 -l 4000 -f sender@mta.example -t "$2@test.example" "127.0.0.1:$pf_port" ||
		fail "smtp-source"
	postfix_queue_empty 60 || fail "mail is left in the queue: $(tail -n 20 "$pf/log")"
	[ "$(loft_mails "$2")" = "$1" ] || fail "$2 has $(loft_mails "$2") messages instead of $1"
	grep -qE '^	\(using TLSv1\.3 with cipher [A-Z0-9_]+ \(256/256 bits\)\)$' \
		"$loft_dir/mail/$2/Maildir/new/"* || fail "no TLS in Received"
}

send 200 encrypt
grep -q 'TLS connection established to 127.0.0.1.*TLSv1.3' "$pf/log" || fail "Postfix knows of no TLS"
grep -q 'bits), resumed$' "$loft_log" || fail "no session was resumed"
postfix_conf "virtual_transport = checked:inet:[127.0.0.1]:$lmtp_port"
postfix -c "$pf/etc" reload >/dev/null 2>&1
send 20 checked
grep -qE '(Trusted|Verified) TLS connection established to 127.0.0.1' "$pf/log" || fail "the name was not checked"
postfix_conf "virtual_transport = lmtps:inet:[127.0.0.1]:$lmtps_port"
postfix -c "$pf/etc" reload >/dev/null 2>&1
send 20 implicit
[ "$(grep -c 'TLS handshaking failed' "$loft_log")" = 0 ] || fail "a handshake failed"

# Without a certificate nothing goes in plain, and nothing is lost.
postfix_conf "virtual_transport = lmtp:inet:[127.0.0.1]:$lmtp_port"
postfix -c "$pf/etc" reload >/dev/null 2>&1
sed -i.tls '/^ssl_/d; s/ssl = yes/ssl = no/' "$loft_file"
loft_ctl reload || fail "reload"
smtp-source -m 1 -f sender@mta.example -t later@test.example "127.0.0.1:$pf_port" || fail "smtp-source"
deferred() {
	grep -q 'TLS is required, but was not offered' "$pf/log"
}
wait_until 30 deferred
[ "$(loft_mails later)" = 0 ] || fail "mail came in plain"
mv "$loft_file.tls" "$loft_file"
loft_ctl reload || fail "reload"
postqueue -c "$pf/etc" -f
postfix_queue_empty 60 || fail "mail is left in the queue"
[ "$(loft_mails later)" = 1 ] || fail "the message was lost"
echo ok
