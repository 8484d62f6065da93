#!/bin/bash
# Mail that Loft makes itself, by SMTP: addresses and ports, TLS from the first octet and by STARTTLS, certificates,
# refusals; the same for loft-lda (rejections) and LMTP (delivery reports).
. "${srcdir:?}/tests/harness.sh"
command -v openssl >/dev/null || skip "openssl is not installed"

as_user=
if [ "$(id -u)" = 0 ]; then
	command -v setpriv >/dev/null || skip "setpriv is not installed"
	as_user="setpriv --reuid $loft_uid --regid $loft_gid --clear-groups"
fi
pki=$scratch/pki home=$scratch/home
mkdir "$pki" "$home" "$pki/ca"
chown "$loft_uid:$loft_gid" "$home"
cp "$builddir/lda/loft-lda" "$builddir/ctl/loft-send" "$scratch/"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$pki/key" -out "$pki/cert" 2>/dev/null ||
	fail "openssl req"
cp "$pki/cert" "$pki/ca/$(openssl x509 -noout -hash -in "$pki/cert").0"

# serve ARGS: a server, until the next; its port in $port
serve() {
	stop_server
	rm -rf "$scratch/smtpd"
	mkdir -m 777 "$scratch/smtpd"
	mkfifo "$scratch/smtpd/end"
	"$builddir/tests/talk/smtpd" "$@" "$scratch/smtpd" <"$scratch/smtpd/end" >"$scratch/smtpd/port" \
		2>"$scratch/smtpd/error" &
	exec {server}>"$scratch/smtpd/end"
	wait_until 10 test -s "$scratch/smtpd/port"
	port=$(cat "$scratch/smtpd/port")
}
server=
stop_server() {
	[ -z "$server" ] || exec {server}>&-
	server=
}
cleanup_add stop_server
said() {
	grep -qxF -- "$1" "$scratch/smtpd/said" || fail "no '$1': $(cat "$scratch/smtpd/said" "$scratch/log")"
}
mailed() {
	grep -qxF -- "$1" "$scratch/smtpd/mail" || fail "no '$1': $(cat "$scratch/smtpd/mail" "$scratch/log")"
}
not_mailed() {
	[ ! -s "$scratch/smtpd/mail" ] || fail "mail: $(cat "$scratch/smtpd/mail")"
}
logged() {
	grep -qF -- "$1" "$scratch/log" || fail "no '$1': $(cat "$scratch/log")"
}

cat >"$scratch/lda.conf" <<CONF
log_path = $scratch/log
hostname = mx.test.example
mail_location = maildir:~/Maildir
deliver_send_path = $scratch/loft-send
submission_timeout = 10 secs
CONF
# lda STATUS OPTION...: refuses a message
lda() {
	local want=$1 status args=() option
	shift
	for option; do args+=(-o "$option"); done
	: >"$scratch/log"
	chmod 666 "$scratch/log"
	{
		printf 'Received: x\n%.0s' {1..101}
		printf 'Subject: s\n\n.\n'
	} | env -i HOME="$home" USER=alice ASAN_OPTIONS="${ASAN_OPTIONS-}" $as_user "$scratch/loft-lda" \
		-c "$scratch/lda.conf" -f s@x.example "${args[@]}" 2>"$scratch/stderr"
	status=$?
	[ $status = "$want" ] || fail "status $status, not $want: $* $(cat "$scratch/stderr" "$scratch/log")"
}

echo "- plain"
serve
lda 0 "submission_host=127.0.0.1:$port"
said 'EHLO mx.test.example'
said 'MAIL FROM:<>'
said 'RCPT TO:<s@x.example>'
mailed 'Subject: Rejected: s'
logged 'sent rejection message to <s@x.example>'
lda 0 "submission_host=localhost:$port"
lda 0 "submission_host=[127.0.0.1]:$port"
if [ -n "$(cat /proc/net/if_inet6 2>/dev/null)" ]; then
	serve --host ::1
	lda 0 "submission_host=[::1]:$port"
	mailed 'Subject: Rejected: s'
fi

