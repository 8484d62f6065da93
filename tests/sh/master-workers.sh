#!/bin/bash
# Workers: spare ones, the limit and who waits at it, idle_kill, service_count, and every process killed.
. "${srcdir:?}/tests/harness.sh"

port=$(free_port)
service_conf() {
	loft_conf <<-CONF
		service lmtp {
		  $(printf '%s\n' "$@")
		  inet_listener lmtp {
		    address = 127.0.0.1
		    port = $port
		  }
		}
	CONF
}

workers() {
	loft_pids worker | wc -l
}

workers_are() {
	[ "$(workers)" = "$1" ]
}

service_is() {
	[ "$(loft_ctl -f tab service status | awk -F '\t' -v want="$2" 'NR == 1 {
		for (i = 1; i <= NF; i++) if ($i == want) col = i
	} $1 == "lmtp" { print $col }')" = "$1" ]
}

replaced() {
	local new
	new=$(loft_pids "$1" | head -n 1)
	[ -n "$new" ] && [ "$new" != "$2" ]
}

echo "- no worker ahead of need; one more for each client; idle_kill"
service_conf "idle_kill = 2 s"
loft_start
workers_are 0 || fail "workers without clients"
fds=()
for i in 1 2 3; do
	lmtp_open "$port" || fail "no connection"
	fds+=("$lmtp_fd")
	lmtp_hear '^220 '
	workers_are "$i" || fail "$(workers) workers for $i clients"
done
for lmtp_fd in "${fds[@]}"; do
	lmtp_say QUIT
	lmtp_hear '^221 '
	lmtp_close
done
workers_are 3 || fail "workers are gone too early"
wait_until 5 workers_are 0
loft_send alice 1 >/dev/null || fail "no delivery after idle_kill"
[ "$(loft_mails alice)" = 1 ] || fail "message is not there"
loft_stop || fail "stop"

echo "- process_min_avail and service_count"
service_conf "process_min_avail = 3" "service_count = 2" "idle_kill = 1 s"
loft_start
wait_until 3 workers_are 3
lmtp_open "$port"
lmtp_hear '^220 '
wait_until 3 workers_are 4
wait_until 3 service_is 3 process_avail
lmtp_close
for i in {1..12}; do
	loft_send alice "c$i" >/dev/null || fail "delivery $i"
done
[ "$(loft_mails alice)" = 13 ] || fail "messages are missing"
wait_until 3 service_is 3 process_avail
sleep 1.5
workers_are 3 || fail "idle_kill went below process_min_avail: $(workers)"
total=$(loft_ctl -f tab service status | awk -F '\t' '$1 == "lmtp" { print $8 }')
[ "$total" -ge 8 ] || fail "service_count had no effect: $total processes in all"
loft_stop || fail "stop"
grep -q 'Error' "$loft_log" && fail "errors in the log"

echo "- process_limit: clients wait, are told of in the log once, and get in when one leaves"
service_conf "process_limit = 2"
loft_start
lmtp_open "$port"
lmtp_hear '^220 '
first=$lmtp_fd
lmtp_open "$port"
lmtp_hear '^220 '
second=$lmtp_fd
lmtp_open "$port"
third=$lmtp_fd
lmtp_silence 0.5
lmtp_open "$port"
lmtp_silence 0.3
lmtp_fd=$first
lmtp_say QUIT
lmtp_hear '^221 '
lmtp_fd=$third
lmtp_hear '^220 '
[ "$(grep -c 'master: Warning: service(lmtp): process_limit (2) reached' "$loft_log")" = 1 ] ||
	fail "the limit is not told once"
loft_kill

echo "- silent clients leave for those who wait; a transaction may stay"
service_conf "process_limit = 2"
loft_start
lmtp_open "$port"
lmtp_hear '^220 '
lmtp_say 'LHLO x'
lmtp_hear '^250 '
lmtp_say 'MAIL FROM:<a@b.example>'
lmtp_hear '^250 '
busy=$lmtp_fd
lmtp_open "$port"
lmtp_hear '^220 '
silent=$lmtp_fd
lmtp_open "$port"
waiting=$lmtp_fd
lmtp_fd=$silent
lmtp_hear '^421 4.3.2 ' 8
lmtp_fd=$waiting
lmtp_hear '^220 '
lmtp_fd=$busy
lmtp_say 'RCPT TO:<alice@test.example>'
lmtp_hear '^250 '
loft_kill

echo "- each process killed in turn; mail goes on"
service_conf "process_min_avail = 1"
loft_start
for kind in worker template daemon log worker template daemon log; do
	old=$(loft_pids "$kind" | head -n 1)
	kill -KILL "$old"
	wait_until 5 gone "$old"
	wait_until 5 loft_ready
	wait_until 5 loft_send bob "k$kind$RANDOM"
	wait_until 5 replaced "$kind" "$old"
	[ "$kind" = log ] || grep -q "child $old killed with signal 9" "$loft_log" || fail "death of $kind is not told"
done
[ "$(loft_mails bob)" = 8 ] || fail "$(loft_mails bob) messages instead of 8"
echo "- a template that crashes at its start: a growing pause, no frenzy"
template=$(loft_pids template)
cat >"$loft_dir/libexec/lmtp.new" <<'SH'
#!/bin/sh
exit 1
SH
chmod +x "$loft_dir/libexec/lmtp.new"
mv "$loft_dir/libexec/lmtp.new" "$loft_dir/libexec/lmtp"
kill -KILL "$template"
sleep 2
deaths=$(grep -c 'returned error 1' "$loft_log")
[ "$deaths" -ge 3 ] && [ "$deaths" -le 8 ] || fail "$deaths deaths in 2 seconds"
ln -sf "$builddir/lmtp/lmtp" "$loft_dir/libexec/lmtp"
wait_until 5 loft_send bob again
loft_stop || fail "stop"

echo "- the master killed: all others end, within a second for the idle"
service_conf "process_min_avail = 2"
loft_start
lmtp_open "$port"
lmtp_hear '^220 '
all_are_there() {
	pids=$(loft_ctl -f tab process status | awk -F '\t' 'NR > 1 && $3 != "master" { print $2 }')
	[ "$(wc -w <<<"$pids")" -ge 6 ]
}
wait_until 10 all_are_there
kill -KILL "$loft_pid"
loft_wait
lmtp_hear '^421 4.3.2 ' 2
lmtp_close
for pid in $pids; do
	wait_until 2 gone "$pid"
done
exit 0
