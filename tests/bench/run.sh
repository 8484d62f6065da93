#!/bin/bash
# `make bench`: Loft, Dovecot where it is installed, and the floor, with the same work, interleaved
# in one run. Prints medians and ratios; single figures swing on a shared machine, ratios don't.
#
#   PAIRS=3           rounds of each work (9 for a claim)
#   BENCH_DIR=DIR     where the Maildirs go (default: a scratch folder in the build directory)
#   BENCH_WORK=REGEX  only the works whose name matches
set -u
build=${builddir:-.}
src=${srcdir:-.}
pairs=${PAIRS:-3}
users=50
scratch=$(mktemp -d "${BENCH_DIR:-$build}/bench.XXXXXX") || exit 1
chmod 711 "$scratch"
pids=()
declare -A master socket port

finish() {
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
	for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null; done
	rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 1' INT TERM

if [ "$(id -u)" = 0 ]; then uid=60001 gid=60001; else uid=$(id -u) gid=$(id -g); fi
own() { [ "$(id -u)" != 0 ] || chown "$uid:$gid" "$@"; }

# ---- the three servers -------------------------------------------------------------------------

maildirs() { # NAME
	mkdir -p "$scratch/$1/mail"
	own "$scratch/$1/mail"
	for ((i = 0; i < users; i++)); do
		mkdir -p "$scratch/$1/mail/user$i"/{cur,new,tmp}
		own "$scratch/$1/mail/user$i" "$scratch/$1/mail/user$i"/*
	done
}

# What both daemons are told; each finds its own keys.
common_conf() { # NAME FSYNC WORKERS
	cat <<-CONF
		base_dir = $scratch/$1/run
		state_dir = $scratch/$1/state
		log_path = $scratch/$1/log
		protocols = lmtp
		ssl = no
		hostname = bench.example
		mail_fsync = $2
		mail_location = maildir:$scratch/$1/mail/%n
		first_valid_uid = 1
		first_valid_gid = 1
		userdb {
		  driver = static
		  args = uid=$uid gid=$gid home=$scratch/$1/mail/%n allow_all_users=yes
		}
		passdb {
		  driver = static
		  args = nopassword=y
		}
		service lmtp {
		  process_min_avail = $3
		  process_limit = 300
		  unix_listener lmtp {
		    mode = 0666
		  }
		  inet_listener lmtp {
		    address = 127.0.0.1
		    port = ${port[$1]}
		  }
		}
		${extra_conf:-}
	CONF
}

conf_loft() { # NAME FSYNC WORKERS
	local exe
	mkdir -p "$scratch/$1/libexec"
	for exe in lmtp auth log; do
		ln -sf "$(readlink -f "$build/$exe/$exe")" "$scratch/$1/libexec/$exe"
	done
	{ common_conf "$@"; echo "libexec_dir = $scratch/$1/libexec"; } >"$scratch/$1/conf"
	# One that is started beside ours reads it, too.
	chmod 644 "$scratch/$1/conf"
}

conf_dovecot() { # NAME FSYNC WORKERS
	{
		common_conf "$@"
		[ "$(id -u)" = 0 ] || cat <<-CONF
			default_internal_user = $(id -un)
			default_internal_group = $(id -gn)
			default_login_user = $(id -un)
			service anvil {
			  chroot =
			}
		CONF
	} >"$scratch/$1/conf"
}

run_loft() { # NAME
	"$build/master/loft" -F -c "$scratch/$1/conf" 2>"$scratch/$1/err" &
	register "$1" $!
}

run_dovecot() { # NAME
	dovecot -F -c "$scratch/$1/conf" 2>"$scratch/$1/err" &
	register "$1" $!
}

register() { # NAME PID
	pids+=("$2")
	master[$1]=$2
	socket[$1]=$scratch/$1/run/lmtp
}

wait_for() { # NAME
	"$build/tests/bench/load" --socket "${socket[$1]}" --first || {
		echo "bench: $1 did not start: $(tail -n 3 "$scratch/$1/err" "$scratch/$1/log" 2>/dev/null)"
		exit 1
	}
}

# kind_of NAME: floor, loft or dovecot, which a number may follow
kind_of() { echo "${1%%[0-9]*}"; }

start() { # NAME FSYNC [WORKERS]
	maildirs "$1"
	port[$1]=$((20000 + RANDOM % 12000))
	if [ "$(kind_of "$1")" = floor ]; then
		mkdir "$scratch/$1/run"
		local sync=
		[ "$2" != never ] || sync=--no-sync
		"$build/tests/bench/floor" --socket "$scratch/$1/run/lmtp" --dir "$scratch/$1/mail" --workers 64 \
			$sync 2>/dev/null &
		register "$1" $!
		"$build/tests/bench/floor" --port "${port[$1]}" --dir "$scratch/$1/mail" --workers 16 2>/dev/null &
		pids+=($!)
	else
		"conf_$(kind_of "$1")" "$1" "$2" "${3:-16}"
		"run_$(kind_of "$1")" "$1"
	fi
	wait_for "$1"
}

stop() { # NAME
	kill "${master[$1]}" 2>/dev/null
	wait "${master[$1]}" 2>/dev/null
	rm -rf "${scratch:?}/$1"
}

# ---- measuring ---------------------------------------------------------------------------------

tree() { # PID: it and all below it
	local child
	echo "$1"
	for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do tree "$child"; done
}

cpu_ticks() { # PID: of the tree, the dead included
	local pid sum=0 f
	for pid in $(tree "$1"); do
		read -r -a f < <(sed 's/.*) //' /proc/"$pid"/stat 2>/dev/null) || continue
		sum=$((sum + f[11] + f[12] + f[13] + f[14]))
	done
	echo "$sum"
}

pss_kib() { # PID
	local pid
	for pid in $(tree "$1"); do
		sed -n 's/^Pss: *\([0-9]*\) kB/\1/p' /proc/"$pid"/smaps_rollup 2>/dev/null
	done | awk '{ s += $1 } END { print s + 0 }'
}

empty_maildirs() { # NAME
	find "$scratch/$1/mail" -type f -delete
	sync -f "$scratch"
}

fill_mailbox() { # NAME: 10,000 messages that were there before
	(cd "$scratch/$1/mail/user0/cur" && seq -f '1700000000.M%.0fP1.old:2,S' 10000 | xargs touch && own .)
	own -R "$scratch/$1/mail/user0/cur"
	sync -f "$scratch"
}

remove_mailboxes() { # NAME
	rm -rf "$scratch/$1"/mail/*
	sync -f "$scratch"
}

# One measurement: the figure after "rate=", or nothing when it failed.
measure() { # NAME ARGS...
	local name=$1
	shift
	"$build/tests/bench/load" --socket "${socket[$name]}" "$@" 2>"$scratch/load.err" |
		sed -n 's/.*rate=\([0-9.]*\).*/\1/p'
}

measure_tcp() { # NAME ARGS...
	local name=$1
	shift
	"$build/tests/bench/load" --port "${port[$name]}" "$@" 2>"$scratch/load.err" |
		sed -n 's/.*rate=\([0-9.]*\).*/\1/p'
}

# A process for each message, asking the running daemon's auth for the user.
measure_lda() { # NAME RUNS
	local agent
	case $(kind_of "$1") in
	floor) agent="$build/tests/bench/floor --dir $scratch/$1/mail --once user0" ;;
	loft) agent="$build/lda/loft-lda -c $scratch/$1/conf -d user0" ;;
	dovecot) agent="/usr/lib/dovecot/dovecot-lda -c $scratch/$1/conf -d user0" ;;
	esac
	# shellcheck disable=SC2086
	"$build/tests/bench/spawn" "$2" "$scratch/message" $agent 2>"$scratch/load.err" |
		sed -n 's/.*rate=\([0-9.]*\).*/\1/p'
}

