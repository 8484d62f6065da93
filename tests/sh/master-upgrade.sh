#!/bin/bash
# A reload with another program in place of the master: it is executed with the same pid, and neither sessions
# nor clients notice.
. "${srcdir:?}/tests/harness.sh"

port=$(free_port)
conf() {
	loft_conf_tcp "process_min_avail = 2" "login_greeting = $1"
}
# Another file with the same content: another program to the master.
install_master() {
	cp "$builddir/master/loft" "$scratch/loft.new"
	mv "$scratch/loft.new" "$scratch/loft.bin"
}
inode_of_master() {
	stat -L -c %i "/proc/$loft_pid/exe"
}
inode_is_new() {
	[ "$(inode_of_master)" = "$(stat -c %i "$scratch/loft.bin")" ]
}
fds_of_master() {
	find "/proc/$loft_pid/fd" -mindepth 1 -printf '%l\n' 2>/dev/null | sed 's/\[[0-9]*\]//' | sort | uniq -c
}
replaced() {
	local new
	new=$(loft_pids "$1" | head -n 1)
	[ -n "$new" ] && [ "$new" != "$2" ]
}

install_master
loft_program=$scratch/loft.bin
conf one
loft_start
before=$(fds_of_master)
lmtp_open "$port" || fail "no connection"
lmtp_hear '^220 mx.test.example one'
lmtp_say 'LHLO x'
lmtp_hear '^250 '
lmtp_say 'MAIL FROM:<a@b.example>'
lmtp_hear '^250 '
old=$lmtp_fd

echo "- the same program is not executed again"
loft_ctl reload || fail "reload"
grep -q 'goes on in place' "$loft_log" && fail "executed for nothing"

echo "- another one is, under load"
(
	n=0
	while [ -d "$scratch" ] && [ ! -e "$scratch/enough" ]; do
		n=$((n + 1))
		loft_send bob "u$n" >/dev/null && echo "u$n" >>"$scratch/acked"
	done
) >"$scratch/sender" 2>&1 &
sender=$!
for i in 1 2 3 4 5; do
	install_master
	inode_is_new && fail "inode did not change"
	conf "round$i"
	loft_ctl reload || fail "reload $i"
	wait_until 5 inode_is_new
	wait_until 5 loft_ready
	saved=$lmtp_fd
	lmtp_open "$port" || fail "no connection after upgrade $i"
	lmtp_hear "^220 mx.test.example round$i"
	lmtp_close
	lmtp_fd=$saved
done
: >"$scratch/enough"
wait $sender
[ ! -s "$scratch/sender" ] || fail "a delivery failed: $(head -n 3 "$scratch/sender")"
[ "$(loft_mails bob)" = "$(wc -l <"$scratch/acked")" ] || fail "messages are missing"
[ "$(cat "$loft_dir/run/master.pid")" = "$loft_pid" ] || fail "pid file"
[ "$(grep -c 'goes on in place' "$loft_log")" = 5 ] || fail "not five upgrades in the log"
[ "$before" = "$(fds_of_master)" ] || fail "descriptors before and after: $(diff <(echo "$before") <(fds_of_master))"

echo "- a session from before goes on; its process is known"
loft_ctl -f tab process status | awk -F '\t' '$3 == "worker" && $5 == "old"' | grep -q . || fail "the old worker is not known"
lmtp_fd=$old
lmtp_say 'RCPT TO:<alice@test.example>'
lmtp_hear '^250 '
lmtp_say DATA
lmtp_hear '^354 '
lmtp_say $'Subject: x\r\n\r\nbody\r\n.'
lmtp_hear '^250 2.0.0 <alice@test.example> '
lmtp_say QUIT
lmtp_hear '^221 '
lmtp_close

echo "- children are still watched, a second instance is still refused"
for kind in worker template daemon log; do
	pid=$(loft_pids "$kind" | head -n 1)
	kill -KILL "$pid"
	wait_until 5 replaced "$kind" "$pid"
done
"$builddir/master/loft" -F -c "$loft_file" >"$scratch/out" 2>&1 && fail "a second instance started"
grep -q "already running with PID $loft_pid" "$scratch/out" || fail "$(cat "$scratch/out")"
loft_send alice after >/dev/null || fail "no delivery"

echo "- a program that doesn't run is not executed"
printf '#!/bin/sh\nexit 3\n' >"$scratch/broken"
chmod +x "$scratch/broken"
mv "$scratch/broken" "$scratch/loft.bin"
loft_ctl reload || fail "reload with a broken program in place"
wait_until 5 grep -q "is new but doesn't run" "$loft_log"
loft_send alice broken >/dev/null || fail "no delivery"
loft_stop || fail "status at the end"
[ ! -e "$loft_socket" ] && [ ! -e "$loft_dir/run/master" ] || fail "sockets are left"
exit 0
