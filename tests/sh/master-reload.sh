#!/bin/bash
# Reload, log rotation, daemon mode: what changes, what must not.
. "${srcdir:?}/tests/harness.sh"

port=$(free_port)
port2=$(free_port)
greeting() {
	lmtp_open "$port" || fail "no connection"
	lmtp_hear "^220 mx.test.example $1"
	lmtp_say QUIT
	lmtp_hear '^221 '
	lmtp_close
}
port_closed() {
	! (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}
old_ones() {
	loft_ctl -f tab process status | awk -F '\t' '$5 == "old"' | wc -l
}
no_old_ones() {
	[ "$(old_ones)" = 0 ]
}

echo "- new settings for new clients, old ones for the old, one master, the same sockets"
loft_conf_tcp "process_min_avail = 2" "login_greeting = one"
loft_start
inode=$(stat -c %i "$loft_socket")
greeting one
lmtp_open "$port"
lmtp_hear '^220 mx.test.example one'
lmtp_say 'LHLO x'
lmtp_hear '^250 '
lmtp_say 'MAIL FROM:<a@b.example>'
lmtp_hear '^250 '
old=$lmtp_fd
loft_conf_tcp "process_min_avail = 2" "login_greeting = two"
loft_ctl reload || fail "reload"
greeting two
[ "$(cat "$loft_dir/run/master.pid")" = "$loft_pid" ] || fail "another master"
[ "$(stat -c %i "$loft_socket")" = "$inode" ] || fail "the socket is another"
lmtp_fd=$old
lmtp_say 'RCPT TO:<alice@test.example>'
lmtp_hear '^250 '
lmtp_say DATA
lmtp_hear '^354 '
loft_conf_tcp "process_min_avail = 2" "login_greeting = three" "shutdown_clients = yes"
kill -HUP "$loft_pid"
wait_until 5 grep -q 'SIGHUP received' "$loft_log"
wait_until 5 loft_ready
sleep 0.2
lmtp_say $'Subject: x\r\n\r\nbody\r\n.'
lmtp_hear '^250 2.0.0 <alice@test.example> '
lmtp_hear '^421 4.3.2 '
lmtp_eof
lmtp_close
[ "$(loft_mails alice)" = 1 ] || fail "the message in hand is lost"
greeting three
wait_until 5 no_old_ones

echo "- a listener more, another one away, without a gap for the third"
loft_conf_tcp "unix_listener second {
  mode = 0600
}
inet_listener more {
  address = 127.0.0.1
  port = $port2
}" "login_greeting = four"
(
	for ((i = 0; i < 300; i++)); do
		(: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "refused at $i"; exit 1; }
	done
) >"$scratch/gap" &
gap=$!
for ((i = 0; i < 5; i++)); do
	loft_ctl reload || fail "reload $i"
done
wait $gap || fail "a gap: $(cat "$scratch/gap")"
[ -S "$loft_dir/run/second" ] || fail "no second socket"
(: <"/dev/tcp/127.0.0.1/$port2") || fail "no second port"
loft_conf_tcp "" "login_greeting = five"
loft_ctl reload || fail "reload"
[ ! -e "$loft_dir/run/second" ] || fail "the second socket is still there"
wait_until 3 port_closed "$port2"
greeting five

echo "- a socket that somebody removed comes back"
rm "$loft_socket"
loft_ctl reload || fail "reload"
[ -S "$loft_socket" ] || fail "the socket did not come back"
loft_send alice again >/dev/null || fail "no delivery"

