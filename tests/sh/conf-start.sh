#!/bin/bash
# Configurations as people have grown them over the years, started and delivered with; what Loft can't do is told.
. "${srcdir:?}/tests/harness.sh"

old=$scratch/dovecot
mkdir -p "$old/conf.d" "$old/available"
cat >"$old/dovecot.conf" <<'CONF'
## Dovecot configuration file, from 2.0 on
protocols = imap imaps pop3 lmtp managesieve
login_processes_count = 5
login_max_processes_count = 256
auth_process_size = 256
fsync_disable = no
maildir_copy_preserve_filename = yes
ssl = no
ssl_protocols = !SSLv3
ssl_dh_parameters_length = 2048
!include conf.d/*.conf
!include_try local.conf
!include_try /nonexistent/dovecot/*.conf
dict {
  quotadict = mysql:/etc/dovecot/quota.conf
}
CONF
cat >"$old/conf.d/10-master.conf" <<'CONF'
service imap-login {
  user = nosuch-login
  inet_listener imaps {
    port = 993
    ssl=yes
  }
  service_count=1 # one each
}
service auth {
  executable = /usr/lib/dovecot/auth
  unix_listener auth-userdb {
  }
}
service replicator {
  unix_listener replicator-doveadm {
    user = nosuch-vmail
    mode = 0666
  }
}
service aggregator {
  fifo_listener replication-notify-fifo {
    user = nosuch-vmail
  }
}
CONF
cat >"$old/available/lmtp" <<'CONF'
service lmtp {
  executable = /usr/libexec/dovecot/lmtp
  process_min_avail = 2
}
protocol lmtp {
  mail_plugins = $mail_plugins zlib acl
  recipient_delimiter = +
  lmtp_save_to_detail_mailbox = yes
  lda_mailbox_autocreate = yes
}
protocol managesieve {
  mail_plugins = nosuch
}
CONF
ln -s ../available/lmtp "$old/conf.d/20-lmtp.conf"
printf '\xef\xbb\xbf# by hand\r\nnamespace inbox {\r\n  inbox = yes\r\n  separator = .\r\n%s\r\n}\r\n' \
	'  mailbox "Entwürfe" {
    auto = create
  }' >"$old/conf.d/15-mailboxes.conf"
cat >"$old/conf.d/90-db.conf" <<'CONF'
passdb {
  driver = sql
  args = /etc/dovecot/dovecot-sql.conf.ext
}
userdb {
  driver = sql
  args = /etc/dovecot/dovecot-sql.conf.ext
  skip = found
}
plugin {
  sieve = file:~/sieve;active=~/.dovecot.sieve
  quota_exceeded = costs$5 $ or so
}
CONF
for backup in 10-master.conf~ 10-master.conf.dpkg-old .90-db.conf.swp README; do
	echo "this is { no configuration" >"$old/conf.d/$backup"
done

# Ours comes first, so that theirs, which we can't ask, is skipped.
with() {
	loft_conf <<-CONF
		first_valid_uid = 1
		userdb {
		  driver = static
		  args = uid=$loft_uid gid=$loft_gid home=$loft_dir/mail/%n allow_all_users=yes
		}
		!include $old/dovecot.conf
		${1:-}
	CONF
}

echo "- an old tree is included, and delivers"
with
loft_start
loft_send alice+New one >/dev/null || fail "not delivered: $(cat "$loft_log")"
loft_send alice two >/dev/null || fail "not delivered: $(cat "$loft_log")"
[ "$(loft_mails alice)" = 1 ] || fail "no mail in INBOX"
[ "$(find "$loft_dir/mail/alice/Maildir/.New/new" -type f | wc -l)" = 1 ] || fail "no mail in the detail mailbox"
! grep -E ' (Error|Fatal|Panic): ' "$loft_log" || fail "errors"
for told in \
	"dovecot.conf line 2: protocols = .* is an old form" \
	"dovecot.conf line 9: ssl_protocols is obsolete: it is ssl_min_protocol" \
	"10-master.conf line 10: service(auth): .*/libexec/auth is run, not /usr/lib/dovecot/auth" \
	"20-lmtp.conf line 2: service(lmtp): .*/libexec/lmtp is run" \
	"20-lmtp.conf line 6: mail_plugins: Loft has no plugin 'zlib'" \
	"driver sql is not supported"; do
	grep -q "$told" "$loft_log" || fail "not told: $told"
done
! grep -q 'nosuch' "$loft_log" || fail "it cares about others' services: $(grep nosuch "$loft_log")"
[ "$(loft_ctl config -h ssl_min_protocol)" = TLSv1 ] || fail "ssl_protocols"

echo "- a wrong configuration is refused while mail flows, and the old one stays"
for i in 1 2 3 4 5 6; do loft_send bob "$i"; done >"$scratch/sent" 2>&1 &
sender=$!
for wrong in 'hostnam = x' 'plugin {' '!include nosuch.conf' 'service lmtp { user = x }'; do
	with "$wrong"
	loft_ctl reload >"$scratch/out" 2>"$scratch/err"
	[ $? != 0 ] || fail "taken: $wrong"
	grep -q "^$loft_file line [0-9]*: " "$scratch/out" "$scratch/err" || fail "$wrong: $(cat "$scratch/out" "$scratch/err")"
done
wait "$sender" || fail "refused: $(cat "$scratch/sent")"
[ "$(loft_mails bob)" = 6 ] || fail "$(loft_mails bob) of 6 came"
loft_stop || fail "stop"

echo "- a format that Loft can't write is told, and mail kept away"
loft_conf <<<"mail_location = mdbox:~/mdbox"
loft_start
grep -q "mail_location: Loft can't write mdbox" "$loft_log" || fail "not told"
loft_send alice one >"$scratch/out" 2>&1
[ $? = 75 ] || fail "mdbox: $(cat "$scratch/out")"
loft_stop || fail "stop"

echo "- who may not read the configuration"
chmod 0 "$loft_file"
run=()
if [ "$(id -u)" = 0 ]; then
	chmod 600 "$loft_file"
	run=(setpriv --reuid 65534 --regid 65534 --clear-groups)
fi
"${run[@]}" "$builddir/lda/loft-lda" -c "$loft_file" </dev/null 2>"$scratch/err"
status=$?
[ $status = 75 ] || fail "loft-lda ends with $status: $(cat "$scratch/err")"
grep -q "$loft_file: can't read: Permission denied" "$scratch/err" || fail "loft-lda: $(cat "$scratch/err")"
"${run[@]}" "$builddir/ctl/loftctl" -c "$loft_file" config -n >/dev/null 2>"$scratch/err"
[ $? = 89 ] || fail "loftctl: $(cat "$scratch/err")"
chmod 600 "$loft_file"
