#!/bin/bash
# The real Postfix gives mail to loft-lda by pipe(8), as loft-lda(1) shows it: virtual users of one uid. Full mailboxes
# are told by a rejection mail through submission_host, by Postfix's own bounce (-e), or wait (quota_full_tempfail).
. "${srcdir:?}/tests/harness.sh"
. "$srcdir/tests/interop/postfix-lib.sh"
postfix_need

dir=$scratch
vmail=$loft_uid
loft_conf <<-CONF
	loft_services = auth
	recipient_delimiter = +
	mail_plugins = quota
	plugin {
	  quota = maildir:User quota
	  quota_grace = 0
	}
	first_valid_uid = 1
	userdb {
	  driver = passwd-file
	  args = $dir/users
	}
	service auth {
	  unix_listener auth-userdb {
	    mode = 0666
	  }
	}
CONF
for user in alice sender; do
	echo "$user@virt.example::$vmail:$loft_gid::$loft_dir/mail/$user::"
done >"$dir/users"
for user in full full-e full-later; do
	echo "$user@virt.example::$vmail:$loft_gid::$loft_dir/mail/$user::userdb_quota_rule=*:storage=1k"
done >>"$dir/users"
chmod 644 "$dir/users"
mkdir -p "$loft_dir/mail"
: >"$loft_log"
chmod 666 "$loft_log"
cp "$builddir/lda/loft-lda" "$dir/loft-lda"

cleanup_add postfix_stop
postfix_setup "$dir/postfix" "$(free_port)"
cp "$loft_file" "$dir/lda.conf"
echo "submission_host = 127.0.0.1:$pf_port" >>"$dir/lda.conf"
chmod 644 "$dir/lda.conf" "$loft_file"
for way in "loft " "loft-e -e" "loft-later -o quota_full_tempfail=yes"; do
	cat >>"$pf/etc/master.cf" <<-CF
		${way%% *} unix - n n - - pipe
		  flags=DRhu user=#$vmail argv=$dir/loft-lda -c $dir/lda.conf ${way#* }
		  -f \${sender} -a \${original_recipient} -d \${user}@\${nexthop}
	CF
done
# pipe(8) wants a name, not a number.
name=$(getent passwd nobody | cut -d: -f1)
group=$(id -gn "$name")
sed -i "s/user=#$vmail/user=$name:$group/" "$pf/etc/master.cf"
sed -i "s/:$vmail:$loft_gid:/:$(id -u "$name"):$(id -g "$name"):/" "$dir/users"
chown "$name:$group" "$loft_dir/mail"
printf '%s\n' 'full-e@virt.example loft-e:virt.example' 'full-later@virt.example loft-later:virt.example' >"$dir/transport"
postfix_conf "virtual_mailbox_domains=virt.example" "virtual_transport=loft" "transport_maps=texthash:$dir/transport" \
	"loft_destination_recipient_limit=1" "loft-e_destination_recipient_limit=1" \
	"loft-later_destination_recipient_limit=1" "debug_peer_list=" "virtual_mailbox_maps=static:all"
loft_start
postfix_start || fail "Postfix did not start"

send() { # FROM TO
	swaks --server "127.0.0.1:$pf_port" --from "$1" --to "$2" --h-Subject "to $2" --body "$(seq 1000)" \
		>"$dir/swaks" 2>&1 || fail "$2: $(cat "$dir/swaks")"
}
trouble() {
	fail "$1: $(tail -n 20 "$pf/log")"
}
mails() {
	find "$loft_dir/mail/$1/Maildir/new" -type f 2>/dev/null | wc -l
}
has_mails() {
	[ "$(mails "$1")" = "$2" ]
}
last() {
	cat "$(find "$loft_dir/mail/$1/Maildir/new" -type f -newer "$dir/stamp" | tail -n 1)"
}

echo "- stored"
send sender@virt.example alice@virt.example
postfix_queue_empty 30 || trouble "alice"
file=$(find "$loft_dir/mail/alice/Maildir/new" -type f)
grep -q '^Return-Path: <sender@virt.example>' "$file" || trouble "Return-Path"
grep -q '^Delivered-To: alice@virt.example' "$file" || trouble "Delivered-To"
grep -q 'lda(alice@virt.example)<.*saved mail to INBOX' "$loft_log" || fail "log"

echo "- full: a rejection mail"
touch "$dir/stamp"
send sender@virt.example full@virt.example
wait_until 30 has_mails sender 1
last sender >"$dir/mail"
for line in '^Return-Path: <MAILER-DAEMON>' '^From: Postmaster <postmaster@virt.example>' '^Status: 5\.2\.2' \
	'^Subject: Rejected: to full@virt.example' '^Final-Recipient: rfc822; full@virt.example' \
	'^Quota exceeded (mailbox for user is full)'; do
	grep -q "$line" "$dir/mail" || fail "no $line in $(cat "$dir/mail")"
done
[ "$(mails full)" = 0 ] || fail "it was stored"
# a bounce that bounces is the end
send "<>" full@virt.example
postfix_queue_empty 30 || trouble "the null sender"
grep -q 'Message from a program discarded: Quota exceeded' "$loft_log" || fail "null sender: $(cat "$loft_log")"

echo "- full, with -e: Postfix's own bounce"
touch "$dir/stamp"
send sender@virt.example full-e@virt.example
wait_until 30 has_mails sender 2
last sender >"$dir/mail"
grep -q 'Mail Delivery System' "$dir/mail" || fail "not Postfix's: $(cat "$dir/mail")"
grep -q 'Quota exceeded (mailbox for user' "$dir/mail" || fail "no reason: $(cat "$dir/mail")"

echo "- full, to wait"
send sender@virt.example full-later@virt.example
wait_until 30 grep -q 'to=<full-later@virt.example>.*status=deferred' "$pf/log"
[ "$(mails sender)" = 2 ] || fail "somebody told the sender"

echo "- no such user"
touch "$dir/stamp"
send sender@virt.example nobody@virt.example
wait_until 30 has_mails sender 3
last sender | grep -q -i 'user unknown' || fail "no reason: $(last sender)"
echo ok
