#!/bin/bash
# loft-send: chunks, batches, relay, qmail's conventions, and servers that answer oddly.
. "${srcdir:?}/tests/harness.sh"

send=$builddir/ctl/loft-send
mkdir -p "$loft_dir"
for user in alice bob carol; do
	echo "$user::$loft_uid:$loft_gid::$loft_dir/mail/$user::"
done >"$scratch/users"
chmod 644 "$scratch/users"
port=$(free_port) sport=$(free_port) tls=
if command -v openssl >/dev/null; then
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
		-keyout "$scratch/key.pem" -out "$scratch/cert.pem" 2>/dev/null || fail "openssl req"
	tls="ssl_cert = <$scratch/cert.pem
ssl_key = <$scratch/key.pem"
fi
loft_conf <<CONF
$tls
first_valid_uid = 1
userdb {
  driver = passwd-file
  args = $scratch/users
}
service lmtp {
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
loft_start

# A message on standard input; what it says and its status are in $out and $status.
try() {
	out=$(printf 'Subject: s\n\n.\n..dots\nlong %0100000d\nno end' 7 | "$send" "$@" 2>"$scratch/err")
	status=$?
}

is() { # STATUS LINE...
	local want=$1 line
	shift
	[ $status = "$want" ] || fail "status $status instead of $want: $out $(cat "$scratch/err")"
	for line; do
		grep -qxE -- "$line" <<<"$out" || fail "no '$line' in: $out"
	done
}

text_of() {
	sed '1,/^$/d' "$(find "$loft_dir/mail/$1/Maildir/new" -type f | tail -n 1)"
}

echo "- one chunk"
try --socket "$loft_socket" --bdat --verbose -f a@x alice nosuch
is 67 'alice: 250 2\.0\.0 <alice> .* Saved' "nosuch: 550 5\.1\.1 .*"
grep -q '^> BDAT 1000[0-9]* LAST$' "$scratch/err" || fail "$(cut -c1-100 "$scratch/err")"
! grep -q '^> DATA' "$scratch/err" || fail "DATA too"
[ "$(text_of alice)" = "$(printf '.\n..dots\nlong %0100000d\nno end' 7)" ] || fail "the text: $(text_of alice | cut -c1-50)"
try --socket "$loft_socket" --bdat -f a@x nosuch
is 67

echo "- batches"
try --socket "$loft_socket" --batch-max 2 --verbose -f a@x alice nosuch bob carol nosuch2
is 67 'alice: 250 .*' 'bob: 250 .*' 'carol: 250 .*' 'nosuch: 550 .*' 'nosuch2: 550 .*'
[ "$(grep -c '^> MAIL' "$scratch/err")" = 3 ] || fail "$(cut -c1-100 "$scratch/err")"
try --socket "$loft_socket" --batch-max 1 --bdat -f a@x nosuch alice
is 67 'alice: 250 .*'

echo "- relay"
try --command "$send --relay --host 127.0.0.1 --port $port" -f a@x bob
is 0 'bob: 250 2\.0\.0 <bob> .*'
[ "$(text_of bob)" = "$(printf '.\n..dots\nlong %0100000d\nno end' 7)" ] || fail "the text"
try --command "$send --relay --socket $scratch/nosocket" -f a@x bob
is 75 'bob: .*421 4\.4\.1 .*'
if [ -n "$tls" ]; then
	for how in "--port $port --starttls" "--port $sport --tls"; do
		rm -rf "$loft_dir/mail/bob/Maildir"
		try --command "$send --relay --host 127.0.0.1 $how --ca-file $scratch/cert.pem" --verbose -f a@x bob
		is 0 'bob: 250 2\.0\.0 <bob> .*'
		! grep -q STARTTLS "$scratch/err" || fail "$how: STARTTLS is seen behind it"
		[ "$(text_of bob)" = "$(printf '.\n..dots\nlong %0100000d\nno end' 7)" ] || fail "the text"
		grep -rq 'with LMTPS' "$loft_dir/mail/bob/Maildir/new" || fail "$how: no TLS"
	done
	# Much in both directions at once.
	(printf 'LHLO x\r\n'; yes $'VRFY x\r' | head -n 50000; printf 'QUIT\r\n') |
		"$send" --relay --host 127.0.0.1 --port "$sport" --tls >"$scratch/said" || fail "status of much"
	[ "$(grep -c '^252 ' "$scratch/said")" = 50000 ] || fail "$(sort "$scratch/said" | uniq -c | head)"
	try --command "$send --relay --host 127.0.0.1 --port $sport --tls --verify" -f a@x bob
	is 75 'bob: .*421 4\.4\.1 TLS handshaking failed: .*'
fi
"$send" --relay --socket "$loft_socket" alice </dev/null >/dev/null 2>&1
[ $? = 64 ] || fail "status of wrong options"

echo "- qmail"
export SENDER=a@x RECIPIENT=carol
try --qmail --socket "$loft_socket"
is 0 'carol: 250 .*'
grep -q '^Return-Path: <a@x>' "$(find "$loft_dir/mail/carol/Maildir/new" -type f | tail -n 1)" || fail "sender"
SENDER='#@[]' RECIPIENT=nosuch
try --qmail --socket "$loft_socket" --verbose
is 100
grep -q '^> MAIL FROM:<>' "$scratch/err" || fail "double bounce: $(cat "$scratch/err")"
try --qmail --socket "$scratch/nosocket"
is 111
unset SENDER RECIPIENT
try --qmail --socket "$loft_socket"
is 111

# A server that says what it is told to.
server() {
	printf '%s\n' '#!/bin/bash' 'say() { printf "%s\r\n" "$@"; }' \
		'text() { while hear && [ "${line%?}" != . ]; do :; done; }' \
		'hear() { IFS= read -r -t 10 line || exit; printf "%s\n" "$line" >>'"$scratch/heard"'; }' "$@" >"$scratch/server"
	: >"$scratch/heard"
}
fake() {
	try --command "bash $scratch/server" --timeout 5 -f a@x "$@"
}

echo "- IGNOREQUOTA where it is offered"
server 'say "220 x"; hear; say "250-x" "250 IGNOREQUOTA"; hear; say "250 ok"; hear; say "250 ok"; hear; say "354 go"' \
	'text; say "250 done"; hear; say "221 bye"'
fake --ignore-quota alice
is 0 'alice: 250 done'
grep -q '^RCPT TO:<alice> IGNOREQUOTA' "$scratch/heard" || fail "$(cut -c1-100 "$scratch/heard")"
server 'say "220 x"; hear; say "250 x"; hear; say "250 ok"; hear; say "550 no"; hear; say "221 bye"'
fake --ignore-quota alice
is 69 'alice: 550 no'
! grep -q IGNOREQUOTA "$scratch/heard" || fail "not offered, but sent"

echo "- too many recipients for the server"
server 'say "220 x"; hear; say "250 x"; while hear; do case $line in RSET*|MAIL*) n=0; say "250 ok";; RCPT*carol*) say "452 4.2.2 full";;' \
	'RCPT*) if [ $((++n)) -gt 2 ]; then say "452 4.5.3 too many"; else say "250 ok"; fi;; DATA*) say "354 go"; text;' \
	'while [ $n -gt 2 ]; do : $((n--)); done; while [ $((n--)) -gt 0 ]; do say "250 saved"; done;; QUIT*) say "221 bye"; exit;; esac; done'
fake a b carol c d e
is 75 'a: 250 saved' 'b: 250 saved' 'c: 250 saved' 'd: 250 saved' 'e: 250 saved' 'carol: 452 4\.2\.2 full'
[ "$(grep -c '^MAIL' "$scratch/heard")" = 3 ] || fail "transactions: $(cat "$scratch/heard")"
[ "$(grep -c '^RCPT.*carol' "$scratch/heard")" = 1 ] || fail "carol is asked again"
server 'say "220 x"; hear; say "250-x" "250-SIZE" "250 LIMITS MAILMAX=9 RCPTMAX=2"; while hear; do case $line in' \
	'RCPT*) n=$((n + 1)); say "250 ok";; DATA*) say "354 go"; text; while [ $((n--)) -gt 0 ]; do say "250 saved"; done; n=0;;' \
	'QUIT*) say "221 bye"; exit;; *) say "250 ok";; esac; done'
fake a b c d e
is 0 'a: 250 saved' 'e: 250 saved'
[ "$(grep -c '^MAIL' "$scratch/heard")" = 3 ] || fail "transactions: $(cat "$scratch/heard")"
server 'say "220 x"; hear; say "250 x"; while hear; do case $line in RCPT*) say "452 too many";; QUIT*) say "221 bye"; exit;; *) say "250 ok";; esac; done'
fake a b
is 75 'a: 452 too many' 'b: 452 too many'
[ "$(grep -c '^MAIL' "$scratch/heard")" = 1 ] || fail "asked in vain again: $(cat "$scratch/heard")"

echo "- odd servers"
server 'say "what?"'
fake alice
is 75 'alice: 451 .*Malformed reply.*'
server 'say "220-x" "250 y"'
fake alice
is 75 'alice: 451 .*'
server 'say "220 x"; hear; say "250-a" "251 b"'
fake alice
is 75 'alice: 451 .*'
server 'exit 0'
fake alice
is 75 'alice: 451 .*'
server 'say "554 go away"'
fake alice
is 69 'alice: .*554 go away'
server 'say "220 x"; hear; say "250 x"; hear; say "250 ok"; hear; say "250 ok"; hear; say "450 later"; hear; say "354 go"' \
	'text'
fake alice bob
is 75 'alice: 451 .*Connection closed.*' 'bob: 450 later'
server 'say "220 x"; hear; hear'
try --command "bash $scratch/server" --timeout 1 -f a@x alice
is 75 'alice: 451 .*Timed out.*'
loft_stop || fail "status"
echo ok
