#!/bin/bash
# Runs libFuzzer targets for FUZZ_SECONDS each, from their seeds, and counts them in automake's words.
set -u
pass=0 fail=0
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
for target in "$@"; do
	name=${target##*/fuzz-}
	mkdir "$scratch/$name"
	if (cd "$scratch/$name" && ASAN_OPTIONS=detect_leaks=0 "$builddir/$target" -timeout=20 \
		-rss_limit_mb=2000 -max_total_time="${FUZZ_SECONDS:-5}" -max_len=8192 -verbosity=0 \
		-dict="$srcdir/tests/fuzz/$name.dict" "$scratch/$name" "$srcdir/tests/fuzz/seeds-$name") \
		>"$scratch/log" 2>&1; then
		pass=$((pass + 1))
		echo "PASS: fuzz $name: $(find "$scratch/$name" -type f | wc -l) new inputs"
	else
		fail=$((fail + 1))
		echo "FAIL: fuzz $name"
		tail -n 60 "$scratch/log"
		for input in "$scratch/$name"/{crash,timeout,oom,leak}-*; do
			[ -f "$input" ] && { echo "input:"; base64 "$input" | head -n 40; }
		done
	fi
done
echo "# PASS:  $pass"
echo "# FAIL:  $fail"
[ "$fail" = 0 ]