median() { sort -n | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)]; else print "-" }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.3f\n", a / b }'; }

# The servers' medians, then the medians of Loft's ratios to the others, from NAME.rates.
print_row() { # TITLE FORMAT
	local name other loft
	printf '%-46s' "$1"
	for name in $servers; do
		if [ -s "$scratch/$name.rates" ]; then
			# shellcheck disable=SC2059
			printf " $2" "$(median <"$scratch/$name.rates")"
		else
			printf ' %9s' -
		fi
	done
	loft=$(tr ' ' '\n' <<<"$servers" | grep -m1 '^loft')
	for other in floor dovecot; do
		name=$(tr ' ' '\n' <<<"$servers" | grep -m1 "^$other")
		if [ -n "$name" ] && [ -s "$scratch/$name.rates" ]; then
			paste "$scratch/$loft.rates" "$scratch/$name.rates" |
				while read -r a b; do ratio "$a" "$b"; done | median | xargs printf ' %7.2f'
		else
			printf ' %7s' -
		fi
	done
	echo
}

# A work: every server in turn, `pairs` times. Before and after each measurement what $before and $after name
# is done, and $with measures.
work() { # TITLE ARGS...
	local title=$1 name rate
	shift
	[[ $title =~ ${BENCH_WORK:-.} ]] || return 0
	for name in $servers; do : >"$scratch/$name.rates"; done
	for ((round = 0; round < pairs; round++)); do
		for name in $servers; do
			[ -z "${only:-}" ] || [[ $(kind_of "$name") =~ $only ]] || continue
			${before:-:} "$name"
			rate=$(${with:-measure} "$name" "$@")
			[ -n "$rate" ] || {
				echo "bench: $title failed at $name: $(cat "$scratch/load.err")"
				exit 1
			}
			echo "$rate" >>"$scratch/$name.rates"
			${after:-empty_maildirs} "$name"
		done
	done
	print_row "$title" "${format:-%9.0f}"
}

