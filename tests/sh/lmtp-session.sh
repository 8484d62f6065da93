#!/bin/bash
# Sessions when something happens around them: stop, reload, the master's death, faults of auth and of disks.
. "${srcdir:?}/tests/harness.sh"

talk=$builddir/tests/talk/talk
port=$(free_port)
export loft_mail=$loft_dir/mail

conf() {
	{
		cat
		cat <<-CONF
			login_greeting = ready.
			service lmtp {
			  inet_listener lmtp {
			    address = 127.0.0.1
			    port = $port
			  }
			}
		CONF
	} | loft_conf
}

# A dialogue from standard input with the running daemon.
play() {
	local file
	file=$(mktemp "$scratch/talk.XXXXXX")
	cat >"$file"
	export loft_pid
	"$talk" --tcp 127.0.0.1 "$port" "$file" || fail "$1"
}

# The same with lmtp by hand and this configuration.
play_by_hand() {
	local file
	file=$(mktemp "$scratch/talk.XXXXXX")
	cat >"$file"
	"$talk" --command "$builddir/lmtp/lmtp -c $2" "$file" || fail "$1"
}

logged() {
	grep -qE -- "$1" "$loft_log" || fail "not in the log: $1"
}

echo "- log lines"
conf </dev/null
loft_start
play "log lines" <<'TALK'
S: 220 {host} ready.
close
reconnect
S: 220 {host} ready.
C: LHLO x
C: MAIL FROM:<a@b>
wait 100
close
reconnect
C: LHLO x
C: MAIL FROM:<a@b>
C: RCPT TO:<alice>
wait 100
close
reconnect
C: LHLO x
C: MAIL FROM:<a@b>
C: RCPT TO:<alice>
C: DATA
C: half
wait 100
close
reconnect
S: 220 {host} ready.
N 11 FOO\r\n
wait 100
close
reconnect
C: LHLO x
C: MAIL FROM:<a@b>
C: RCPT TO:<Alice+x@B>
C: DATA
C: Message-ID: <m1@x>
C: 
C: .
C: QUIT
wait 300
TALK
logged 'lmtp\([0-9]+\): Info: Connect from 127\.0\.0\.1$'
logged 'lmtp\([0-9]+\): Info: Disconnect from 127\.0\.0\.1: Connection closed \(state=GREETING\)$'
logged 'lmtp\([0-9]+\): Info: Disconnect from 127\.0\.0\.1: Connection closed \(state=MAIL FROM\)$'
logged 'lmtp\([0-9]+\): Info: Disconnect from 127\.0\.0\.1: Connection closed \(state=RCPT TO\)$'
logged 'lmtp\([0-9]+\): Info: Disconnect from 127\.0\.0\.1: Connection closed \(unfinished DATA command\) \(state=DATA\)$'
logged 'lmtp\([0-9]+\): Info: Disconnect from 127\.0\.0\.1: Too many invalid commands\. \(state=GREETING\)$'
logged 'lmtp\(alice@b\)<[0-9]+><[A-Za-z0-9+/]{22}>: Info: msgid=<m1@x>: saved mail to INBOX$'
logged 'lmtp\([0-9]+\): Info: Disconnect from 127\.0\.0\.1: Logged out \(state=READY\)$'

echo "- stop: idle clients are told, a message in hand is finished"
play "stop in RCPT" <<'TALK' &
C: LHLO x
C: MAIL FROM:<a@b>
C: RCPT TO:<bob>
R: 220 .*
E: 250 {any}
S: 250 2.1.0 OK
S: 250 2.1.5 OK
S: 421 4.3.2 {host} Shutting down
eof
TALK
idle=$!
sleep 0.3
play "stop in DATA" <<'TALK'
C: LHLO x
C: MAIL FROM:<a@b>
C: RCPT TO:<bob>
C: DATA
R: 220 .*
E: 250 {any}
S: 250 2.1.0 OK
S: 250 2.1.5 OK
S: 354 OK
C: in hand
run: kill -TERM $loft_pid
wait 500
C: .
S: 250 2.0.0 <bob> {sid} Saved
S: 421 4.3.2 {host} Shutting down
eof
TALK
wait $idle || fail "the idle client"
loft_wait || fail "status after SIGTERM"
[ "$(loft_mails bob)" = 1 ] || fail "the message in hand is not there"
logged 'Disconnect from 127\.0\.0\.1: Shutting down \(state=RCPT TO\)$'

echo "- the master's death: a message in hand is finished"
loft_start
play "master killed" <<'TALK'
C: LHLO x
C: MAIL FROM:<a@b>
C: RCPT TO:<carol>
C: DATA
R: 220 .*
E: 250 {any}
S: 250 2.1.0 OK
S: 250 2.1.5 OK
S: 354 OK
run: kill -KILL $loft_pid
wait 500
C: in hand
C: .
S: 250 2.0.0 <carol> {sid} Saved
S: 421 4.3.2 {host} Shutting down
eof
TALK
loft_wait
[ "$(loft_mails carol)" = 1 ] || fail "the message in hand is not there"

echo "- reload: sessions go on, or end at their next command"
loft_start
play "reload, shutdown_clients = no" <<TALK
C: LHLO x
C: MAIL FROM:<a@b>
C: RCPT TO:<dave>
R: 220 .*
E: 250 {any}
S: 250 2.1.0 OK
S: 250 2.1.5 OK
run: $builddir/ctl/loftctl -c $loft_file reload
wait 300
C: DATA
S: 354 OK
C: .
S: 250 2.0.0 <dave> {sid} Saved
C: QUIT
S: 221 2.0.0 Bye
eof
TALK
loft_stop || fail "status after SIGTERM"
conf <<-CONF
	shutdown_clients = yes
