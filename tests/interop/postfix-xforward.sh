#!/bin/bash
# Postfix tells its queue id and its client (XFORWARD) over its unix socket and over TCP: one search finds its log
# lines and Loft's. It hands over who the mail was for before its aliases, and that a report is wanted (DSN): Loft
# sends it back through this Postfix.
. "${srcdir:?}/tests/harness.sh"
. "$srcdir/tests/interop/postfix-lib.sh"
postfix_need

dir=$scratch
port=$(free_port)
cleanup_add postfix_stop
postfix_setup "$dir/postfix" "$(free_port)"
postfix_conf "virtual_mailbox_domains = test.example, tcp.example" \
	"transport_maps = inline:{ test.example=lmtp:unix:private/loft, tcp.example=lmtp:inet:127.0.0.1:$port }" \
	"lmtp_send_xforward_command = yes" \
	"virtual_alias_maps = inline:{ list@test.example=alice@test.example }"
postfix_folders || fail "postfix check"
loft_conf <<-CONF
	login_trusted_networks = 127.0.0.0/8
	lmtp_hdr_delivery_address = original
	submission_host = 127.0.0.1:$pf_port
	service lmtp {
	  unix_listener $dir/postfix/queue/private/loft {
	    mode = 0600
	    user = postfix
	    group = postfix
	  }
	  inet_listener lmtp {
	    address = 127.0.0.1
	    port = $port
	  }
	}
CONF
loft_start
postfix_start || fail "Postfix did not start"

for rcpt in alice@test.example alice@tcp.example; do
	swaks --server "127.0.0.1:$pf_port" --helo client.example --from a@mta.example --to "$rcpt" >"$dir/swaks" 2>&1 || fail "$(cat "$dir/swaks")"
	postfix_queue_empty 30 || fail "mail is left in the queue"
	id=$(sed -n 's/.*queued as \([0-9A-Za-z]*\).*/\1/p' "$dir/swaks")
	[ -n "$id" ] || fail "no queue id: $(cat "$dir/swaks")"
	grep -q "$id: client=.*\[127.0.0.1\]" "$pf/log" || fail "not in Postfix's log"
	grep -qE "lmtp\($rcpt\).*: saved mail to INBOX \(queue_id=$id, client=[a-z.]+\[127.0.0.1\]\)$" \
		"$loft_log" || fail "$rcpt: no $id"
done

# swaks' --dsn isn't in every version, so the parameters are written by hand.
{ exec 9<>"/dev/tcp/127.0.0.1/$pf_port"; } || fail "connect"
hear() {
	local line=
	while IFS= read -r -t 10 -u 9 line && [[ $line == ???-* ]]; do :; done
	[[ $line == $1* ]] || fail "expected $1, heard $line"
}
hear 220
for line in "EHLO client.example" "MAIL FROM:<bob@test.example> RET=HDRS ENVID=order-7" \
	"RCPT TO:<alice@test.example> NOTIFY=SUCCESS"; do
	printf '%s\r\n' "$line" >&9
	hear 250
done
printf 'DATA\r\n' >&9
hear 354
printf 'Subject: with report\r\n\r\nbody\r\n.\r\nQUIT\r\n' >&9
hear 250
exec 9>&-
report_is_there() {
	grep -rqs '^Original-Envelope-Id: order-7' "$loft_dir/mail/bob/Maildir/new"
}
wait_until 30 report_is_there
report=$(grep -rl '^Original-Envelope-Id: order-7' "$loft_dir/mail/bob/Maildir/new" | head -n 1)
for line in 'Original-Recipient: rfc822; alice@test.example' 'Final-Recipient: rfc822; alice@test.example' \
	'Action: delivered' 'Reporting-MTA: dns; mx.test.example' 'Return-Path: <>'; do
	grep -qxF "$line" "$report" || fail "no '$line' in $(cat "$report")"
done
swaks --server "127.0.0.1:$pf_port" --from a@mta.example --to list@test.example \
	--header "Subject: by an alias" >"$dir/swaks" 2>&1 || fail "$(cat "$dir/swaks")"
postfix_queue_empty 30 || fail "mail is left in the queue"
file=$(grep -l '^Subject: by an alias' "$loft_dir"/mail/alice/Maildir/new/* | head -n 1)
grep -qx 'Delivered-To: list@test.example' "$file" || fail "Delivered-To in $(cat "$file")"
echo ok
