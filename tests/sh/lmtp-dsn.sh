#!/bin/bash
# Delivery reports: their text, who sends them and as whom, what happens when that fails, and who gets none.
. "${srcdir:?}/tests/harness.sh"

talk=$builddir/tests/talk/talk
spy=$scratch/spy

# A sendmail that notes how it was called.
mkdir "$spy"
chmod 1777 "$spy"
cat >"$scratch/sendmail" <<SENDMAIL
#!/bin/bash
n=\$(ls "$spy" | grep -c args)
printf '%s\n' "\$@" >"$spy/args.\$n.part"
cat >"$spy/mail.\$n"
/usr/bin/env >"$spy/env.\$n"
ls -l /proc/self/fd >"$spy/fds.\$n"
grep -E '^(Uid|Gid|Groups|SigIgn|SigBlk):' /proc/\$\$/status >"$spy/status.\$n"
mv "$spy/args.\$n.part" "$spy/args.\$n"
[ ! -e "$scratch/hang" ] || exec sleep 60
[ ! -e "$scratch/broken" ] || { echo "queue is full"; exit 75; }
SENDMAIL
chmod 755 "$scratch/sendmail"

conf() {
	{
		cat <<-CONF
			login_greeting = ready.
			sendmail_path = $scratch/sendmail -x
			submission_timeout = 2 secs
			deliver_log_format = %{orig_to}: %$
		CONF
		cat
	} | loft_conf
}

play() {
	local file
	file=$(mktemp "$scratch/talk.XXXXXX")
	cat >"$file"
	"$talk" --socket "$loft_socket" "$file" || fail "$1"
}

# MAIL's and RCPTs' parameters; a message to each.
mail() { # SENDER PARAMS RCPT...
	local sender=$1 params=$2 rcpt
	shift 2
	{
		printf 'E: 220 {host} ready.\nC: LHLO x\nE: 250 {any}\nC: MAIL FROM:<%s>%s\nS: 250 2.1.0 OK\n' \
			"$sender" "$params"
		for rcpt; do printf 'C: RCPT TO:%s\nS: 250 2.1.5 OK\n' "$rcpt"; done
		printf 'C: DATA\nS: 354 OK\nC: Subject: hello\nC: X-Long: a\nC:  b\nC:\nC: secret body\nC: .\n'
		for rcpt; do printf 'S: 250 2.0.0 {any} Saved\n'; done
		printf 'C: QUIT\nS: 221 2.0.0 Bye\neof\n'
	} | play "mail from <$sender> to $*"
}

reports() {
	find "$spy" -name 'args.*' | wc -l
}

has() { # FILE LINE
	grep -qxF -- "$2" "$1" || fail "no line '$2' in $(cat "$1")"
}

conf </dev/null
loft_start
echo "- a report"
mail a@example.org " ENVID=QQ+2B31 RET=FULL" "<alice@x.example> NOTIFY=SUCCESS ORCPT=rfc822;list@x.example" \
	"<bob@x.example> NOTIFY=NEVER" "<carol@x.example>" "<dave@x.example> NOTIFY=FAILURE,SUCCESS" \
	"<dave@x.example> NOTIFY=FAILURE,SUCCESS"
[ "$(reports)" = 1 ] || fail "$(reports) reports"
[ "$(tr '\n' ' ' <"$spy/args.0")" = "-x -i -f <> -- a@example.org " ] || fail "$(cat "$spy/args.0")"
for line in 'To: <a@example.org>' 'From: Postmaster <postmaster@x.example>' \
	'Auto-Submitted: auto-replied' 'Content-Type: multipart/report; report-type=delivery-status;' \
	'Reporting-MTA: dns; mx.test.example' 'Original-Envelope-Id: QQ+31' \
	'Original-Recipient: rfc822; list@x.example' 'Final-Recipient: rfc822; alice@x.example' \
	'Final-Recipient: rfc822; dave@x.example' 'Action: delivered' 'Status: 2.0.0' 'Subject: hello' ' b'; do
	has "$spy/mail.0" "$line"
done
[ "$(grep -c '^Final-Recipient' "$spy/mail.0")" = 2 ] || fail "recipients: $(cat "$spy/mail.0")"
! grep -qE 'bob|carol|secret|Received|Return-Path' "$spy/mail.0" || fail "too much: $(cat "$spy/mail.0")"
tail -n 1 "$spy/mail.0" | grep -qE '^--.*/mx.test.example--$' || fail "no end: $(cat "$spy/mail.0")"
wait_until 10 grep -q 'Delivery report sent to <a@example.org>' "$loft_log"
wait_until 10 grep -q 'Info: list@x.example: saved mail to INBOX' "$loft_log"

