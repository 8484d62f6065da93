#!/bin/bash
# What loftctl shows, process titles, `lmtp -L`, who the processes run as, descriptors that run out.
. "${srcdir:?}/tests/harness.sh"

port=$(free_port)
ids() {
	awk '/^Uid:/ { print $2, $3, $4, $5 }' "/proc/$1/status"
}

echo "- lists"
loft_conf_tcp "" "verbose_proctitle = yes"
loft_start
lmtp_open "$port" || fail "no connection"
lmtp_hear '^220 '
lmtp_say 'LHLO x'
lmtp_hear '^250 '
lmtp_say 'MAIL FROM:<a@b.example>'
lmtp_hear '^250 '
lmtp_say 'RCPT TO:<alice@test.example>'
lmtp_hear '^250 '
worker=$(loft_pids worker)
loft_ctl process status | head -n 1 | grep -q '^name  *pid  *kind  *state' || fail "table heading"
loft_ctl -f flow process status | grep -q "name=lmtp pid=$worker kind=worker state=transaction" || fail "flow"
loft_ctl process status -f json | grep -q "{\"name\":\"lmtp\",\"pid\":\"$worker\",\"kind\":\"worker\",\"state\":\"transaction\"" ||
	fail "json: $(loft_ctl -f json process status)"
[ "$(loft_ctl -f tab process status auth | cut -f1 | sort -u)" = $'auth\nname' ] || fail "process status auth"
[ "$(loft_ctl -f tab service status nosuch | wc -l)" = 1 ] || fail "service status nosuch"
loft_ctl config nosuch >"$scratch/out" 2>&1
[ $? = 64 ] || fail "config nosuch: $(cat "$scratch/out")"
grep -q "unknown setting 'nosuch'" "$scratch/out" || fail "config nosuch: $(cat "$scratch/out")"
loft_ctl -f tab service status | grep -q "^lmtp	1	0	100	" || fail "service status"
loft_ctl -f flow who | grep -q "service=lmtp pid=$worker ip=127.0.0.1 state=transaction" || fail "who: $(loft_ctl who)"
[ "$(loft_ctl -f tab who '10.*' | wc -l)" = 1 ] || fail "who with a mask"
[ "$(loft_ctl -f tab who '127.*' | wc -l)" = 2 ] || fail "who with a mask that fits"
loft_ctl log find | grep -qx "Error: $loft_log" || fail "log find"
tr '\0' ' ' <"/proc/$worker/cmdline" | grep -q '^loft/lmtp \[.*127.0.0.1.*\]' ||
	fail "title: $(tr '\0' ' ' <"/proc/$worker/cmdline")"
loft_ctl -f nonsense process status 2>/dev/null && fail "an unknown format"
loft_ctl nonsense 2>/dev/null
[ $? = 64 ] || fail "status of an unknown command"
lmtp_close
exec {lmtp_fd}<>/dev/null
loft_stop || fail "stop"
loft_ctl process status 2>"$scratch/err"
[ $? = 75 ] || fail "status when nobody runs"
grep -q 'not running' "$scratch/err" || fail "$(cat "$scratch/err")"

echo "- who they are"
loft_conf_tcp
loft_start
loft_send alice one >/dev/null || fail "no delivery"
for kind in worker template; do
	for pid in $(loft_pids $kind); do
		[ "$(id -u)" != 0 ] || [[ $(ids "$pid") =~ ^0\ [1-9][0-9]*\ 0\ [1-9][0-9]*$ ]] ||
			fail "$kind has ids $(ids "$pid")"
	done
done
for kind in daemon log; do
	pid=$(loft_pids $kind)
	[ "$(id -u)" != 0 ] || [[ ! " $(ids "$pid") " =~ \ 0\  ]] || fail "$kind has ids $(ids "$pid")"
done
loft_stop || fail "stop"
if [ "$(id -u)" = 0 ]; then
	for how in "" "drop_priv_before_exec = yes"; do
		loft_conf_tcp "user = $loft_uid
		group = $loft_gid
		extra_groups =
		$how"
		loft_start
		loft_send alice "two$how" >/dev/null || fail "no delivery as $loft_uid"
		for pid in $(loft_pids worker) $(loft_pids template); do
			[ "$(ids "$pid")" = "$loft_uid $loft_uid $loft_uid $loft_uid" ] || fail "ids are $(ids "$pid")"
		done
		loft_stop || fail "stop"
	done
	mkdir "$loft_dir/jail"
	loft_conf_tcp "chroot = $loft_dir/jail"
	loft_start
	lmtp_open "$port" || fail "no connection"
	lmtp_hear '^220 '
	[ "$(readlink "/proc/$(loft_pids worker)/root")" = "$loft_dir/jail" ] || fail "no chroot"
	lmtp_close
	loft_stop || fail "stop"
fi

echo "- lmtp -L writes its own log"
loft_conf_tcp "executable = lmtp -L" "protocol lmtp {
  info_log_path = $loft_dir/info.log
}"
if [ "$(id -u)" = 0 ]; then
	: >"$loft_dir/info.log"
fi
loft_start
loft_send alice own1 >/dev/null || fail "no delivery"
grep -q 'msgid=<own1@.*saved mail' "$loft_dir/info.log" || fail "no line in info_log_path"
grep -q 'msgid=<own1@' "$loft_log" && fail "the line is in log_path, too"
mv "$loft_dir/info.log" "$loft_dir/info.log.1"
loft_ctl log reopen || fail "log reopen"
wait_until 5 test -e "$loft_dir/info.log"
loft_send alice own2 >/dev/null || fail "no delivery"
wait_until 5 grep -q 'msgid=<own2@.*saved mail' "$loft_dir/info.log"
loft_stop || fail "stop"

echo "- log lines on standard error, in the foreground"
loft_conf_tcp "" "log_path = /dev/stderr"
: >"$loft_dir/stderr"
loft_start
loft_send alice err1 >/dev/null || fail "no delivery"
wait_until 5 grep -q 'msgid=<err1@.*saved mail' "$loft_dir/stderr"
loft_stop || fail "stop"

echo "- few descriptors: clients wait, nobody dies"
loft_conf_tcp "process_min_avail = 1"
(
	ulimit -n 64
	exec "$builddir/master/loft" -F -c "$loft_file"
) >>"$loft_dir/stdout" 2>>"$loft_dir/stderr" </dev/null &
loft_pid=$!
wait_until 5 loft_ready
grep -q 'fd limit (ulimit -n) is lower than required' "$loft_log" || fail "no warning about the limit"
loft_send alice few >/dev/null || fail "no delivery with few descriptors"
loft_stop || fail "stop"

echo "- no lmtp in protocols: no listener, and it is said"
loft_conf_tcp "" "protocols = imap"
"$builddir/master/loft" -F -c "$loft_file" 2>>"$loft_dir/stderr" &
loft_pid=$!
wait_until 5 grep -q "protocols doesn't list lmtp" "$loft_log"
[ ! -e "$loft_socket" ] || fail "a socket although protocols has no lmtp"
loft_stop || fail "stop"
exit 0
