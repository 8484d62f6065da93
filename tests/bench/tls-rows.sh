# Sourced by run.sh at its end: TLS handshakes per second, full ones and resumed ones, and how many of these were. A
# ticket ought to work at every worker, so the clients come back to whichever is free.

# Both daemons, with a certificate and a listener on its own port each.
tls_start() { # NAME PORT
	extra_conf="ssl = yes
ssl_cert = <$scratch/tls.pem
ssl_key = <$scratch/tls.key
service lmtp {
  inet_listener lmtps {
    address = 127.0.0.1
    port = $2
    ssl = yes
  }
}"
	start "$1" never
	extra_conf=
}

tls_measure() { # NAME ARGS...: "RATE RESUMED"
	local name=$1
	shift
	"$build/tests/bench/tls-load" --port "${tls_port[$name]}" "$@" 2>"$scratch/load.err" |
		sed -n 's/^rate=\([0-9.]*\) resumed=\([0-9]*%\)$/\1 \2/p'
}

tls_work() { # TITLE ARGS...
	local title=$1 name rate resumed shown=
	shift
	[[ $title =~ ${BENCH_WORK:-.} ]] || return 0
	for name in $servers; do : >"$scratch/$name.rates"; done
	for ((round = 0; round < pairs; round++)); do
		for name in $servers; do
			read -r rate resumed < <(tls_measure "$name" "$@")
			[ -n "${rate:-}" ] || {
				echo "bench: $title failed at $name: $(cat "$scratch/load.err")"
				exit 1
			}
			echo "$rate" >>"$scratch/$name.rates"
			echo "$resumed" >"$scratch/$name.resumed"
		done
	done
	printf '%-46s' "$title"
	for name in $servers; do
		printf ' %9.0f' "$(median <"$scratch/$name.rates")"
		shown="$shown ${name%%[0-9]*} $(cat "$scratch/$name.resumed"),"
	done
	if [ -n "$have_dovecot" ]; then
		paste "$scratch/loft5.rates" "$scratch/dovecot5.rates" |
			while read -r a b; do ratio "$a" "$b"; done | median | xargs printf ' %7s %7.2f' -
	fi
	printf '   resumed:%s\n' "${shown%,}"
}

tls_rows() {
	local first
	declare -A tls_port
	command -v openssl >/dev/null || { echo "openssl is not installed: no TLS rows"; return; }
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=bench.example \
		-keyout "$scratch/tls.key" -out "$scratch/tls.pem" 2>/dev/null || return
	servers="loft5${have_dovecot:+ dovecot5}"
	first=$((20000 + RANDOM % 12000))
	tls_port=([loft5]=$first [dovecot5]=$((first + 1)))
	tls_start loft5 "$first"
	[ -z "$have_dovecot" ] || tls_start dovecot5 $((first + 1))
	heading "TLS connections per second"
	tls_work "full handshakes, 4 clients" --count 2000
	tls_work "resumed handshakes, 4 clients" --count 2000 --resume
}
tls_rows