echo "- what the program is given"
if [ "$(id -u)" = 0 ]; then
	uid=$(id -u dovenull 2>/dev/null || id -u nobody) gid=$(id -g dovenull 2>/dev/null || id -g nobody)
	has "$spy/status.0" "$(printf 'Uid:\t%s\t%s\t%s\t%s' "$uid" "$uid" "$uid" "$uid")"
	has "$spy/status.0" "$(printf 'Gid:\t%s\t%s\t%s\t%s' "$gid" "$gid" "$gid" "$gid")"
fi
ignored=$(sed -n 's/^SigIgn:[[:space:]]*/0x/p' "$spy/status.0")
# PIPE, XFSZ, HUP, TERM
[ $((ignored & (1 << 12 | 1 << 24 | 1 << 0 | 1 << 14))) = 0 ] || fail "signals: $(cat "$spy/status.0")"
! grep -qvE '^(PATH|PWD|SHLVL|_)=' "$spy/env.0" || fail "environment: $(cat "$spy/env.0")"
[ "$(grep -c -- '->' "$spy/fds.0")" = 4 ] || fail "descriptors: $(cat "$spy/fds.0")"

echo "- none"
mail "" "" "<alice@x.example> NOTIFY=SUCCESS"
mail a@example.org "" "<alice@x.example>"
mail a@example.org "" "<alice@x.example> NOTIFY=NEVER"
mail a@example.org "" "<alice@x.example> NOTIFY=FAILURE,DELAY"
[ "$(reports)" = 1 ] || fail "$(reports) reports"

echo "- a program that fails, or hangs"
touch "$scratch/broken"
mail a@example.org "" "<alice@x.example> NOTIFY=SUCCESS"
wait_until 10 grep -q "Error: Can't send a delivery report: sending mail to <a@example.org>: .*sendmail failed with status 75: queue is full" "$loft_log"
rm "$scratch/broken"
touch "$scratch/hang"
mail a@example.org "" "<alice@x.example> NOTIFY=SUCCESS"
wait_until 10 grep -q "sendmail took longer than 2 s" "$loft_log"
rm "$scratch/hang"
loft_stop || fail "status"

not_offered() {
	loft_start
	play "$1" <<'TALK'
S: 220 {host} ready.
C: LHLO x
S: 250-{host}
S: 250-8BITMIME
S: 250-BINARYMIME
S: 250-CHUNKING
E: 250 ENHANCEDSTATUSCODES
C: MAIL FROM:<a@x> RET=FULL
S: 555 5.5.4 Unsupported parameters
C: MAIL FROM:<a@x> ENVID=x
S: 555 5.5.4 Unsupported parameters
C: MAIL FROM:<a@x>
S: 250 2.1.0 OK
C: RCPT TO:<alice> NOTIFY=NEVER
S: 555 5.5.4 Unsupported parameters
C: RCPT TO:<alice> ORCPT=rfc822;x@y
S: 250 2.1.5 OK
C: QUIT
S: 221 2.0.0 Bye
eof
TALK
	loft_stop || fail "status"
}

echo "- not offered"
conf <<<"lmtp_dsn = no"
not_offered "lmtp_dsn = no"
conf <<<"sendmail_path = /nonexistent/sendmail"
not_offered "no program"

if command -v smtp-sink >/dev/null; then
	echo "- submission_host"
	port=$(free_port)
	su_nobody=
	[ "$(id -u)" != 0 ] || su_nobody="-u nobody"
	chmod 777 "$spy"
	smtp-sink $su_nobody -D "$spy/sink" "127.0.0.1:$port" 10 >"$scratch/sink" 2>&1 &
	sink=$!
	stop_sink() { kill "$sink" 2>/dev/null; }
	cleanup_add stop_sink
	conf <<<"submission_host = 127.0.0.1:$port"
	loft_start
	for ((i = 0; i < 100; i++)); do
		(: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
		sleep 0.1
	done
	mail a@example.org "" "<alice@x.example> NOTIFY=SUCCESS"
	grep -q '^Final-Recipient: rfc822; alice@x.example' "$spy"/sink* || fail "nothing in the sink: $(cat "$spy"/sink*)"
	grep -qE '^X-Mail-Args: <>' "$spy"/sink* || fail "sender: $(cat "$spy"/sink*)"
	loft_stop || fail "status"
fi
echo ok
