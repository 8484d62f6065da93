#!/bin/bash
# lmtp_user_concurrency_limit counts over all workers, and the deliveries of a killed worker are gone with it.
. "${srcdir:?}/tests/harness.sh"

port=$(free_port)
loft_conf <<CONF
lmtp_user_concurrency_limit = 2
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = $port
  }
}
CONF
loft_start

rcpt() { # ADDRESS PATTERN
	lmtp_say "RCPT TO:<$1>"
	lmtp_hear "$2"
}

begin() {
	lmtp_open "$port" || fail "connect"
	lmtp_hear '^220 '
	lmtp_say "LHLO x"
	lmtp_hear '^250 '
	lmtp_say "MAIL FROM:<a@x>"
	lmtp_hear '^250 '
}

too_many='^451 4\.3\.0 <alice.*> Too many concurrent deliveries for user \[[a-z2-9]{8}\]$'
begin; first=$lmtp_fd
rcpt alice '^250 '
rcpt alice '^250 '	# the same, no further delivery
rcpt bob '^250 '
begin; second=$lmtp_fd
rcpt alice@x.example '^250 '	# another user
rcpt alice '^250 '
begin; third=$lmtp_fd
rcpt alice "$too_many"
id=${heard##*[} id=${id%]}
wait_until 10 loft_ctl error "$id"
loft_ctl error "$id" | grep -q 'rcpt <alice>: Too many .*(lmtp_user_concurrency_limit)' || fail "$(loft_ctl error "$id")"
loft_ctl error "$id" | grep -q '^  hint: more deliveries to this user' || fail "no hint"
rcpt bob '^250 '

echo "- the end of a transaction"
lmtp_fd=$first
lmtp_say "RSET"
lmtp_hear '^250 '
lmtp_fd=$third
rcpt alice '^250 '
lmtp_say DATA
lmtp_hear '^354 '
lmtp_say "Subject: x"
lmtp_say .
lmtp_hear '^250 2.0.0 <bob> '
lmtp_hear '^250 2.0.0 <alice> '
lmtp_say "MAIL FROM:<a@x>"
lmtp_hear '^250 '
rcpt alice '^250 '
lmtp_fd=$first
lmtp_say "MAIL FROM:<a@x>"
lmtp_hear '^250 '
rcpt alice "$too_many"

echo "- a worker that is killed, a client that goes"
kill -KILL $(loft_pids worker) 2>/dev/null
wait_until 10 grep -q 'killed with signal 9' "$loft_log"
alice_is_free() {
	local fd heard line
	exec {fd}<>"/dev/tcp/127.0.0.1/$port" || return 1
	printf 'LHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<alice>\r\nQUIT\r\n' >&"$fd"
	heard=$(timeout 5 cat <&"$fd")
	exec {fd}>&-
	[[ $heard == *"250 2.1.5 OK"* ]]
}
wait_until 10 alice_is_free
begin; first=$lmtp_fd
rcpt alice '^250 '
begin; second=$lmtp_fd
rcpt alice '^250 '
! alice_is_free || fail "a third delivery"
lmtp_fd=$first
lmtp_close
wait_until 10 alice_is_free
loft_stop || fail "status"
echo ok
