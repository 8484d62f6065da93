#!/bin/bash
# Much at once into one place: 10,000 messages from many workers to one user, 2,000 recipients of one message, and
# processes that can't tell each other apart (same clock, same pid, same host name) in one Maildir.
. "${srcdir:?}/tests/harness.sh"

mail=$loft_dir/mail
conf() {
	{
		echo "auth_username_format = %n
service lmtp {
  process_min_avail = 8
}"
		cat
	} | loft_conf
}
load=$builddir/tests/bench/load
[ -x "$load" ] || fail "load isn't built"

# All files in new/ of a user: one size, one content but for the header, nothing in tmp/
uniform() { # USER COUNT
	local n
	n=$(find "$mail/$1/Maildir/new" -type f -size +3k | wc -l)
	[ "$n" = "$2" ] || fail "$n messages instead of $2"
	n=$(find "$mail/$1/Maildir/new" -type f -exec tail -qn 1 {} + | sort -u | wc -l)
	[ "$n" = 1 ] || fail "$n different ends"
	[ -z "$(ls -A "$mail/$1/Maildir/tmp")" ] || fail "left in tmp/"
}

echo "- 10,000 messages to one user"
conf <<<"mail_fsync = never"
loft_start
"$load" --socket "$loft_socket" --connections 32 --messages 10000 --users 1 || fail "load"
uniform user0 10000
rm -rf "$mail/user0"

echo "- 2,000 recipients, new and old"
to_2000() {
	"$load" --socket "$loft_socket" --messages 1 --rcpts 2000 --users 2000 --pipeline || fail "load"
}
to_2000
loft_stop || fail "status"
conf </dev/null	# all those new directories would have to be synced, too
loft_start
to_2000
n=$(find "$mail" -path '*/new/*' -type f | wc -l)
[ "$n" = 4000 ] || fail "$n messages instead of 4000"
n=$(find "$mail" -path '*/new/*' -type f -printf '%h\n' | uniq -c | awk '$1 != 2' | wc -l)
[ "$n" = 0 ] || fail "$n recipients haven't got two"
n=$(find "$mail" -path '*/new/*' -type f -printf '%i\n' | sort -u | wc -l)
[ "$n" -lt 20 ] || fail "$n files instead of links"
loft_stop || fail "status"
rm -rf "${mail:?}"/*

if grep -q '^#define LOFT_SANITIZERS' "$builddir/config.h"; then
	echo ok
	exit 0
fi
echo "- the same clock"
conf <<-CONF
	loft_services = auth
	log_path = $scratch/trouble
	mail_fsync = never
CONF
loft_start
sender() { # [COMMAND...]: 60 messages in one session
	local i
	{
		echo LHLO t
		for i in {1..60}; do
			printf 'MAIL FROM:<s@x>\nRCPT TO:<alice@t>\nDATA\nSubject: many\n\nthe end\n.\n'
		done
		echo QUIT
	} | sed 's/$/\r/' | LOFT_FAULT_CLOCK=$now LD_PRELOAD=$builddir/tests/fault/fault.so \
		"$@" "$builddir/lmtp/lmtp" -c "$loft_file" | grep -c '^250 2\.0\.0 .*Saved'
}
now=$(date +%s)
together() { # COMMAND...
	local i n=0 count
	rm -rf "$mail/alice"
	for i in 1 2 3 4; do NUMBER=$i sender "$@" >"$scratch/count.$i" & pids[i]=$!; done
	wait "${pids[@]}"
	for i in 1 2 3 4; do
		read -r count <"$scratch/count.$i"
		n=$((n + count))
	done
	[ $n = 240 ] || fail "$n of 240 were accepted: $(grep -v Info "$scratch/trouble" | tail -n 3)"
	n=$(find "$mail/alice/Maildir/new" -type f | wc -l)
	[ $n = 240 ] || fail "$n of 240 are there"
}
together env
if unshare --pid --fork --mount-proc true 2>/dev/null; then
	echo "- the same clock, pid and host name"
	together unshare --pid --fork --mount-proc
	n=$(find "$mail/alice/Maildir/new" -type f -name "*P1.*" | wc -l)
	[ "$n" = 240 ] || fail "$n of 240 by process 1"
fi
if unshare --uts --pid --fork --mount-proc hostname elsewhere 2>/dev/null; then
	echo "- two hosts, the same clock and pid"
	together unshare --uts --pid --fork --mount-proc sh -c 'hostname host$((NUMBER % 2)); exec "$@"' sh
	for i in 0 1; do
		n=$(find "$mail/alice/Maildir/new" -type f -name "*P1.host$i,*" | wc -l)
		[ "$n" = 120 ] || fail "$n of 120 by host$i"
	done
fi
loft_stop || fail "status"
echo ok
