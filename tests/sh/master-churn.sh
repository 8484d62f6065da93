#!/bin/bash
# Reloads and stops while clients come and go: nobody who did no wrong is sent away, and nobody gets old settings
# once a reload has been answered.
. "${srcdir:?}/tests/harness.sh"

port=$(free_port)
conf() {
	loft_conf_tcp "process_min_avail = 3
		service_count = 1" "login_greeting = $1"
}

# Until the file `enough` is there; a reply other than the expected one goes to the file `bad`.
clients() {
	local n=0
	while [ ! -e "$scratch/enough" ]; do
		n=$((n + 1))
		loft_send "u$1" "c$1.$n" >"$scratch/said.$1" 2>&1 || cat "$scratch/said.$1" >>"$scratch/bad"
		echo "c$1.$n" >>"$scratch/sent"
	done
}

echo "- reloads while each client needs a new worker"
conf g0
loft_start
for i in 1 2 3; do
	clients $i &
	pids[i]=$!
done
for ((i = 1; i <= 15; i++)); do
	conf g$i
	loft_ctl reload || fail "reload $i"
	for j in 1 2; do
		lmtp_open "$port" || fail "no connection after reload $i"
		lmtp_hear "^220 mx.test.example g$i\$"
		lmtp_close
	done
done
: >"$scratch/enough"
wait "${pids[@]}"
[ ! -s "$scratch/bad" ] || fail "$(sort "$scratch/bad" | uniq -c)"
sent=$(wc -l <"$scratch/sent")
stored=$(($(loft_mails u1) + $(loft_mails u2) + $(loft_mails u3)))
[ "$sent" = "$stored" ] || fail "$sent messages sent, $stored stored"

echo "- no descriptors left: the master rests until there are some"
ticks() {
	awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$loft_pid/stat"
}
top=$(ls "/proc/$loft_pid/fd" | sort -n | tail -n 1)
if prlimit --pid "$loft_pid" --nofile=$((top + 1)): 2>/dev/null; then
	for i in 1 2; do
		loft_ctl process status >"$scratch/asked.$i" 2>&1 &
		asked[i]=$!
	done
	sleep 0.3
	before=$(ticks)
	sleep 1
	used=$(($(ticks) - before))
	prlimit --pid "$loft_pid" --nofile=1024:
	[ "$used" -lt 30 ] || fail "the master was busy $used of 100 ticks"
	wait "${asked[1]}" && wait "${asked[2]}" || fail "who asked then got no answer"
else
	echo "  (prlimit can't be used here)"
fi

echo "- a template that hangs is replaced"
template=$(loft_pids template)
kill -STOP "$template"
for i in 1 2 3 4 5; do
	loft_send u1 "hang$i" >/dev/null 2>&1 &	# takes the spare workers
	hung[i]=$!
done
wait_until 12 gone "$template"
wait "${hung[@]}" || fail "who waited for the template got no answer"
wait_until 5 loft_send u1 after
grep -q "template $template doesn't answer, killing it" "$loft_log" || fail "nothing is told of the template"
: >"$loft_log"

echo "- a stop finds a message that doesn't come to its end: its client is told so, and nobody new gets in"
lmtp_open "$port"
lmtp_hear '^220 '
for line in 'LHLO x' 'MAIL FROM:<a@b.example>' 'RCPT TO:<slow@test.example>'; do
	lmtp_say "$line"
	lmtp_hear '^250 '
done
lmtp_say DATA
lmtp_hear '^354 '
lmtp_say 'Subject: slow'
kill -TERM "$loft_pid"
wait_until 3 test ! -e "$loft_socket"
kill -0 "$loft_pid" || fail "the stop didn't wait for the message"
loft_wait || fail "status of a stop"
lmtp_hear '^421 4.3.2 '
lmtp_close
! grep -q "doesn't end, killing it" "$loft_log" || fail "somebody was killed"
! grep -q 'master: Error:' "$loft_log" || fail "errors in the log"
exit 0
