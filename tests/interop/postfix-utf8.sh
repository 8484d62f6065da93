#!/bin/bash
# Postfix hands on mail with UTF-8 in its addresses (SMTPUTF8), over a socket in its spool and over TCP, with a
# delivery report asked for; a user whose name is UTF-8, and an address that nobody has.
. "${srcdir:?}/tests/harness.sh"
. "$srcdir/tests/interop/postfix-lib.sh"
postfix_need

dir=$scratch
port=$(free_port)
cleanup_add postfix_stop
postfix_setup "$dir/postfix" "$(free_port)"
postfix_conf "virtual_mailbox_domains = test.example, tcp.example, grüße.example" "smtputf8_enable = yes" \
	"transport_maps = inline:{ test.example=lmtp:unix:private/loft, tcp.example=lmtp:inet:127.0.0.1:$port, grüße.example=lmtp:unix:private/loft }"
postfix_folders || fail "postfix check"
mkdir -p "$loft_dir"
for user in alice bób sender; do
	echo "$user::$loft_uid:$loft_gid::$loft_dir/mail/$user::"
done >"$dir/users"
chmod 644 "$dir/users"
loft_conf <<-CONF
	first_valid_uid = 1
	auth_username_chars =
	submission_host = 127.0.0.1:$pf_port
	userdb {
	  driver = passwd-file
	  args = username_format=%n $dir/users
	}
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

hear() {
	local line=
	while IFS= read -r -t 10 -u 9 line && [[ $line == ???-* ]]; do :; done
	[[ $line == $1* ]] || fail "expected $1, heard $line"
}
# send SENDER RECIPIENT SUBJECT RCPT-PARAMETERS
send() {
	{ exec 9<>"/dev/tcp/127.0.0.1/$pf_port"; } || fail "connect"
	hear 220
	for line in "EHLO client.example" "MAIL FROM:<$1> SMTPUTF8 BODY=8BITMIME" "RCPT TO:<$2>${4:-}"; do
		printf '%s\r\n' "$line" >&9
		hear 250
	done
	printf 'DATA\r\n' >&9
	hear 354
	printf 'From: <%s>\r\nTo: <%s>\r\nSubject: %s\r\n\r\ngrüße\r\n.\r\nQUIT\r\n' "$1" "$2" "$3" >&9
	hear 250
	exec 9>&-
}
has() { # USER PATTERN
	wait_until 30 grep -rqsE -- "$2" "$loft_dir/mail/$1/Maildir/new"
}

send séndér@mta.example bób@test.example socket
has bób '^Subject: socket$'
has bób '^Return-Path: <séndér@mta\.example>$'
has bób '^Delivered-To: bób@test\.example$'
has bób '^	by mx\.test\.example with UTF8LMTP$'
send séndér@mta.example bób@tcp.example tcp
has bób '^Subject: tcp$'
send séndér@mta.example alice@grüße.example domain
has alice '^Delivered-To: alice@grüße\.example$'
send sender@test.example bób@test.example reported ' NOTIFY=SUCCESS'
has sender '^Final-Recipient: .*b'
has sender '^Action: delivered$'
send séndér@mta.example älice@test.example nobody
postfix_queue_empty 30 || fail "mail is left in the queue"
grep -q 'to=<älice@test.example>.*dsn=5\.1\.1.*User doesn.t exist: älice@test.example' "$pf/log" || fail "$(tail "$pf/log")"
! grep -E 'Panic|Fatal|killed with' "$loft_log" || fail "errors in the log"
echo ok
