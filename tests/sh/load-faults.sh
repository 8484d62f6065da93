#!/bin/bash
# Trouble under load: auth, log, the master or a worker hangs or dies, the disk is full for a while or read-only. What
# is answered 250 meanwhile is there, whole and once; when the trouble is over, mail goes as before.
#
#   LOAD_FAULT_SECONDS=10    how long
. "${srcdir:?}/tests/harness.sh"
. "$srcdir/tests/senders.sh"

seconds=${LOAD_FAULT_SECONDS:-10}
# A disk of our own can be filled up, where we may mount one.
[ "$(id -u)" != 0 ] || own_mounts
loft_conf <<CONF
service lmtp {
  process_min_avail = 2
  process_limit = 20
}
CONF
disk= megabytes=$((200 + seconds * 40))
if [ -n "${LOFT_IN_NAMESPACE:-}" ] && mount -t tmpfs -o size=${megabytes}M,mode=755 none "$loft_dir/mail"; then
	disk=$loft_dir/mail
	chown "$loft_uid:$loft_gid" "$disk"
	disk_gone() {
		umount -l "$disk"
	}
	cleanup_add disk_gone
fi

any() { # KIND
	loft_pids "$1" 2>/dev/null | shuf -n 1
}

hang() { # PID SECONDS
	[ -n "$1" ] && kill -STOP "$1" 2>/dev/null || return 0
	sleep "$2"
	kill -CONT "$1" 2>/dev/null
}

end() { # PID
	[ -z "$1" ] || kill -KILL "$1" 2>/dev/null
}

# Some space is left now and then: a large message gets half-way.
full() {
	head -c $(((megabytes - 10) * 1024 * 1024 + RANDOM * 300)) /dev/zero >"$disk/filler" 2>/dev/null
	sleep "$1"
	rm -f "$disk/filler"
}

read_only() {
	# Who writes just now holds it up.
	mount -o remount,ro "$disk" 2>/dev/null || return 0
	sleep "$1"
	mount -o remount,rw "$disk" || fail "can't remount"
}

trouble() {
	case $((RANDOM % 11)) in
	0) end "$(any worker)" ;;
	1) end "$(any template)" ;;
	2) end "$(pid_of auth)" ;;
	3) end "$(any log)" ;;
	4) hang "$(pid_of auth)" 0.$((RANDOM % 5)) ;;
	5) hang "$(any log)" 1.$((RANDOM % 3)) ;;
	6) hang "$loft_pid" 0.$((RANDOM % 5)) ;;
	7) hang "$(any worker)" 0.$((RANDOM % 5)) ;;
	8) hang "$(any template)" 0.$((RANDOM % 5)) ;;
	9) [ -z "$disk" ] || full 0.$((RANDOM % 5)) ;;
	10) [ -z "$disk" ] || read_only 0.$((RANDOM % 5)) ;;
	esac
}

pid_of() { # SERVICE
	loft_ctl -f tab process status 2>/dev/null | awk -F '\t' -v name="$1" '$1 == name { print $2; exit }'
}

loft_start
senders_start 5
[ -n "$(pid_of auth)" ] || fail "no auth process: $(loft_ctl -f tab process status)"
end=$((SECONDS + seconds)) count=0
while [ $SECONDS -lt $end ]; do
	sleep 0.0$((RANDOM % 10))
	trouble
	count=$((count + 1))
done

# A lookup that isn't answered is no worker's end: 451 after 5 s.
hang "$(pid_of auth)" 6
senders_stop
wait_until 10 loft_ready
for user in user0 user1 user2 user3 user4; do wait_until 10 loft_send $user last; done
loft_stop || fail "status at the end"
senders_check
! grep 'Panic\|killed with signal \(6\|7\|11\)' "$loft_log" || fail "a process died of itself"
echo "$senders_answered messages answered 250, all there, with $count troubles"
exit 0
