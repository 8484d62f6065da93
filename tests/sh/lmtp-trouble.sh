#!/bin/bash
# What an operator finds when something went wrong: ids of errors, who a unix peer is, listeners open to strangers.
. "${srcdir:?}/tests/harness.sh"

port=$(free_port)
mkdir -p "$loft_dir"
echo "alice::$loft_uid:$loft_gid::$loft_dir/mail/alice::
bob::$loft_uid:$loft_gid::$loft_dir/nowhere/bob::" >"$scratch/users"
chmod 644 "$scratch/users"
conf() {
	{
		cat
		cat <<-CONF
			first_valid_uid = 1
			info_log_path = $loft_log.info
			userdb {
			  driver = passwd-file
			  args = $scratch/users
			}
		CONF
	} | loft_conf
}
conf </dev/null
mkdir "$loft_dir/nowhere"
chmod 000 "$loft_dir/nowhere"
loft_start

echo "- an error's id"
out=$(loft_send bob 2>&1)
id=$(sed -n 's/.*451 4\.2\.0 <bob> Internal error .* \[\([a-z0-9]*\)\]$/\1/p' <<<"$out")
if [ "$(id -u)" = 0 ] || [ -n "$id" ]; then
	[ -n "$id" ] || fail "no id in: $out"
	wait_until 10 grep -qF "[$id]" "$loft_log"
	loft_ctl error "$id" >"$scratch/out" || fail "loftctl error"
	grep -q "lmtp(bob).*$loft_dir/nowhere.*Permission denied.*euid=$loft_uid.*\[$id\]" "$scratch/out" ||
		fail "$(cat "$scratch/out")"
	grep -q '^  hint: ' "$scratch/out" || fail "no hint: $(cat "$scratch/out")"
	# also behind a rotation, with brackets
	mv "$loft_log" "$loft_log.1"
	loft_ctl error "[$id]" >"$scratch/out" || fail "rotated"
	mv "$loft_log.1" "$loft_log"
fi
loft_ctl error nosuchid 2>"$scratch/out"
[ $? = 67 ] || fail "status for an unknown id"
grep -q 'nosuchid is in no log file' "$scratch/out" || fail "$(cat "$scratch/out")"
loft_ctl error 2>/dev/null
[ $? = 64 ] || fail "status without an id"

echo "- a lookup that fails"
mv "$scratch/users" "$scratch/users.away"
loft_ctl reload >/dev/null 2>&1
mkdir "$scratch/users"
out=$(loft_send alice 2>&1)
id=$(sed -n 's/.*451 4\.3\.0 <alice> Temporary internal error \[\([a-z0-9]*\)\]$/\1/p' <<<"$out")
if [ -n "$id" ]; then
	wait_until 10 loft_ctl error "$id"
	loft_ctl error "$id" | grep -q 'Failed to lookup user alice' || fail "lookup"
fi
rmdir "$scratch/users"
mv "$scratch/users.away" "$scratch/users"

echo "- a unix peer"
grep -qE "lmtp\([0-9]+\): Info: Connect from local \(pid=[0-9]+ uid=$(id -u)\)$" "$loft_log.info" ||
	fail "no pid and uid: $(cat "$loft_log.info")"
! grep -q 'strangers' "$loft_log" || fail "a warning without a reason"
loft_stop || fail "status"

echo "- listeners that strangers can reach"
listener() { # ADDRESS LINES...
	echo "service lmtp {
  inet_listener open {
    address = $1
    port = $port
    ${2:-}
  }
}"
}
warned() {
	loft_start
	loft_stop || fail "status"
	grep -qE 'Warning: inet_listener open: strangers can reach port [0-9]+ of (0\.0\.0\.0|all addresses) without TLS' "$loft_log"
	local status=$?
	: >"$loft_log"
	return $status
}
conf < <(listener 0.0.0.0)
warned || fail "no warning"
conf < <(listener 127.0.0.1)
! warned || fail "warned of loopback"
conf < <(listener 0.0.0.0 "haproxy = yes")
! warned || fail "warned of a proxy's listener"
conf < <(listener 0.0.0.0; echo "lmtp_trusted_ips = 192.0.2.1")
! warned || fail "warned with lmtp_trusted_ips"
conf < <(listener 0.0.0.0; echo "lmtp_require_tls = yes")
! warned || fail "warned with lmtp_require_tls"
chmod 755 "$loft_dir/nowhere"
echo ok