echo "- refusals"
serve --reply 'RCPT=550 5.1.1 nobody'
lda 0 "submission_host=127.0.0.1:$port"
logged 'Info: msgid=unspecified: Permanently failed to send rejection: '
logged 'RCPT TO failed: 550 5.1.1 nobody'
serve --reply '.=554 no spam'
lda 0 "submission_host=127.0.0.1:$port"
logged 'DATA failed: 554 no spam'
for reply in 'RCPT=450 later' 'MAIL=550 5.7.1 who are you' 'EHLO=421 busy' 'DATA=451 later' '.=452 full'; do
	serve --reply "$reply"
	lda 75 "submission_host=127.0.0.1:$port"
	logged 'Error: msgid=unspecified: Temporarily failed to send rejection: '
	logged "${reply#*=}"
done

echo "- TLS"
for way in smtps=--tls starttls=--starttls; do
	option=${way#*=}
	way=${way%=*}
	serve $option --cert "$pki/cert" --key "$pki/key"
	for ca in "ssl_client_ca_file=$pki/cert" "ssl_client_ca_dir=$pki/ca" ssl_client_require_valid_cert=no; do
		: >"$scratch/smtpd/said"
		lda 0 "submission_host=localhost:$port" submission_ssl=$way "$ca"
		grep -A9 -x TLS "$scratch/smtpd/said" | grep -qx 'RCPT TO:<s@x.example>' ||
			fail "$(cat "$scratch/smtpd/said" "$scratch/log")"
		said 'EHLO mx.test.example'
		mailed 'Subject: Rejected: s'
	done
	lda 0 "submission_host=127.0.0.1:$port" submission_ssl=$way "ssl_client_ca_file=$pki/cert"
	: >"$scratch/smtpd/mail"
	lda 75 "submission_host=localhost:$port" submission_ssl=$way	# the system doesn't know it
	logged 'certificate'
	lda 75 "submission_host=localhost:$port" submission_ssl=$way "ssl_client_ca_file=/nonexistent"
	not_mailed
	serve $option --cert "$pki/cert" --key "$pki/key" --reply 'RCPT=550 5.1.1 nobody'
	lda 0 "submission_host=localhost:$port" submission_ssl=$way "ssl_client_ca_file=$pki/cert"
	logged 'Permanently failed to send rejection'
	serve $option --cert "$pki/cert" --key "$pki/key" --reply 'MAIL=530 5.7.0 log in first'
	lda 75 "submission_host=localhost:$port" submission_ssl=$way "ssl_client_ca_file=$pki/cert"
	logged '530 5.7.0 log in first'
done
serve	# no TLS there
lda 75 "submission_host=localhost:$port" submission_ssl=starttls "ssl_client_ca_file=$pki/cert"
not_mailed
lda 75 "submission_host=localhost:$port" submission_ssl=smtps "deliver_send_path=/nonexistent"

echo "- LMTP"
serve --starttls --cert "$pki/cert" --key "$pki/key"
loft_conf <<CONF
submission_host = localhost:$port
submission_ssl = starttls
ssl_client_ca_file = $pki/cert
deliver_send_path = $scratch/loft-send
CONF
loft_start
cat >"$scratch/talk" <<TALK
E: 220 {any}
C: LHLO x
E: 250 {any}
C: MAIL FROM:<s@x.example>
S: 250 2.1.0 OK
C: RCPT TO:<alice> NOTIFY=SUCCESS
S: 250 2.1.5 OK
C: DATA
S: 354 OK
C: Subject: s
C:
C: .
S: 250 2.0.0 {any} Saved
C: QUIT
S: 221 2.0.0 Bye
TALK
"$builddir/tests/talk/talk" --socket "$loft_socket" "$scratch/talk" || fail "dialogue"
said 'TLS'
said 'RCPT TO:<s@x.example>'
mailed 'Subject: Successful mail delivery report'
loft_stop || fail "status"
loft_conf <<CONF
submission_host = localhost:$port
submission_ssl = smtps
deliver_send_path = /nonexistent
CONF
loft_start
sed -i 's/^C: RCPT.*/&/; s/^S: 250 2.1.5 OK/S: 555 5.5.4 {any}/; /^C: DATA/,/Saved$/d' "$scratch/talk"
"$builddir/tests/talk/talk" --socket "$loft_socket" "$scratch/talk" || fail "DSN is offered, and can't be kept"
loft_stop || fail "status"