echo "- what is wrong is refused, told and logged; the old configuration stays"
templates=$(loft_pids template)
cp "$loft_file" "$scratch/good.conf"
: >"$loft_dir/file"
loft_conf_tcp "unix_listener $loft_dir/none/x {
  mode = 0600
}
unix_listener $loft_dir/file {
  mode = 0600
}" "login_greeting = six"
loft_ctl reload 2>"$scratch/err" && fail "a wrong listener was taken"
grep -q "the directory $loft_dir/none doesn't exist" "$scratch/err" || fail "$(cat "$scratch/err")"
grep -q "$loft_dir/file exists and is no socket" "$scratch/err" || fail "$(cat "$scratch/err")"
grep -q "Reload refused.*$loft_dir/none" "$loft_log" || fail "the refusal is not logged"
"$builddir/master/loft" -c "$loft_file" reload >"$scratch/out" 2>&1 && fail "loft reload took it"
grep -q "$loft_dir/none" "$scratch/out" || fail "loft reload doesn't tell"
echo 'no_such_setting = 1' >>"$loft_file"
echo 'mail_debug = perhaps' >>"$loft_file"
kill -HUP "$loft_pid"
wait_until 5 grep -q 'Reload refused.*perhaps' "$loft_log"
grep -q 'Reload refused.*no_such_setting' "$loft_log" || fail "only one of two errors is logged"
greeting five
[ "$(loft_pids template 2>/dev/null)" = "$templates" ] || fail "processes were changed by a refused reload"
cp "$scratch/good.conf" "$loft_file"
mv "$loft_dir/libexec/lmtp" "$loft_dir/libexec/lmtp.away"
printf '#!/bin/sh\nexit 1\n' >"$loft_dir/libexec/lmtp"
chmod +x "$loft_dir/libexec/lmtp"
loft_ctl reload 2>"$scratch/err" && fail "a program that doesn't start was taken"
grep -q 'service(lmtp) could not be started' "$scratch/err" || fail "$(cat "$scratch/err")"
mv "$loft_dir/libexec/lmtp.away" "$loft_dir/libexec/lmtp"
greeting five
[ "$(loft_pids template)" = "$templates" ] || fail "processes were changed by a failed reload"
loft_ctl reload || fail "reload after refusals"
greeting five

echo "- reloads in a hurry: the last word counts"
for i in 1 2 3 4 5 6 7 8; do
	loft_conf_tcp "" "login_greeting = hurry$i"
	loft_ctl reload &
	kill -HUP "$loft_pid"
done
wait_all() {
	[ -z "$(jobs -rp | grep -vx "$loft_pid")" ]
}
wait_until 10 wait_all
loft_ctl reload || fail "reload after all"
greeting hurry8

echo "- log files are opened anew, and nothing is lost"
mv "$loft_log" "$loft_log.1"
loft_ctl log reopen || fail "log reopen"
loft_send alice reopened >/dev/null || fail "no delivery"
wait_until 5 grep -q 'msgid=<reopened@' "$loft_log"
grep -q 'msgid=<reopened@' "$loft_log.1" && fail "the old file still gets lines"
mv "$loft_log" "$loft_log.2"
(
	for ((i = 0; i < 30; i++)); do
		loft_send alice "rotate$i" >/dev/null || echo "delivery $i"
	done
) >"$scratch/sends" &
sends=$!
for ((i = 0; i < 5; i++)); do
	kill -USR1 "$loft_pid"
	sleep 0.03
done
wait $sends
[ ! -s "$scratch/sends" ] || fail "$(cat "$scratch/sends")"
wait_until 5 test -s "$loft_log"
sleep 0.2
lines=$(cat "$loft_log" "$loft_log.2" | grep -c 'msgid=<rotate[0-9]*@.*saved mail')
[ "$lines" = 30 ] || fail "$lines lines instead of 30"
loft_stop || fail "stop"

echo "- daemon mode: the parent returns when all is started, or tells why not"
loft_conf_tcp "process_min_avail = 1"
"$builddir/master/loft" -c "$loft_file" >"$scratch/out" 2>&1 || fail "daemon mode: $(cat "$scratch/out")"
[ ! -s "$scratch/out" ] || fail "talks: $(cat "$scratch/out")"
pid=$(cat "$loft_dir/run/master.pid")
cleanup_add "kill $pid"
[ "$(ps -o sid= -p "$pid" | tr -d ' ')" = "$pid" ] || fail "no session of its own"
greeting Loft
loft_send alice daemon >/dev/null || fail "no delivery"
"$builddir/master/loft" -c "$loft_file" reload || fail "loft reload"
echo 'no_such_setting = 1' >>"$loft_file"
"$builddir/master/loft" -c "$loft_file" stop 2>"$scratch/err" || fail "loft stop, with a broken configuration"
[ ! -e "$loft_dir/run/master.pid" ] || fail "loft stop returned too early"
wait_until 2 gone "$pid"
cleanups=()
loft_conf_tcp "process_min_avail = x"
"$builddir/master/loft" -c "$loft_file" >"$scratch/out" 2>&1
[ $? = 89 ] || fail "status of a wrong configuration in daemon mode"
printf '#!/bin/sh\nexit 1\n' >"$scratch/bad" && chmod +x "$scratch/bad"
loft_conf_tcp "executable = $scratch/bad"
"$builddir/master/loft" -c "$loft_file" >"$scratch/out" 2>&1
[ $? = 89 ] || fail "status of a service that doesn't start"
grep -q 'service(lmtp) could not be started' "$scratch/out" || fail "$(cat "$scratch/out")"
[ ! -e "$loft_dir/run/master.pid" ] || fail "something is left"
exit 0
