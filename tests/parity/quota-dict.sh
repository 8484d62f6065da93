#!/bin/bash
# Dovecot and Loft keep the usage of one mailbox in the same dict: a file (with each kind of lock), and Redis. They
# deliver in turns and at the same time; at the end the values are what lies in the mailbox, to the octet.
. "${srcdir:?}/tests/harness.sh"

dovecot=
for dir in /usr/lib/dovecot /usr/libexec/dovecot /usr/local/libexec/dovecot; do
	[ -x "$dir/dovecot-lda" ] && dovecot=$dir/dovecot-lda
done
[ -n "$dovecot" ] || skip "dovecot-lda is not installed"
as_user=
if [ "$(id -u)" = 0 ]; then
	command -v setpriv >/dev/null || skip "no setpriv"
	as_user="setpriv --reuid $loft_uid --regid $loft_gid --clear-groups"
fi
cp "$builddir/lda/loft-lda" "$scratch/loft-lda" || fail "no loft-lda"
printf 'From: a@b.example\nSubject: x\n\nbody\n' >"$scratch/message"

# conf DICT
conf() {
	rm -rf "$scratch/home"
	mkdir -p "$scratch/home"
	chown "$loft_uid:$loft_gid" "$scratch/home"
	cat >"$scratch/lda.conf" <<-CONF
		base_dir = $scratch/run
		ssl = no
		hostname = mx.test.example
		postmaster_address = postmaster@test.example
		mail_location = maildir:~/Maildir
		log_path = $scratch/home/log
		first_valid_uid = 1
		mail_plugins = quota
		plugin {
		  quota = dict:User quota::$1
		  quota_rule = *:storage=1M
		}
	CONF
}
# deliver PROGRAM
deliver() {
	env -i HOME="$scratch/home" USER=alice PATH="$PATH" $as_user "$1" -c "$scratch/lda.conf" <"$scratch/message" ||
		fail "$1: $(cat "$scratch/home/log")"
}
in_mailbox() {
	find "$scratch/home/Maildir/new" -type f -printf '%s\n' | awk '{ n += $1 } END { print NR, n + 0 }'
}
# take_turns READER: a command that prints "MESSAGES OCTETS"
take_turns() {
	local i pids
	for i in 1 2 3; do
		deliver "$dovecot"
		deliver "$scratch/loft-lda"
	done
	[ "$($1)" = "$(in_mailbox)" ] || fail "in turns: values '$($1)', mailbox '$(in_mailbox)'"
	for i in 1 2 3 4 5 6; do
		deliver "$dovecot" &
		pids[i]=$!
		deliver "$scratch/loft-lda" &
		pids[i + 6]=$!
	done
	wait "${pids[@]}"
	[ "$($1)" = "$(in_mailbox)" ] || fail "together: values '$($1)', mailbox '$(in_mailbox)'"
	[ "$(in_mailbox | cut -d' ' -f1)" = 18 ] || fail "mail is missing: $(cat "$scratch/home/log")"
	! grep -E 'Error|Panic' "$scratch/home/log" || fail "errors"
}

from_file() {
	awk '{ name = $0; getline; value[name] = $0 }
		END { print value["priv/quota/messages"], value["priv/quota/storage"] }' "$scratch/home/quota"
}
# Dovecot 2.3's other locks lose changes among its own processes, too.
echo "- a file"
conf "file:%h/quota"
take_turns from_file

command -v redis-server >/dev/null && command -v redis-cli >/dev/null || { echo "no redis-server: left out"; exit 0; }
"$builddir/master/loft" --build-options | grep -qw hiredis || { echo "built without hiredis: left out"; exit 0; }
echo "- Redis"
port=$(free_port)
redis-server --port "$port" --bind 127.0.0.1 --save "" --appendonly no --dir "$scratch" \
	>"$scratch/redis.log" 2>&1 </dev/null &
redis_pid=$!
redis_stop() {
	kill -KILL "$redis_pid" 2>/dev/null
	wait "$redis_pid" 2>/dev/null
}
cleanup_add redis_stop
from_redis() {
	redis-cli -p "$port" mget q/alice/quota/messages q/alice/quota/storage | paste -sd' '
}
wait_until 10 redis-cli -p "$port" ping
conf "redis:host=127.0.0.1:port=$port:prefix=q/"
take_turns from_redis
exit 0
