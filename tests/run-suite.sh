#!/bin/bash
# Runs test scripts one after the other and counts them in automake's words: exit status 0 is a pass,
# 77 a skip (its last line says why), anything else a failure, whose output is shown.
#
#   run-suite.sh SCRIPT...
set -u
pass=0 fail=0 skip=0
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
run() {
	timeout -k 10 "${TEST_TIMEOUT:-600}" bash "$1" >"$log" 2>&1 </dev/null
}
for script in "$@"; do
	name=${script##*/}
	start=$SECONDS
	run "$script"
	status=$?
	# With other suites at work a wait may be too short: once more, and named.
	if [ $status != 0 ] && [ $status != 77 ]; then
		echo "AGAIN: $name"
		tail -n 40 "$log"
		run "$script"
		status=$?
	fi
	case $status in
	0)
		echo "PASS: $name ($((SECONDS - start)) s)"
		pass=$((pass + 1))
		;;
	77)
		echo "SKIP: $name: $(tail -n 1 "$log")"
		skip=$((skip + 1))
		;;
	*)
		echo "FAIL: $name ($((SECONDS - start)) s)"
		tail -n 80 "$log"
		fail=$((fail + 1))
		;;
	esac
done
echo "# PASS:  $pass"
echo "# SKIP:  $skip"
echo "# FAIL:  $fail"
[ "$fail" = 0 ]
