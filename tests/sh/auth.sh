#!/bin/bash
# The auth process under the master: answers, changed files, faults, who may ask for whom.
. "${srcdir:?}/tests/harness.sh"

root=
[ "$(id -u)" != 0 ] || root=yes
port=$(free_port)
users=$scratch/users

loft_conf <<CONF
first_valid_uid = 1
auth_verbose = yes
auth_debug = yes
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = $port
  }
}
passdb {
  driver = passwd-file
  args = $users
}
userdb {
  driver = passwd-file
  args = $users
}
CONF

# put_users LINE…: a new file under the old name, root's alone
put_users() {
	printf '%s\n' "$@" >"$users.new"
	chmod 600 "$users.new"
	mv "$users.new" "$users"
}

entry() {
	echo "$1:{PLAIN}secret-$1:$loft_uid:$loft_gid::$loft_dir/mail/$1::"
}

# rcpt USER REPLY: what LMTP says at RCPT
rcpt() {
	lmtp_open "$port" || fail "no connection"
	lmtp_hear '^220 '
	lmtp_say "LHLO test"
	lmtp_hear '^250 '
	lmtp_say "MAIL FROM:<s@test.example>"
	lmtp_hear '^250 '
	lmtp_say "RCPT TO:<$1>"
	lmtp_hear "$2" 10
	lmtp_say "QUIT"
	lmtp_hear '^221 '
	lmtp_close
}

# logged PATTERN: the log process may be a moment behind
logged() {
	wait_until 5 grep -q -- "$1" "$loft_log"
}

put_users "$(entry alice)" "$(entry bob)userdb_mail=maildir:~/elsewhere foo=bar"
loft_start

echo "- lookups"
[ "$(loft_ctl user -f home alice)" = "$loft_dir/mail/alice" ] || fail "home of alice"
[ "$(loft_ctl user '*')" = $'alice\nbob' ] || fail "list of users"
[ "$(loft_ctl user 'b*')" = bob ] || fail "list with a mask"
[ "$(loft_ctl user -f mail bob)" = "maildir:~/elsewhere" ] || fail "mail of bob"
[ "$(loft_ctl user -f mail alice)" = "maildir:~/Maildir" ] || fail "mail of alice"
[ "$(loft_ctl user -f json bob)" = "$(loft_ctl -f json user bob)" ] || fail "-f json behind the command"
loft_ctl user -f json bob | grep -q '^\[{"field":"uid",' || fail "user -f json: $(loft_ctl user -f json bob)"
loft_ctl user nosuch 2>"$scratch/err"
[ $? = 67 ] || fail "status for nosuch"
grep -q "user nosuch doesn't exist" "$scratch/err" || fail "text for nosuch"
loft_ctl auth lookup bob | grep -q '  foo       : bar' || fail "auth lookup"
loft_ctl auth test alice secret-alice | grep -q 'passdb: alice auth succeeded' || fail "right password"
loft_ctl auth test alice wrong >"$scratch/out"
[ $? = 77 ] || fail "status for a wrong password"
grep -q 'passdb: alice auth failed' "$scratch/out" || fail "wrong password"
grep -q 'secret-alice\|AGFsaWNl' "$loft_log" && fail "a password in the log"
loft_ctl auth cache flush | grep -q '^0 cache entries flushed' || fail "cache flush"

echo "- replies at RCPT"
rcpt alice '^250 2.1.5 OK'
rcpt nosuch "^550 5.1.1 <nosuch> User doesn't exist: nosuch"
logged 'auth: Info: passwd-file(nosuch,127.0.0.1): unknown user'
tab=$'\t'
logged "auth: Debug: master in: USER$tab[0-9]*${tab}nosuch${tab}service=lmtp${tab}lip=127.0.0.1"
logged "auth: Debug: userdb out: NOTFOUND$tab"

echo "- a changed file counts at once, a missing one is trouble"
rcpt carol '^550 5.1.1'
put_users "$(entry carol)"
rcpt carol '^250 '
rcpt alice '^550 5.1.1'
rm "$users"
rcpt carol '^451 4.3.0 <carol> Temporary internal error'
rcpt nosuch '^451 4.3.0 '
put_users "$(entry alice)" "$(entry bob)" "low:x:1:1::/x" "nobody-has:x:no-such-user:1::/x" "zero:x:0:0::/x" \
	"rel:x:$loft_uid:$loft_gid::rel/home"
rcpt carol '^550 5.1.1'

echo "- answers that can't work are told at RCPT"
rcpt nobody-has '^451 4.3.0 '
rcpt rel '^451 4.3.0 '
rcpt zero "^550 5.1.1 <zero> User doesn't exist: zero"
logged 'home directory rel/home .* not an absolute path'

echo "- auth dies, hangs, comes back"
rcpt alice '^250 '
auth_pid() {
	loft_ctl -f tab process status | awk -F '\t' '$1 == "auth" { print $2 }'
}
pid=$(auth_pid)
kill -KILL "$pid" || fail "no auth process"
rcpt alice '^250 '
new_pid() {
	local now
	now=$(auth_pid) && [ -n "$now" ] && [ "$now" != "$pid" ]
}
wait_until 5 new_pid
pid=$(auth_pid)
kill -STOP "$pid"
start=$SECONDS
rcpt alice '^451 4.3.0 <alice> Temporary internal error'
[ $((SECONDS - start)) -le 8 ] || fail "waited $((SECONDS - start)) s for a silent auth"
kill -CONT "$pid"
rcpt alice '^250 '

if [ -n "$root" ] && command -v setpriv >/dev/null; then
	echo "- who may ask for whom"
	install -m 755 "$builddir/ctl/loftctl" "$scratch/loftctl"
	ask_as() {
		setpriv --reuid "$1" --regid "$2" --clear-groups "$scratch/loftctl" -c "$loft_file" user -f uid "$3" \
			2>/dev/null
	}
	put_users "$(entry alice)" "other:x:61235:61235::/x"
	[ "$(stat -c %a "$loft_dir/run/auth-userdb")" = 666 ] || fail "mode of auth-userdb"
	[ "$(ask_as 61235 61235 other)" = 61235 ] || fail "no answer about oneself"
	ask_as 61235 61235 alice
	[ $? = 75 ] || fail "an answer about somebody else"
	ask_as 61235 61235 nosuch
	[ $? = 67 ] || fail "nosuch isn't unknown for a stranger"
	setpriv --reuid 61235 --regid 61235 --clear-groups "$scratch/loftctl" -c "$loft_file" user '*' 2>/dev/null &&
		fail "a stranger could list the users"
	ps -o user= -p "$(auth_pid)" | grep -qx root && fail "auth runs as root"
	grep -q '^CapEff:[[:space:]]*0*$' "/proc/$(auth_pid)/status" || fail "auth has capabilities"
fi
loft_stop || fail "status of the daemon"
exit 0
