# Clients that send without end and remember what was answered 250; sourced by tests that disturb the daemon
# meanwhile, after harness.sh.
#
#   senders_start N        N of them, to user0…userN-1 over $loft_socket: small messages, now and then a large one, now
#                          and then one for two; each attempt has an id of its own
#   senders_stop           let them come to an end
#   senders_check          everything that was answered 250 is there, whole; nothing is there twice, nor in part; how
#                          many were answered is in $senders_answered

senders_lines() { # NUMBER: how long that message is
	case $(($1 % 8)) in
	7) echo 9000 ;;
	*) echo 400 ;;
	esac
}

senders_message() { # ID LINES
	printf 'From: a@b.example\nMessage-ID: <%s@senders>\nX-Lines: %s\nSubject: test\n\n' "$1" "$2"
	yes 'line 0123456789abcdef0123456789abcdef' | head -n "$2"
	printf 'the end of %s\n' "$1"
}

senders_run() { # I
	local n=0 id users user
	while [ -d "$scratch/answered" ] && [ ! -e "$scratch/enough" ]; do
		n=$((n + 1)) id=s$1n$n users=user$1@test.example
		[ $((n % 5)) != 0 ] || users+=" user$((($1 + 1) % senders_count))@test.example"
		if senders_message $id "$(senders_lines $n)" | "$builddir/ctl/loft-send" --timeout 15 --socket "$loft_socket" \
			-f a@b.example $users >/dev/null 2>&1; then
			for user in $users; do echo "${user%@*} $id"; done >>"$scratch/answered/$1"
		else
			sleep 0.02
		fi
	done
}

senders_kill() {
	kill "${senders_pids[@]}" 2>/dev/null
}

senders_start() {
	local i
	senders_count=$1 senders_pids=()
	mkdir "$scratch/answered"
	for ((i = 0; i < $1; i++)); do
		senders_run $i >/dev/null 2>&1 &
		senders_pids[i]=$!
	done
	cleanup_add senders_kill
}

senders_stop() {
	: >"$scratch/enough"
	wait "${senders_pids[@]}"
	rm "$scratch/enough"
}

# Each file: user, id, lines it has, lines it should have, id in its last line
senders_stored() {
	find "$loft_dir/mail" -path '*/new/*' -type f -exec awk '
		function out() { if (user) print user, id, lines, want, last }
		FNR == 1 { out(); user = FILENAME; sub(/\/Maildir\/.*/, "", user); sub(/.*\//, "", user)
			id = last = "-"; lines = want = body = 0 }
		!body && /^Message-ID: </ { id = substr($2, 2, index($2, "@") - 2) }
		!body && /^X-Lines: / { want = $2 }
		/^line / { lines++ }
		/^the end of / { last = $4 }
		/^$/ { body = 1 }
		END { out() }' {} + | grep -v ' last 0 0 '	# those are loft_send's
}

senders_check() {
	senders_stored >"$scratch/stored" || fail "can't read what is stored"
	awk '$3 != $4 || $2 != $5' "$scratch/stored" >"$scratch/half"
	[ ! -s "$scratch/half" ] || fail "half a message (user, id, lines, should be, last): $(head -n 1 "$scratch/half")"
	cut -d ' ' -f 1,2 "$scratch/stored" | sort >"$scratch/ids"
	cat "$scratch"/answered/* | sort >"$scratch/answered.all"
	[ -s "$scratch/answered.all" ] || fail "nothing got through"
	comm -23 "$scratch/answered.all" "$scratch/ids" >"$scratch/lost"
	[ ! -s "$scratch/lost" ] || fail "lost: $(head -n 3 "$scratch/lost")"
	uniq -d "$scratch/ids" >"$scratch/twice"
	[ ! -s "$scratch/twice" ] || fail "twice: $(head -n 3 "$scratch/twice")"
	senders_answered=$(wc -l <"$scratch/answered.all")
}
