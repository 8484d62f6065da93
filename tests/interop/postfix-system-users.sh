#!/bin/bash
# System users as Postfix's mailbox_transport hands them over, `mail_location = maildir:~/.maildir`, with a
# passwd file of the test's own (in a mount namespace, so that the system's stays as it is).
. "${srcdir:?}/tests/harness.sh"
. "$srcdir/tests/interop/postfix-lib.sh"
postfix_need
own_mounts || skip "no mount namespaces here"

dir=$scratch
mkdir -p "$dir/home/anna" "$dir/home/ben"
cp /etc/passwd "$dir/passwd"
cp /etc/group "$dir/group"
printf 'anna:x:61001:61001::%s:/bin/sh\nben:x:61002:61002::%s:/bin/sh\n' "$dir/home/anna" "$dir/home/ben" \
	>>"$dir/passwd"
printf 'anna:x:61001:\nben:x:61002:\n' >>"$dir/group"
chown 61001:61001 "$dir/home/anna"
chown 61002:61002 "$dir/home/ben"
chmod 644 "$dir/passwd" "$dir/group"
mount --bind "$dir/passwd" /etc/passwd && mount --bind "$dir/group" /etc/group || skip "cannot bind-mount"

cleanup_add postfix_stop
postfix_setup "$dir/postfix" "$(free_port)"
postfix_conf "mailbox_transport = lmtp:unix:private/dovecot-lmtp"
postfix_folders || fail "postfix check"
loft_conf <<-CONF
	mail_location = maildir:~/.maildir
	auth_username_format = %Ln
	recipient_delimiter = +
	lmtp_save_to_detail_mailbox = yes
	lda_mailbox_autocreate = yes
	userdb {
	  driver = passwd
	}
	service lmtp {
	  unix_listener $dir/postfix/queue/private/dovecot-lmtp {
	    mode = 0600
	    user = postfix
	    group = postfix
	  }
	}
CONF
loft_start
postfix_start || fail "Postfix did not start"
for rcpt in anna@sys.example ben@sys.example Anna+lists@sys.example; do
	swaks --server "127.0.0.1:$pf_port" --from a@mta.example --to "$rcpt" --body x >"$dir/swaks" 2>&1 ||
		fail "$rcpt: $(cat "$dir/swaks")"
done
postfix_queue_empty 30 || fail "mail is left in the queue"
for box in anna/.maildir anna/.maildir/.lists ben/.maildir; do
	[ "$(find "$dir/home/$box/new" -type f | wc -l)" = 1 ] || fail "$box: $(find "$dir/home" -type f)"
done
[ -z "$(find "$dir/home/anna" ! -uid 61001)" ] || fail "files that are not anna's"
echo ok