CONF
loft_start
play "reload, shutdown_clients = yes" <<TALK
C: LHLO x
C: MAIL FROM:<a@b>
C: RCPT TO:<dave>
C: DATA
R: 220 .*
E: 250 {any}
S: 250 2.1.0 OK
S: 250 2.1.5 OK
S: 354 OK
run: $builddir/ctl/loftctl -c $loft_file reload
wait 300
C: .
S: 250 2.0.0 <dave> {sid} Saved
S: 421 4.3.2 {host} Shutting down
eof
TALK

echo "- by hand: a configuration that is wrong"
sed '1i no_such_setting = 1' "$loft_file" >"$loft_dir/wrong.conf"
"$builddir/lmtp/lmtp" -c "$loft_dir/wrong.conf" >"$scratch/out" 2>"$scratch/err" </dev/null
[ $? = 89 ] || fail "status is not 89"
grep -q '^421 4\.3\.0 ' "$scratch/out" || fail "no 421: $(cat "$scratch/out")"
[ ! -s "$scratch/err" ] || fail "standard error isn't silent: $(cat "$scratch/err")"

echo "- by hand: end of input is an end"
# The leak checker can't look into a process that rests as somebody else.
printf 'LHLO x\r\nMAIL FROM:<>\r\n' | ASAN_OPTIONS=detect_leaks=0 "$builddir/lmtp/lmtp" -c "$loft_file" >"$scratch/out" 2>"$scratch/err"
[ $? = 0 ] || fail "status at the end of input"
grep -q '^250 2.1.0 OK' "$scratch/out" || fail "no reply: $(cat "$scratch/out")"
[ ! -s "$scratch/err" ] || fail "standard error isn't silent"

echo "- auth is away"
sed "1i auth_socket_path = $loft_dir/no-such-socket" "$loft_file" >"$loft_dir/noauth.conf"
play_by_hand "auth is away" "$loft_dir/noauth.conf" <<'TALK'
C: LHLO x
C: MAIL FROM:<a@b>
C: RCPT TO:<alice>
C: RCPT TO:<bob>
C: DATA
R: 220 .*
E: 250 {any}
S: 250 2.1.0 OK
S: 451 4.3.0 <alice> Temporary internal error [{any}]
S: 451 4.3.0 <bob> Temporary internal error [{any}]
S: 503 5.5.0 No valid recipients
C: QUIT
S: 221 2.0.0 Bye
TALK
logged 'Error: .*no-such-socket.*failed'
sed -i '1i lmtp_verbose_replies = yes' "$loft_dir/noauth.conf"
play_by_hand "lmtp_verbose_replies" "$loft_dir/noauth.conf" <<'TALK'
C: LHLO x
C: MAIL FROM:<a@b>
C: RCPT TO:<alice>
R: 220 .*
E: 250 {any}
S: 250 2.1.0 OK
R: 451 4\.3\.0 <alice> .*no-such-socket.*
TALK

echo "- a user whose uid isn't allowed: told at RCPT"
sed '/^first_valid_uid/d; 1i first_valid_uid = 4000000000' "$loft_file" >"$loft_dir/uid.conf"
play_by_hand "uid out of range" "$loft_dir/uid.conf" <<'TALK'
C: LHLO x
C: MAIL FROM:<a@b>
C: RCPT TO:<alice>
R: 220 .*
E: 250 {any}
S: 250 2.1.0 OK
S: 451 4.3.0 <alice> Temporary internal error [{any}]
TALK
logged 'Error: .*first_valid_uid'

echo "- no room for the message: the rest is read over, each recipient is told"
(
	ulimit -f 512
	play_by_hand "no room" "$loft_file"
) <<'TALK' || exit 1
C: LHLO x
C: MAIL FROM:<a@b>
C: RCPT TO:<erin>
C: RCPT TO:<frank>
C: DATA
R: 220 .*
E: 250 {any}
S: 250 2.1.0 OK
S: 250 2.1.5 OK
S: 250 2.1.5 OK
S: 354 OK
N 100000 a line of the message\r\n
C: .
S: 451 4.3.0 Temporary internal failure [{any}]
S: 451 4.3.0 Temporary internal failure [{any}]
C: NOOP
S: 250 2.0.0 OK
C: QUIT
S: 221 2.0.0 Bye
TALK
[ "$(loft_mails erin)" = 0 ] || fail "something was stored"
logged 'Error: .*File too large'

echo "- one recipient's mailbox can't be written, the other gets the message"
: >"$loft_mail/grace"
play "one fails" <<'TALK'
C: LHLO x
C: MAIL FROM:<a@b>
C: RCPT TO:<grace>
C: RCPT TO:<heidi>
C: DATA
R: 220 .*
E: 250 {any}
S: 250 2.1.0 OK
S: 250 2.1.5 OK
S: 250 2.1.5 OK
S: 354 OK
C: .
S: 451 4.2.0 <grace> Internal error occurred. Refer to server log for more information. [{date}] [{any}]
S: 250 2.0.0 <heidi> {sid}:R2 Saved
C: QUIT
S: 221 2.0.0 Bye
TALK
[ "$(loft_mails heidi)" = 1 ] || fail "the other recipient's mail"

echo "- a client who never reads"
play "deaf client" <<'TALK'
N 200000 NOOP\r\n
close
TALK
loft_stop || fail "status after SIGTERM"

echo "- strangers"
conf <<-CONF
	lmtp_trusted_ips = 192.0.2.0/24
CONF
loft_start
play "strangers" <<'TALK'
R: 554 5\.7\.1 .*
eof
TALK
loft_send alice trusted >/dev/null || fail "a unix peer was refused"
loft_stop || fail "status after SIGTERM"
! grep -E 'Panic|killed with' "$loft_log" || fail "a process died"
exit 0
