#!/bin/bash
# loftctl rawlog: sessions of one user or one client are recorded, without a restart, and others aren't.
. "${srcdir:?}/tests/harness.sh"

port=$(free_port)
rawlogs=$loft_dir/state/rawlog
loft_conf <<CONF
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = $port
  }
}
CONF
loft_start

send() { # RCPT TEXT
	printf 'Subject: %s\n\nx\n' "$2" | "$builddir/ctl/loft-send" --host 127.0.0.1 --port "$port" -f a@x "$1" \
		>"$scratch/send" || fail "$(cat "$scratch/send")"
}

recorded() {
	grep -rqs "^[0-9.]* Subject: $1" "$rawlogs"
}

send alice before
[ ! -e "$rawlogs" ] || fail "recorded without being asked"

echo "- a user"
loft_ctl rawlog on user alice >"$scratch/out" || fail "rawlog on"
grep -q "$rawlogs" "$scratch/out" || fail "$(cat "$scratch/out")"
[ "$(stat -c %a "$rawlogs")" = 700 ] || fail "mode of $rawlogs"
send alice first
send bob other
recorded first || fail "not recorded: $(ls -l "$rawlogs")"
! recorded other || fail "another user's mail is recorded"
grep -rq '^[0-9.]* MAIL FROM:<a@x>' "$rawlogs" || fail "not from its MAIL: $(cat "$rawlogs"/*.in)"
grep -rq '^[0-9.]* RCPT TO:<alice>' "$rawlogs" || fail "not with its RCPT: $(cat "$rawlogs"/*.in)"
grep -rq '^[0-9.]* 250 2.0.0 <alice> ' "$rawlogs" || fail "no replies"
[ -z "$(find "$rawlogs" -type f ! -perm 600)" ] || fail "modes: $(ls -l "$rawlogs")"
loft_ctl -f tab rawlog | grep -q "^user	alice	60	" || fail "list: $(loft_ctl -f tab rawlog)"
loft_ctl rawlog off user bob || fail "rawlog off"
loft_ctl rawlog off user alice || fail "rawlog off"
send alice later
! recorded later || fail "still recorded"

echo "- a client"
loft_ctl rawlog on client 127.0.0.0/8 5 >/dev/null || fail "rawlog on"
loft_ctl rawlog on user carol 5 >/dev/null || fail "rawlog on"
send bob by-address
recorded by-address || fail "not recorded"
grep -rq 'LHLO' "$rawlogs" || fail "not from its beginning"
loft_send bob unix >/dev/null || fail "send"
! grep -rq 'body of unix' "$rawlogs" || fail "a unix peer's session is recorded"
[ "$(loft_ctl -f tab rawlog | wc -l)" = 3 ] || fail "list: $(loft_ctl -f tab rawlog)"
loft_ctl rawlog off || fail "rawlog off"
[ ! -e "$loft_dir/run/rawlog-list" ] || fail "the list is left"

echo "- what has run out counts no longer; wrong words"
printf 'user\talice\t1000\nnonsense\nuser\n' >"$loft_dir/run/rawlog-list"
send alice expired
! recorded expired || fail "recorded beyond its time"
loft_ctl rawlog off
for words in on "on user" "on client nonsense" "on user x 0" "off user" "on group x" maybe; do
	loft_ctl rawlog $words >/dev/null 2>&1
	[ $? = 64 ] || fail "status of: rawlog $words"
done
! grep -E 'Panic|Fatal|Error' "$loft_log" || fail "errors in the log"
loft_stop || fail "status"
echo ok
