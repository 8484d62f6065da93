#!/bin/bash
# Postfix tells its queue id and its client (XFORWARD) over its unix socket and over TCP: one search finds its log
# lines and Loft's.
. "${srcdir:?}/tests/harness.sh"
. "$srcdir/tests/interop/postfix-lib.sh"
postfix_need

dir=$scratch
port=$(free_port)
cleanup_add postfix_stop
postfix_setup "$dir/postfix" "$(free_port)"
postfix_conf "virtual_mailbox_domains = test.example, tcp.example" \
	"transport_maps = inline:{ test.example=lmtp:unix:private/loft, tcp.example=lmtp:inet:127.0.0.1:$port }" \
	"lmtp_send_xforward_command = yes"
postfix_folders || fail "postfix check"
loft_conf <<-CONF
	login_trusted_networks = 127.0.0.0/8
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
echo ok
