#!/bin/bash
# The kernel wakes one idle worker for a client. When that one can't take him, somebody else does: it was
# killed, told to retire, or stands still, while the others sleep.
. "${srcdir:?}/tests/harness.sh"

! grep -q '^#define LOFT_SANITIZERS' "$builddir/config.h" || skip "a sanitizer wants to be loaded first"
hold=$builddir/tests/fault/hold.so
[ -f "$hold" ] || fail "hold.so isn't built"
port=$(free_port)
# Workers rest as somebody else, who must find the file.
mkdir -m 777 "$scratch/hold"
export LOFT_HOLD=$scratch/hold/now LD_PRELOAD=$hold
loft_conf <<CONF
import_environment = LD_PRELOAD LOFT_HOLD
service lmtp {
  process_min_avail = 4
  inet_listener lmtp {
    address = 127.0.0.1
    port = $port
  }
}
CONF
loft_start
unset LD_PRELOAD
workers_wait() {
	[ "$(loft_pids worker | wc -l)" -ge 4 ]
}
wait_until 5 workers_wait

# A client connects, and a worker is held at the moment it is woken: $held. A worker that comes from its birth or
# from another client isn't woken, it looks for clients by itself: then the next client has to do.
holds() {
	ls "$scratch/hold" | grep -c '^now\.'
}
held_or_greeted() {
	[ "$(holds)" -gt "$before" ] || read -r -t 0 -u "$lmtp_fd"
}
connect() {
	before=$(holds)
	for ((try = 0; try < 20; try++)); do
		: >"$LOFT_HOLD"
		chmod 666 "$LOFT_HOLD"
		lmtp_open "$port" || fail "no connection"
		wait_until 5 held_or_greeted
		held=$(ls -t "$scratch/hold" | grep '^now\.' | head -1)
		held=${held##*.}
		[ "$(holds)" = "$before" ] || return 0
		lmtp_close
	done
	fail "no worker was woken for a client"
}

echo "- the worker that was woken is killed"
for i in 1 2 3; do
	connect
	kill -KILL "$held"
	lmtp_hear '^220 ' 5
	rm -f "$scratch"/hold/now.*
	lmtp_close
	wait_until 5 workers_wait
done

echo "- two at a time, and a client each"
connect
first=$lmtp_fd
connect
for file in "$scratch"/hold/now.*; do
	kill -KILL "${file##*.}"
done
lmtp_hear '^220 ' 5
lmtp_fd=$first
lmtp_hear '^220 ' 5
rm -f "$scratch"/hold/now.*
wait_until 5 workers_wait

echo "- it is told to retire"
connect
loft_ctl reload || fail "reload"
rm "$scratch/hold/now.$held"
lmtp_hear '^220 ' 5

echo "- it stands still: a worker that comes from another client takes him"
lmtp_close
wait_until 5 workers_wait
lmtp_open "$port"
lmtp_hear '^220 ' 5
other=$lmtp_fd
connect
waiting=$lmtp_fd
lmtp_fd=$other
lmtp_say QUIT
lmtp_hear '^221 '
lmtp_fd=$waiting
lmtp_hear '^220 ' 5
rm -f "$scratch"/hold/now.*
loft_stop || fail "stop"
exit 0
