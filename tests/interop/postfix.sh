#!/bin/bash
# The real Postfix delivers through a unix socket in its spool: 1,000 messages to 10 virtual users of
# different uids, nothing is lost, and Dovecot's IMAP server reads them; then address verification with the
# 550 text of RCPT, and a user who appears without a restart.
. "${srcdir:?}/tests/harness.sh"
. "$srcdir/tests/interop/postfix-lib.sh"
postfix_need

users=10 each=100 first_uid=61000
dir=$scratch
cleanup_add postfix_stop
postfix_setup "$dir/postfix" "$(free_port)"
postfix_conf "virtual_mailbox_domains = test.example" \
	"virtual_transport = lmtp:unix:private/dovecot-lmtp" \
	"smtpd_recipient_restrictions = reject_unverified_recipient, permit_mynetworks, reject" \
	"address_verify_map ="
postfix_folders || fail "postfix check"

mkdir "$dir/mail"
for ((i = 0; i < users; i++)); do
	echo "user$i@test.example::$((first_uid + i)):$((first_uid + i))::$dir/mail/user$i" >>"$dir/users"
	mkdir "$dir/mail/user$i"
	chown $((first_uid + i)):$((first_uid + i)) "$dir/mail/user$i"
done
loft_conf <<-CONF
	mail_location = maildir:~/Maildir
	userdb {
	  driver = passwd-file
	  args = $dir/users
	}
	service lmtp {
	  process_min_avail = 4
	  unix_listener $dir/postfix/queue/private/dovecot-lmtp {
	    mode = 0600
	    user = postfix
	    group = postfix
	  }
	}
CONF
loft_start
postfix_start || fail "Postfix did not start"

# 1,000 messages
for ((i = 0; i < users; i++)); do
	smtp-source -m $each -s 5 -l 4000 -f sender@mta.example -t "user$i@test.example" \
		"127.0.0.1:$pf_port" || fail "smtp-source"
done
postfix_queue_empty 120 || fail "mail is left in the queue"
for ((i = 0; i < users; i++)); do
	box=$dir/mail/user$i/Maildir
	n=$(find "$box/new" -type f | wc -l)
	[ "$n" = $each ] || fail "user$i has $n messages instead of $each"
	[ -z "$(find "$box/tmp" -type f)" ] || fail "something is left in user$i's tmp/"
	[ -z "$(find "$box" ! -uid $((first_uid + i)))" ] || fail "user$i has files that are not his"
done
echo "delivered: $((users * each))"
[ "$(grep -c 'saved mail to INBOX' "$loft_log")" = $((users * each)) ] || fail "log lines are missing"
file=$(find "$dir/mail/user3/Maildir/new" -type f | head -n 1)
grep -q '^Delivered-To: user3@test.example$' "$file" || fail "no Delivered-To in $file"
grep -q '^Return-Path: <sender@mta.example>$' "$file" || fail "no Return-Path in $file"
size=$(stat -c %s "$file")
[[ $file == *,S=$size,W=$((size + $(wc -l <"$file"))) ]] || fail "sizes in the name are wrong: $file"

# Dovecot's IMAP server reads them.
if [ -x /usr/lib/dovecot/imap ]; then
	cat >"$dir/dovecot.conf" <<-CONF
		base_dir = $dir/dovecot
		mail_location = maildir:~/Maildir
		log_path = /dev/stderr
		first_valid_uid = 1
		ssl = no
	CONF
	printf '1 select INBOX\r\n2 fetch 1:* (RFC822.SIZE BODY.PEEK[HEADER.FIELDS (Return-Path)])\r\n3 logout\r\n' |
		env -i USER=user3 HOME="$dir/mail/user3" setpriv --reuid=$((first_uid + 3)) \
			--regid=$((first_uid + 3)) --clear-groups \
			/usr/lib/dovecot/imap -c "$dir/dovecot.conf" >"$dir/imap.out" 2>"$dir/imap.err"
	grep -q "^\* $each EXISTS" "$dir/imap.out" || fail "imap: $(cat "$dir/imap.out" "$dir/imap.err")"
	[ "$(grep -c '^Return-Path: <sender@mta.example>' "$dir/imap.out")" = $each ] ||
		fail "imap did not read all messages"
	grep -q '^3 OK' "$dir/imap.out" || fail "imap: $(tail "$dir/imap.out" "$dir/imap.err")"
	echo "Dovecot's IMAP server read $each messages"
else
	echo "Dovecot's imap is not installed: not read by it"
fi

# Address verification: the text of 550 at RCPT comes through; Postfix makes 450 of it.
swaks --server "127.0.0.1:$pf_port" --from a@mta.example --to nobody@test.example --quit-after RCPT \
	>"$dir/swaks" 2>&1
grep -q "<\*\* 450 4.1.1 .*550 5.1.1 <nobody@test.example> User doesn't exist: nobody@test.example" \
	"$dir/swaks" || fail "no 550 text at the probe: $(cat "$dir/swaks")"
swaks --server "127.0.0.1:$pf_port" --from a@mta.example --to user1@test.example --quit-after RCPT \
	>"$dir/swaks" 2>&1 || fail "a known user was refused: $(cat "$dir/swaks")"

# A user who is added counts at once; a broken userdb keeps the mail in Postfix's queue.
echo "late@test.example::$first_uid:$first_uid::$dir/mail/user0" >>"$dir/users"
mv "$dir/users" "$dir/users.away"
swaks --server "127.0.0.1:$pf_port" --from a@mta.example --to user1@test.example --silent \
	--body "while auth's file is away" >"$dir/swaks" 2>&1
mv "$dir/users.away" "$dir/users"
postqueue -c "$pf/etc" -f
swaks --server "127.0.0.1:$pf_port" --from a@mta.example --to late@test.example --body late \
	>"$dir/swaks" 2>&1 || fail "the new user was refused: $(cat "$dir/swaks")"
postfix_queue_empty 30 || fail "mail is left in the queue"
[ "$(find "$dir/mail/user0/Maildir/new" "$dir/mail/user0/Maildir/cur" -type f | wc -l)" = $((each + 1)) ] ||
	fail "the late user's message is not there"
[ -z "$(postqueue -c "$pf/etc" -j)" ] || fail "the queue is not empty"
echo ok
