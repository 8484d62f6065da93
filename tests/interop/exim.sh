#!/bin/bash
# The real Exim: its lmtp transport by socket and by command, its smtp transport with protocol = lmtp (BDAT), and
# callout verification. Its package conflicts with other MTAs, so it is unpacked beside the system: from
# $LOFT_TEST_PACKAGES, a directory of .deb files that ./check fills.
. "${srcdir:?}/tests/harness.sh"
. "$srcdir/tests/interop/packages-lib.sh"
packages_need exim4-daemon-light
own_mounts || skip "no mount namespaces here"

# Its configuration is in its own /etc, because one named by -C costs it its rights.
dir=$scratch
packages_unpack "$dir/root" exim4-daemon-light libdb5.3 libgnutls-dane0 libidn12 libnsl2 libunbound8
packages_etc "$dir/etc" "Debian-exim 61250"
mkdir -p "$dir/etc/exim4"
exim=$dir/root/usr/sbin/exim4
ldd "$exim" | grep 'not found' && skip "a library of Exim's is missing"

packages_loft "lmtp_save_to_detail_mailbox = yes" "lda_mailbox_autocreate = yes"

mkdir "$dir/exim" "$dir/exim/spool" "$dir/exim/log"
chown 61250:61250 "$dir/exim/spool" "$dir/exim/log"
cat >"$dir/etc/exim4/exim4.conf" <<-CONF
	exim_path = $exim
	exim_user = Debian-exim
	exim_group = Debian-exim
	spool_directory = $dir/exim/spool
	log_file_path = $dir/exim/log/%slog
	primary_hostname = mta.example
	acl_smtp_rcpt = check_rcpt
	keep_environment =
	begin acl
	check_rcpt:
	  require verify = recipient/callout=10s,no_cache
	  accept
	begin routers
	by_socket:
	  driver = accept
	  domains = socket.example
	  transport = lmtp_socket
	by_command:
	  driver = accept
	  domains = command.example
	  transport = lmtp_command
	with_affix:
	  driver = accept
	  domains = affix.example
	  local_part_suffix = +*
	  local_part_suffix_optional
	  transport = lmtp_affix
	by_tcp:
	  driver = manualroute
	  domains = tcp.example
	  route_list = * 127.0.0.1
	  self = send
	  transport = lmtp_tcp
	begin transports
	lmtp_socket:
	  driver = lmtp
	  socket = $loft_socket
	  batch_max = 10
	  ignore_quota
	  user = $loft_uid
	  group = $loft_gid
	lmtp_affix:
	  driver = lmtp
	  socket = $loft_socket
	  rcpt_include_affixes
	  user = $loft_uid
	  group = $loft_gid
	lmtp_command:
	  driver = lmtp
	  command = $builddir/lmtp/lmtp -c $loft_file
	  user = $loft_uid
	  group = $loft_gid
	lmtp_tcp:
	  driver = smtp
	  protocol = lmtp
	  port = $port
	  hosts_try_chunking = *
	  hosts_try_fastopen =
	begin retry
	* * F,1h,1m
CONF
chmod 644 "$dir/etc/exim4/exim4.conf"
run_exim() {
	timeout 60 "$exim" "$@"
}
run_exim -bV >"$dir/version" 2>&1 || fail "exim -bV: $(cat "$dir/version")"
head -n 1 "$dir/version"
loft_start

has_mail() { # USER SUBJECT
	grep -rqsx "Subject: $2" "$loft_dir/mail/$1/Maildir/new"
}

for way in socket command tcp; do
	echo "- by $way"
	printf 'Subject: by %s\n\nbody\n.\n..dots\nend\n' "$way" |
		run_exim -odf -oi -f sender@mta.example "alice@$way.example" "bob@$way.example" \
			"nosuch@$way.example" >"$dir/out" 2>&1 || fail "exim: $(cat "$dir/out" "$dir"/exim/log/*)"
	for user in alice bob; do
		has_mail $user "by $way" || fail "$user has no mail by $way: $(cat "$dir/out" "$dir"/exim/log/*)"
	done
	# Nobody of that name: bounced for good, with Loft's words.
	grep -q "\*\* nosuch@$way.example .*550 5.1.1 <nosuch@$way.example> User doesn't exist: nosuch" \
		"$dir/exim/log/mainlog" || fail "no bounce: $(cat "$dir/exim/log/mainlog")"
done
file=$(grep -rlx 'Subject: by tcp' "$loft_dir/mail/alice/Maildir/new" | head -n 1)
[ "$(sed '1,/^$/d' "$file")" = "$(printf 'body\n.\n..dots\nend')" ] || fail "$(cat "$file")"
grep -q 'with LMTP' "$file" || fail "Received: $(cat "$file")"

echo "- details that Exim keeps (rcpt_include_affixes)"
printf 'Subject: with detail\n\nbody\n' | run_exim -odf -oi -f sender@mta.example alice+work@affix.example \
	>"$dir/out" 2>&1 || fail "exim: $(cat "$dir/out" "$dir"/exim/log/*)"
grep -rqsx 'Subject: with detail' "$loft_dir/mail/alice/Maildir/.work/new" || fail "no mail in work: $(cat "$dir"/exim/log/*)"

echo "- callout verification"
printf 'EHLO client.example\r\nMAIL FROM:<a@mta.example>\r\nRCPT TO:<alice@tcp.example>\r\nRCPT TO:<nosuch@tcp.example>\r\nQUIT\r\n' |
	run_exim -bhc 192.0.2.1 >"$dir/out" 2>"$dir/err" || fail "exim -bhc: $(cat "$dir/err")"
grep -q '^250 Accepted' "$dir/out" || fail "alice: $(cat "$dir/out" "$dir/err")"
grep -q '^550' "$dir/out" || fail "nosuch: $(cat "$dir/out" "$dir/err")"
! has_mail nosuch . || fail "mail for nobody"
! grep -E 'Panic|Fatal' "$loft_log" || fail "errors in the log"
echo ok
