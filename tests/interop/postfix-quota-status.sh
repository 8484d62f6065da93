#!/bin/bash
# The real Postfix asks quota-status at RCPT (check_policy_service, over a unix socket in its spool): full,
# unknown and large are refused before DATA, trouble is deferred, and a busy Postfix gets all its answers.
. "${srcdir:?}/tests/harness.sh"
. "$srcdir/tests/interop/postfix-lib.sh"
postfix_need

cleanup_add postfix_stop
postfix_setup "$scratch/postfix" "$(free_port)"
postfix_conf "virtual_mailbox_domains = test.example" \
	"virtual_transport = lmtp:unix:private/dovecot-lmtp" \
	"smtpd_recipient_restrictions = check_policy_service { unix:private/quota-status, default_action=451_down }, permit_mynetworks, reject" \
	"smtpd_delay_reject = no" "smtpd_client_restrictions =" "recipient_delimiter = +"
postfix_folders || fail "postfix check"

user() {
	echo "$1@test.example:{PLAIN}x:$loft_uid:$loft_gid::$loft_dir/mail/$1::${2:-}" >>"$scratch/users"
}
user alice
user bob 'userdb_quota_rule=*:storage=2K'
user wrong 'userdb_quota_rule=*:storage=fnord'
loft_conf <<-CONF
	first_valid_uid = 1
	mail_plugins = quota
	userdb {
	  driver = passwd-file
	  args = $scratch/users
	}
	plugin {
	  quota = maildir:User quota
	  quota_rule = *:storage=10M
	}
	service lmtp {
	  unix_listener $pf/queue/private/dovecot-lmtp {
	    user = postfix
	  }
	}
	service quota-status {
	  executable = quota-status -p postfix
	  client_limit = 1
	  unix_listener $pf/queue/private/quota-status {
	    user = postfix
	  }
	}
CONF
loft_start
postfix_start || fail "Postfix did not start"

# rcpt RECIPIENT SIZE REPLY
rcpt() {
	lmtp_open "$pf_port" || fail "no connection"
	lmtp_hear '^220 '
	lmtp_say 'EHLO client.example'
	lmtp_hear '^250 '
	lmtp_say "MAIL FROM:<sender@client.example> SIZE=$2"
	lmtp_hear '^250 '
	lmtp_say "RCPT TO:<$1>"
	lmtp_hear "$3" 20
	lmtp_say QUIT
	lmtp_close
}
rcpt alice@test.example 1000 '^250 2\.1\.5 '
rcpt alice+detail@test.example 1000 '^250 2\.1\.5 '
rcpt '"alice"@test.example' 1000 '^250 2\.1\.5 '
rcpt bob@test.example 1000 '^250 2\.1\.5 '
rcpt bob@test.example 5000 '^554 5\.2\.2 <bob@test\.example>: .*Quota exceeded \(mailbox for user is full\)$'
rcpt nosuch@test.example 1000 '^554 5\.7\.1 <nosuch@test\.example>: .*Unknown user$'
rcpt '"no such"@test.example' 1000 '^554 5\.7\.1 .*Unknown user$'
rcpt wrong@test.example 1000 '^450 4\.7\.1 .*Temporary internal error$'
echo "asked: each kind"

smtp-source -m 60 -s 12 -l 500 -f sender@mta.example -t alice@test.example "127.0.0.1:$pf_port" || fail "smtp-source"
postfix_queue_empty 60 || fail "mail is left in the queue"
[ "$(loft_mails alice)" = 60 ] || fail "alice has $(loft_mails alice) messages"
echo "delivered: 60"

loft_stop || fail "stop"
rcpt alice@test.example 1000 '^451 '
if grep -E '(Panic|killed with signal)' "$loft_log"; then
	fail "a worker died"
fi
exit 0
