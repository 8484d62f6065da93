#!/bin/bash
# The real OpenSMTPD: its lmtp action by socket and by TCP, with the user's name and with the whole address (rcpt-to).
# Its package conflicts with other MTAs, so it is unpacked and lives in a mount namespace with its own /etc and spool.
. "${srcdir:?}/tests/harness.sh"
. "$srcdir/tests/interop/packages-lib.sh"
packages_need opensmtpd
own_mounts || skip "no mount namespaces here"

dir=$scratch
packages_unpack "$dir/root" opensmtpd libdb5.3
packages_etc "$dir/etc" "opensmtpd 61251" "opensmtpq 61252" "alice 61253" "bob 61254"
# Its paths are built in.
mkdir -p "$dir/spool" "$dir/lib/opensmtpd/empty" "$dir/run" "$dir/libexec"
cp -a "$dir/root/usr/libexec/opensmtpd" "$dir/libexec/"
mount --bind "$dir/spool" /var/spool && mount --bind "$dir/lib" /var/lib && mount --bind "$dir/run" /run &&
	packages_mount "$dir/libexec" /usr/libexec || skip "cannot bind-mount"
smtpd=$dir/root/usr/sbin/smtpd
ldd "$smtpd" | grep 'not found' && skip "a library of OpenSMTPD's is missing"
mkdir -p /var/spool/smtpd
chmod 711 /var/spool/smtpd

mta_port=$(free_port)
packages_loft
cat >"$dir/smtpd.conf" <<-CONF
	queue ttl 1h
	listen on 127.0.0.1 port $mta_port hostname mta.example
	action by_socket lmtp "$loft_socket"
	action by_socket_rcpt lmtp "$loft_socket" rcpt-to
	action by_tcp lmtp "127.0.0.1:$port"
	action by_tcp_rcpt lmtp "127.0.0.1:$port" rcpt-to
	match from any for domain socket.example action by_socket
	match from any for domain socket-rcpt.example action by_socket_rcpt
	match from any for domain tcp.example action by_tcp
	match from any for domain tcp-rcpt.example action by_tcp_rcpt
CONF
chmod 644 "$dir/smtpd.conf"
loft_start
"$smtpd" -d -f "$dir/smtpd.conf" >"$dir/smtpd.log" 2>&1 </dev/null &
smtpd_pid=$!
stop_smtpd() {
	kill "$smtpd_pid" 2>/dev/null && wait "$smtpd_pid" 2>/dev/null
}
cleanup_add stop_smtpd
is_open() {
	(: <"/dev/tcp/127.0.0.1/$mta_port") 2>/dev/null
}
for ((i = 0; i < 100; i++)); do
	is_open && break
	kill -0 $smtpd_pid 2>/dev/null || fail "smtpd: $(cat "$dir/smtpd.log")"
	sleep 0.1
done
is_open || fail "smtpd: $(cat "$dir/smtpd.log")"

has_mail() { # USER SUBJECT
	grep -rqsx "Subject: $2" "$loft_dir/mail/$1/Maildir/new"
}
for way in socket tcp socket-rcpt tcp-rcpt; do
	echo "- $way"
	printf 'Subject: by %s\n\nbody\n.\n..dots\nend\n' $way |
		"$builddir/ctl/loft-send" --smtp --host 127.0.0.1 --port "$mta_port" -f sender@mta.example \
			alice@$way.example bob@$way.example >"$dir/out" 2>&1 || fail "$(cat "$dir/out" "$dir/smtpd.log")"
	for user in alice bob; do
		for ((i = 0; i < 150; i++)); do
			has_mail $user "by $way" && break
			sleep 0.1
		done
		has_mail $user "by $way" || fail "$user: $(cat "$dir/smtpd.log")"
	done
	file=$(grep -rlx "Subject: by $way" "$loft_dir/mail/alice/Maildir/new" | head -n 1)
	[ "$(sed '1,/^$/d' "$file")" = "$(printf 'body\n.\n..dots\nend')" ] || fail "$(cat "$file")"
	want=alice
	[[ $way != *-rcpt ]] || want=alice@$way.example
	grep -qx "Delivered-To: $want" "$file" || fail "not to $want: $(cat "$file")"
	grep -qx 'Return-Path: <sender@mta.example>' "$file" || fail "$(cat "$file")"
done
! grep -E 'Panic|Fatal|killed with' "$loft_log" || fail "errors in the log"
echo ok
