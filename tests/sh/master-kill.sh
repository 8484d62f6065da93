#!/bin/bash
# Any process is killed at any time while mail comes in: what was answered 250 is in the Maildir, once and
# whole; nothing half is visible; and afterwards the daemon works as if nothing had been.
. "${srcdir:?}/tests/harness.sh"

senders=6
rounds=${KILL_ROUNDS:-40}
loft_conf <<CONF
service lmtp {
  process_min_avail = 2
  process_limit = 20
}
CONF
mkdir "$scratch/acked"
body=$(printf 'line %.0s0123456789abcdef0123456789abcdef\n' {1..400})

message() {
	printf 'From: a@b.example\nMessage-ID: <%s@kill>\nSubject: kill\n\n%s\nthe end of %s\n' "$1" "$body" "$1"
}

send_until() {
	local n=0 id
	while [ -d "$scratch/acked" ] && [ ! -e "$scratch/enough" ]; do
		n=$((n + 1))
		id=s$1n$n
		if message "$id" | "$builddir/ctl/loft-send" --timeout 10 --socket "$loft_socket" -f a@b.example \
			"user$1@test.example" >/dev/null 2>&1; then
			echo "$id" >>"$scratch/acked/$1"
		else
			sleep 0.02
		fi
	done
}

kill_one() {
	local kinds=(worker worker worker template daemon log) pid
	pid=$(loft_pids "${kinds[RANDOM % 6]}" 2>/dev/null | shuf -n 1)
	[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null
}

loft_start
for ((i = 0; i < senders; i++)); do
	send_until $i >/dev/null 2>&1 &
	pids[i]=$!
done
stop_senders() {
	kill "${pids[@]}" 2>/dev/null
}
cleanup_add stop_senders
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
: >"$scratch/enough"
wait "${pids[@]}"
wait_until 10 loft_ready
wait_until 10 loft_send user0 last
loft_stop || fail "status at the end"

# Each file: its name, how many lines the body has, and what its last line ends.
want=$(message x | sed '1,/^$/d' | wc -l)
find "$loft_dir/mail" -path '*/new/*' -type f -exec awk '
	FNR == 1 { if (name) print name, lines, id; name = FILENAME; lines = 0; body = 0; id = "-" }
	body { lines++ }
	/^the end of / { id = $4 }
	/^\r?$/ && !body { body = 1 }
	END { if (name) print name, lines, id }' {} + | grep -v "^$(grep -rl '<last@' "$loft_dir/mail") " >"$scratch/stored"
cat "$scratch"/acked/* | sort >"$scratch/acked.all"
[ -s "$scratch/acked.all" ] || fail "nothing got through"
awk -v want="$want" '$2 != want || $3 == "-"' "$scratch/stored" >"$scratch/half"
[ ! -s "$scratch/half" ] || fail "half a message, $want lines expected: $(head -n 1 "$scratch/half")"
awk '{ print $3 }' "$scratch/stored" | sort >"$scratch/ids"
comm -23 "$scratch/acked.all" "$scratch/ids" >"$scratch/lost"
[ ! -s "$scratch/lost" ] || fail "lost: $(head -n 3 "$scratch/lost")"
uniq -d "$scratch/ids" >"$scratch/twice"
[ ! -s "$scratch/twice" ] || fail "twice: $(head -n 3 "$scratch/twice")"
echo "$(wc -l <"$scratch/acked.all") messages answered 250, all there; $(grep -c 'killed with signal 9' "$loft_log") kills"
exit 0
