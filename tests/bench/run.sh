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
declare -A master socket

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
common_conf() { # NAME FSYNC
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
		  process_min_avail = 16
		  process_limit = 300
		  unix_listener lmtp {
		    mode = 0666
		  }
		}
		${extra_conf:-}
	CONF
}

wait_for() { # SOCKET PID
	for ((i = 0; i < 200; i++)); do
		[ -S "$1" ] && return 0
		kill -0 "$2" 2>/dev/null || return 1
		sleep 0.05
	done
	return 1
}

start_floor() {
	maildirs "$1"
	"$build/tests/bench/floor" --socket "$scratch/$1/sock" --dir "$scratch/$1/mail" --workers 64 $2 \
		2>/dev/null &
	register "$1" $! "$scratch/$1/sock"
}

start_loft() { # NAME FSYNC
	local exe
	maildirs "$1"
	mkdir "$scratch/$1/libexec"
	for exe in lmtp auth log; do
		ln -s "$(readlink -f "$build/$exe/$exe")" "$scratch/$1/libexec/$exe"
	done
	{ common_conf "$1" "$2"; echo "libexec_dir = $scratch/$1/libexec"; } >"$scratch/$1/conf"
	"$build/master/loft" -F -c "$scratch/$1/conf" 2>"$scratch/$1/err" &
	register "$1" $! "$scratch/$1/run/lmtp"
}

start_dovecot() { # NAME FSYNC
	maildirs "$1"
	{
		common_conf "$1" "$2"
		[ "$(id -u)" = 0 ] || cat <<-CONF
			default_internal_user = $(id -un)
			default_internal_group = $(id -gn)
			default_login_user = $(id -un)
			service anvil {
			  chroot =
			}
		CONF
	} >"$scratch/$1/conf"
	dovecot -F -c "$scratch/$1/conf" 2>"$scratch/$1/err" &
	register "$1" $! "$scratch/$1/run/lmtp"
}

register() { # NAME PID SOCKET
	pids+=("$2")
	master[$1]=$2
	socket[$1]=$3
	wait_for "$3" "$2" || {
		echo "bench: $1 did not start: $(tail -n 3 "$scratch/$1/err" "$scratch/$1/log" 2>/dev/null)"
		exit 1
	}
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

# One measurement: the figure after "rate=", or nothing when it failed.
measure() { # NAME ARGS...
	local name=$1
	shift
	"$build/tests/bench/load" --socket "${socket[$name]}" "$@" 2>"$scratch/load.err" |
		sed -n 's/.*rate=\([0-9.]*\).*/\1/p'
}

median() { sort -n | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)]; else print "-" }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.3f\n", a / b }'; }

# A work: every server in turn, `pairs` times; medians of the figures and of the ratios.
work() { # TITLE ARGS...
	local title=$1 name rate
	shift
	[[ $title =~ ${BENCH_WORK:-.} ]] || return 0
	for name in $servers; do : >"$scratch/$name.rates"; done
	for ((round = 0; round < pairs; round++)); do
		for name in $servers; do
			rate=$(measure "$name" "$@")
			[ -n "$rate" ] || {
				echo "bench: $title failed at $name: $(cat "$scratch/load.err")"
				exit 1
			}
			echo "$rate" >>"$scratch/$name.rates"
			empty_maildirs "$name"
		done
	done
	printf '%-46s' "$title"
	for name in $servers; do printf ' %9.0f' "$(median <"$scratch/$name.rates")"; done
	for other in floor dovecot; do
		name=$(tr ' ' '\n' <<<"$servers" | grep -m1 "^$other") || { printf ' %7s' -; continue; }
		loft=$(tr ' ' '\n' <<<"$servers" | grep -m1 "^loft")
		paste "$scratch/$loft.rates" "$scratch/$name.rates" |
			while read -r a b; do ratio "$a" "$b"; done | median | xargs printf ' %7.2f'
	done
	echo
}

heading() { # TITLE: with a column per server
	printf '\n%-46s' "$1"
	for name in $servers; do printf ' %9s' "${name%%[0-9]*}"; done
	printf ' %7s %7s\n' /floor /dovecot
}

cpu_and_memory() {
	local name before after
	printf '\n%-46s' "CPU ms per message (1000 small, 4 connections)"
	for name in $servers; do
		before=$(cpu_ticks "${master[$name]}")
		measure "$name" --connections 4 --messages 1000 >/dev/null
		after=$(cpu_ticks "${master[$name]}")
		empty_maildirs "$name"
		awk -v t=$((after - before)) -v hz="$(getconf CLK_TCK)" \
			'BEGIN { printf " %9.2f", t * 1000 / hz / 1000 }'
	done
	printf '\n%-46s' "memory, KiB (PSS), 16 idle workers"
	for name in $servers; do printf ' %9s' "$(pss_kib "${master[$name]}")"; done
	echo
}

# System calls of all processes together, counted by strace while messages go over one connection.
system_calls() { # TITLE ARGS...
	local title=$1 name n=300
	shift
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
			END { printf " %6.1f/%.0f", calls / n, syncs / n }' "$scratch/strace.$name"
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

servers="floor loft${have_dovecot:+ dovecot}"
start_floor floor ""
start_loft loft optimized
[ -z "$have_dovecot" ] || start_dovecot dovecot optimized

heading "messages per second (4 KiB)"
work "1 connection" --connections 1 --messages 600
work "16 connections" --connections 16 --messages 2400
work "64 connections" --connections 64 --messages 2400
work "16 connections, pipelined" --connections 16 --messages 2400 --pipeline
work "a connection per message, 16 at a time" --connections 16 --messages 1600 --reconnect
work "16 connections, 50 users" --connections 16 --messages 2400 --users 50
heading "transactions per second"
work "64 KiB to 50 recipients, 4 connections" --connections 4 --messages 200 --size 65536 --rcpts 50 \
	--users 50 --pipeline
work "25 MB message" --connections 1 --messages 6 --size 25000000
heading "recipient probes per second"
work "MAIL RCPT RSET, 4 connections" --connections 4 --messages 6000 --probe --pipeline
cpu_and_memory
system_calls "system calls / syncs per message, lock-step" --connections 1
system_calls "system calls / syncs per message, pipelined" --connections 1 --pipeline

for name in $servers; do stop "$name"; done
servers="floor2 loft2${have_dovecot:+ dovecot2}"
start_floor floor2 --no-sync
start_loft loft2 never
[ -z "$have_dovecot" ] || start_dovecot dovecot2 never
heading "mail_fsync = never"
work "16 connections, never synced" --connections 16 --messages 8000

. "$src/tests/bench/tls-rows.sh"
