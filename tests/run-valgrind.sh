#!/bin/bash
# Runs unit test programs under valgrind, in one process each, and counts them in automake's words.
set -u
pass=0 fail=0
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
for program in "$@"; do
	# Tests that fork, change uid or load the processor on purpose say so.
	if CK_FORK=no LOFT_VALGRIND=1 valgrind -q --vgdb=no --error-exitcode=99 --leak-check=full \
		--errors-for-leak-kinds=definite --child-silent-after-fork=yes "$program" >"$log" 2>&1; then
		pass=$((pass + 1))
	else
		echo "FAIL: valgrind $program"
		tail -n 60 "$log"
		fail=$((fail + 1))
	fi
done
echo "# PASS:  $pass"
echo "# FAIL:  $fail"
[ "$fail" = 0 ]