heading() { # TITLE: with a column per server
	printf '\n%-46s' "$1"
	for name in $servers; do printf ' %9s' "$(kind_of "$name")"; done
	printf ' %7s %7s\n' /floor /dovecot
}

cpu_per_message() {
	local name before after
	[[ "CPU" =~ ${BENCH_WORK:-.} ]] || return 0
	printf '%-46s' "CPU ms per message (2000 small, 4 connections)"
	for name in $servers; do
		before=$(cpu_ticks "${master[$name]}")
		measure "$name" --connections 4 --messages 2000 >/dev/null
		after=$(cpu_ticks "${master[$name]}")
		empty_maildirs "$name"
		awk -v t=$((after - before)) -v hz="$(getconf CLK_TCK)" \
			'BEGIN { printf " %9.2f", t * 1000 / hz / 2000 }'
	done
	echo
}

# ---- the daemon itself -------------------------------------------------------------------------

now_us() { echo $((${EPOCHREALTIME/./})); }

# once_ms NAME: start until the first greeting, reload until it is told done, stop until all is gone, in ms
life_of() { # NAME
	local name=$1 kind t0 t1 t2 t3 t4 t5
	kind=$(kind_of "$name")
	t0=$(now_us)
	"run_$kind" "$name"
	"$build/tests/bench/load" --socket "${socket[$name]}" --first || exit 1
	t1=$(now_us)
	sleep 0.3
	t2=$(now_us)
	if [ "$kind" = loft ]; then
		"$build/ctl/loftctl" -c "$scratch/$name/conf" reload || exit 1
	else
		doveadm -c "$scratch/$name/conf" reload || exit 1
	fi
	t3=$(now_us)
	sleep 0.3
	t4=$(now_us)
	kill "${master[$name]}"
	wait "${master[$name]}" 2>/dev/null
	t5=$(now_us)
	awk -v a=$((t1 - t0)) -v b=$((t3 - t2)) -v c=$((t5 - t4)) \
		'BEGIN { printf "%.1f %.1f %.1f\n", a / 1000, b / 1000, c / 1000 }'
}

life() {
	local name i column=0 title
	[[ "start reload stop" =~ ${BENCH_WORK:-.} ]] || return 0
	for name in $servers; do
		: >"$scratch/$name.life"
		: >"$scratch/$name.rates"
		[ "$(kind_of "$name")" != floor ] || continue
		mkdir -p "$scratch/$name"
		port[$name]=$((20000 + RANDOM % 12000))
		"conf_$(kind_of "$name")" "$name" optimized 1
	done
	for ((i = 0; i < 3 * pairs; i++)); do
		for name in $servers; do
			[ "$(kind_of "$name")" = floor ] || life_of "$name" >>"$scratch/$name.life"
		done
	done
	for title in "start to the first greeting" "reload" "stop"; do
		column=$((column + 1))
		for name in $servers; do
			awk -v c=$column '{ print $c }' "$scratch/$name.life" >"$scratch/$name.rates"
		done
		print_row "$title" %9.1f
	done
}

# memory WORKERS, idle, then with 200 connections open
memory() {
	local name idle=() open=() fd
	[[ "memory" =~ ${BENCH_WORK:-.} ]] || return 0
	for name in $servers; do
		if [ "$(kind_of "$name")" = floor ]; then
			idle+=(-) open+=(-)
			continue
		fi
		start "$name" optimized 5
		measure "$name" --messages 20 >/dev/null
		sleep 0.5
		idle+=("$(pss_kib "${master[$name]}")")
		coproc "$build/tests/bench/load" --socket "${socket[$name]}" --connections 200 --messages 200 --hold
		read -r -t 60 -u "${COPROC[0]}" _
		sleep 0.5
		open+=("$(pss_kib "${master[$name]}")")
		fd=${COPROC[1]}
		eval "exec $fd>&-"
		wait "$COPROC_PID" 2>/dev/null
		stop "$name"
	done
	printf '%-46s' "5 idle workers"
	printf ' %9s' "${idle[@]}"
	printf '\n%-46s' "200 open connections"
	printf ' %9s' "${open[@]}"
	echo
}

