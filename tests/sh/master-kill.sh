#!/bin/bash
# Any process is killed at any time while mail comes in: what was answered 250 is in the Maildir, once and
# whole; nothing half is visible; and afterwards the daemon works as if nothing had been.
. "${srcdir:?}/tests/harness.sh"
. "$srcdir/tests/senders.sh"

rounds=${KILL_ROUNDS:-40}
loft_conf <<CONF
service lmtp {
  process_min_avail = 2
  process_limit = 20
}
CONF

kill_one() {
	local kinds=(worker worker worker template daemon log) pid
	pid=$(loft_pids "${kinds[RANDOM % 6]}" 2>/dev/null | shuf -n 1)
	[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null
}

loft_start
senders_start 6
for ((i = 0; i < rounds; i++)); do
	sleep 0.0$((RANDOM % 10))
	kill_one
	if [ $((i % 20)) = 19 ]; then
		kill -KILL "$loft_pid"
		loft_wait 2>/dev/null
		loft_start
	elif [ $((i % 10)) = 9 ]; then
		# Its answer counts less than what it disturbs.
		loft_ctl reload >/dev/null 2>&1
	fi
done
senders_stop
wait_until 10 loft_ready
wait_until 10 loft_send user0 last
loft_stop || fail "status at the end"
senders_check
echo "$senders_answered messages answered 250, all there; $(grep -c 'killed with signal 9' "$loft_log") kills"
exit 0