# System calls of all processes together, counted by strace while messages go over one connection.
system_calls() { # TITLE ARGS...
	local title=$1 name n=300
	shift
	[[ $title =~ ${BENCH_WORK:-.} ]] || return 0
	command -v strace >/dev/null || {
		echo "system calls: strace is not installed, skipped"
		return
	}
	printf '%-46s' "$title"
	for name in $servers; do
		local attach=()
		for pid in $(tree "${master[$name]}"); do attach+=(-p "$pid"); done
		strace -f -o "$scratch/strace.$name" "${attach[@]}" 2>/dev/null &
		local tracer=$!
		sleep 1
		measure "$name" --messages $n "$@" >/dev/null
		sleep 0.3
		kill "$tracer" && wait "$tracer" 2>/dev/null
		empty_maildirs "$name"
		awk -v n=$n '/resumed>/ || /(\+\+\+|---)/ { next }
			{ calls++ } / (fsync|fdatasync|syncfs|sync_file_range)\(/ { syncs++ }
			END { printf " %7.1f/%.0f", calls / n, syncs / n }' "$scratch/strace.$name"
	done
	echo
}

journal() {
	local dev type
	read -r dev type < <(findmnt -no SOURCE,FSTYPE -T "$scratch")
	if [ -d "/proc/fs/jbd2" ] && ls /proc/fs/jbd2 2>/dev/null | grep -q "^$(basename "$dev")-"; then
		echo "$type with a journal"
	elif [[ $type = ext[234] ]]; then
		echo "$type without a journal"
	else
		echo "$type"
	fi
}

echo "file system: $(journal); $(nproc) processors; $pairs rounds; $(uname -sr)"
have_dovecot=
if command -v dovecot >/dev/null && [ -x /usr/lib/dovecot/lmtp ]; then
	have_dovecot=yes
	echo "Dovecot $(dovecot --version | cut -d' ' -f1)"
else
	echo "Dovecot is not installed: its columns are left out"
fi

others=${have_dovecot:+ dovecot}
servers="floor loft$others"
for name in $servers; do start "$name" optimized; done

heading "messages per second (4 KiB)"
work "1 connection" --connections 1 --messages 500
before=fill_mailbox work "1 connection, mailbox with 10,000 messages" --connections 1 --messages 500
work "16 connections" --connections 16 --messages 2400
work "64 connections" --connections 64 --messages 2400
work "16 connections, pipelined" --connections 16 --messages 2400 --pipeline
with=measure_tcp work "16 connections over TCP" --connections 16 --messages 2400
work "a connection per message, 16 at a time" --connections 16 --messages 1600 --reconnect
work "16 connections, 50 users" --connections 16 --messages 2400 --users 50
only='loft|dovecot' after=remove_mailboxes work "first mail to 300 new mailboxes, 4 connections" \
	--connections 4 --messages 300 --users 300 --user-format 'fresh%u@bench.example'
for name in $servers; do maildirs "$name"; done
{ printf 'From: load@bench.example\nSubject: load\n\n'; yes 'The quick brown fox jumps over the lazy dog' |
	head -c 4000; echo; } >"$scratch/message"
chmod 644 "$scratch/message"
with=measure_lda work "a process per message (lda)" 100
heading "transactions per second"
work "64 KiB to 50 recipients, 4 connections" --connections 4 --messages 200 --size 65536 --rcpts 50 \
	--users 50 --pipeline
format=%9.2f work "25 MB message" --connections 1 --messages 6 --size 25000000
heading "recipient probes per second"
work "MAIL RCPT RSET, 4 connections" --connections 4 --messages 6000 --probe --pipeline
heading "what a small message costs"
cpu_per_message
system_calls "system calls / syncs, lock-step" --connections 1
system_calls "system calls / syncs, pipelined" --connections 1 --pipeline
for name in $servers; do stop "$name"; done

servers="floor2 loft2${have_dovecot:+ dovecot2}"
for name in $servers; do start "$name" never; done
heading "mail_fsync = never, messages per second"
work "16 connections, never synced" --connections 16 --messages 8000
for name in $servers; do stop "$name"; done

servers="floor3 loft3${have_dovecot:+ dovecot3}"
heading "memory, KiB (PSS)"
memory
servers="floor4 loft4${have_dovecot:+ dovecot4}"
heading "milliseconds (less is better)"
life

. "$src/tests/bench/tls-rows.sh"
