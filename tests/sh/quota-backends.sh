#!/bin/bash
# Quota that is kept elsewhere than in the Maildir: in a dict file, in Redis (where redis-server is installed),
# by the kernel (played by a library where it can't). Values, refusals, and what happens when it is away.
. "${srcdir:?}/tests/harness.sh"

users=$scratch/users
port=$(free_port)
conf() {
	loft_conf <<-CONF
		first_valid_uid = 1
		mail_plugins = quota
		ssl = no
		import_environment = TZ LD_PRELOAD LOFT_QUOTACTL UBSAN_OPTIONS ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
		userdb {
		  driver = static
		  args = uid=$loft_uid gid=$loft_gid home=$loft_dir/mail/%n allow_all_users=yes
		}
		plugin {
		  quota = $1
		  quota_rule = ${2:-*:storage=2K}
		  quota_grace = 0
		}
		service quota-status {
		  executable = quota-status -p postfix
		  unix_listener quota-status {
		  }
		}
	CONF
}
restart() {
	[ -z "$loft_pid" ] || loft_stop || fail "stop"
	conf "$@"
	loft_start
}
# message USER OCTETS STATUS
message() {
	local reply
	reply=$({ printf 'Subject: x\n\n'; head -c "$2" /dev/zero | tr '\0' x | fold -w 70; echo; } |
		"$builddir/ctl/loft-send" --socket "$loft_socket" -f s@test.example "$1")
	[[ $reply == *" $3 "* ]] || fail "$1 got '$reply', not $3"
}
answer() {
	local got
	got=$(printf 'recipient=%s\nsize=%s\n\n' "$1" "$2" | unix_talk "$loft_dir/run/quota-status")
	[ "$got" = "action=$3" ] || fail "$1 $2: got '$got', not '$3'"
}
logged() {
	wait_until 5 grep -qE -e "$1" "$loft_log"
}
size_of() {
	find "$loft_dir/mail/$1/Maildir/new" -type f -printf '%s\n' | awk '{ n += $1 } END { print n + 0 }'
}
full="554 5.2.2 Quota exceeded (mailbox for user is full)"

echo "- a dict file"
restart "dict:User quota::file:%h/quota"
# values USER MESSAGES OCTETS
values() {
	local want
	want=$(printf 'priv/quota/messages\n%s\npriv/quota/storage\n%s' "$2" "$3")
	[ "$(cat "$loft_dir/mail/$1/quota")" = "$want" ] || fail "$1: $(cat "$loft_dir/mail/$1/quota"), not $want"
}
message alice 100 250
values alice 1 "$(size_of alice)"
message alice 5000 552
message alice 100 250
values alice 2 "$(size_of alice)"
[ ! -e "$loft_dir/mail/alice/quota.lock" ] || fail "the lock is still there"
rm "$loft_dir/mail/alice/quota"
message alice 100 250
values alice 3 "$(size_of alice)"
answer alice 2000 "$full"
answer alice 10 OK
printf 'garbage' >"$loft_dir/mail/alice/quota"
message alice 100 250
values alice 4 "$(size_of alice)"
restart "dict:User quota:%u:noenforcing:file:%h/sub/quota:lock=flock"
message bob 5000 250
grep -qx "$(size_of bob)" "$loft_dir/mail/bob/sub/quota" || fail "$(cat "$loft_dir/mail/bob/sub/quota")"
if [ "$(id -u)" = 0 ]; then
	[ "$(stat -c %u:%g:%a "$loft_dir/mail/bob/sub/quota")" = "$loft_uid:$loft_gid:600" ] || fail "whose is it?"
fi

echo "- a dict file that can't be written costs no mail"
restart "dict:User quota::file:/proc/none/quota"
message alice 10 250
logged 'alice.*quota: Failed to update usage: quota-dict: .*/proc/none'

echo "- dicts that aren't there"
for dict in "proxy::quota=no dict process" "nonsense:x=Unknown dict driver: nonsense" "x=has no driver"; do
	restart "dict:User quota::${dict%%=*}"
	message alice 10 451
	logged "Failed to initialize quota: .*${dict#*=}"
done

redis() {
	redis-cli -p "$port" -a secret --no-auth-warning "$@"
}
redis_start() {
	redis-server --port "$port" --bind 127.0.0.1 --unixsocket "$scratch/redis.sock" --unixsocketperm 777 \
		--save "" --appendonly no --requirepass secret --dir "$scratch" >"$scratch/redis.log" 2>&1 </dev/null &
	redis_pid=$!
	wait_until 10 redis ping
}
redis_stop() {
	[ -n "$redis_pid" ] || return 0
	kill -CONT "$redis_pid" 2>/dev/null
	kill -KILL "$redis_pid" 2>/dev/null
	wait "$redis_pid" 2>/dev/null
	redis_pid=
}
redis_pid=
if ! "$builddir/master/loft" --build-options | grep -qw hiredis; then
	echo "- Redis: not in this build"
	restart "dict:User quota::redis:"
	message alice 10 451
	logged 'this build has no hiredis'
elif ! command -v redis-server >/dev/null || ! command -v redis-cli >/dev/null; then
	echo "- Redis: redis-server is not installed, left out"
else
	echo "- Redis"
	cleanup_add redis_stop
	redis_start
	# redis_values USER MESSAGES OCTETS
	redis_values() {
		[ "$(redis -n 3 mget "q/$1/quota/messages" "q/$1/quota/storage" | tr '\n' ' ')" = "$2 $3 " ] ||
			fail "$1: $(redis -n 3 mget "q/$1/quota/messages" "q/$1/quota/storage")"
	}
	restart "dict:User quota::redis:port=$port:prefix=q/:db=3:password=secret:timeout_msecs=2000"
	message carol 100 250
	redis_values carol 1 "$(size_of carol)"
	message carol 5000 552
	message carol 100 250
	redis_values carol 2 "$(size_of carol)"
	redis flushall >/dev/null
	message carol 100 250
	redis_values carol 3 "$(size_of carol)"
	redis -n 3 set q/carol/quota/storage broken >/dev/null
	message carol 100 250
	redis_values carol 4 "$(size_of carol)"
	answer carol 2000 "$full"
	answer carol 10 OK
	for i in 1 2 3 4 5 6 7 8; do
		message many 10 250 &
		pids[i]=$!
	done
	for i in 1 2 3 4 5 6 7 8; do
		wait "${pids[i]}" || fail "one of many"
	done
	redis_values many 8 "$(size_of many)"
	echo "- Redis anew: the kept connection is dead"
	redis_stop
	redis_start
	message carol 50 250
	redis_values carol 5 "$(size_of carol)"
	echo "- Redis is away, or hangs: mail is stored"
	kill -STOP "$redis_pid"
	message carol 10 250
	logged 'carol.*Failed to check if user is under quota: quota-dict: redis: .* - saving mail anyway'
	message carol 10 250
	logged "redis: the server didn't answer within 2000 ms just now, not asked"
	answer carol 10 "DEFER_IF_PERMIT Internal quota calculation error"
	redis_stop
	restart "dict:User quota::redis:path=$scratch/redis.sock:password=secret"
	message carol 10 250
	logged 'redis: connect\(.*/redis\.sock\) failed'
	redis_start
	message dora 10 250
	[ "$(redis get dora/quota/messages)" = 1 ] || fail "no values by the unix socket"
	restart "dict:User quota::redis:path=$scratch/redis.sock:password=wrong"
	message dora 10 250
	logged 'redis: WRONGPASS|redis: ERR invalid password'
	! grep 'dora.*Failed to update usage' "$loft_log" || fail "told twice"
	redis_stop
fi
loft_stop || fail "stop"

if [ ! -e "$builddir/tests/fault/quotactl.so" ] || grep -q '^#define LOFT_SANITIZERS' "$builddir/config.h"; then
	echo "- the kernel's: left out"
	exit 0
fi
# In a chroot the mount that one is in may not be among those one sees.
if ! grep -q " $(mountpoint -d "$(stat -c %m "$scratch")") " /proc/self/mountinfo; then
	echo "- the kernel's: left out, /proc doesn't tell what is mounted here"
	exit 0
fi
echo "- the kernel's"
export LD_PRELOAD=$builddir/tests/fault/quotactl.so LOFT_QUOTACTL=$scratch/quotactl
chmod 755 "$scratch"
uid=$loft_uid gid=$loft_gid
# kernel LINE…
kernel() {
	printf '%s\n' "$@" >"$LOFT_QUOTACTL.new"
	chmod 644 "$LOFT_QUOTACTL.new"
	mv "$LOFT_QUOTACTL.new" "$LOFT_QUOTACTL"
}
no_rule='?:storage=0'
kernel "user $uid 1000 2 4 10 0 0"
restart "fs:User quota" "$no_rule"
answer fred 1000 OK
answer fred 1048 OK
answer fred 1049 "$full"
kernel "user $uid 3000 0 4 10 0 0"	# the hard limit, where there is no soft one
answer fred 1096 OK
answer fred 1097 "$full"
kernel "user $uid 1000 0 0 10 5 5"	# files aren't messages here
answer fred 999999 OK
kernel "user $uid 1000 0 0 10 0 0" "group $gid 3000 3 4 1 0 0"	# then the group's
answer fred 72 OK
answer fred 73 "$full"
kernel "user $uid 1000 10 10 10 0 0" "group $gid 3000 3 4 1 0 0"	# the user's come first
answer fred 73 OK
kernel "group 1 1 1 1 1 1 1"	# no quota there
answer fred 999999 OK
kernel "user $uid errno 5"
answer fred 1 "DEFER_IF_PERMIT Internal quota calculation error"
message fred 10 250
logged 'fred.*quotactl\(Q_GETQUOTA, .*, user [0-9]+\) failed: Input/output error'
kernel "user $uid 1000 2 4 10 0 0" "group $gid 3000 3 4 1 0 0"
message fred 5000 552
restart "fs:User quota:user" "$no_rule"
answer fred 1049 "$full"
restart "fs:User quota:group:mount=/" "$no_rule"
answer fred 72 OK
answer fred 73 "$full"
restart "fs:User quota:noenforcing" "$no_rule"
answer fred 99999 OK
restart "fs:User quota" '*:storage=1500B'	# a rule counts more than the kernel's limit
answer fred 500 OK
answer fred 501 "$full"
kernel "user $uid 1000 0 0 10 11 12"
restart "fs:User quota:user:inode_per_mail" "$no_rule"
answer fred 1 OK
kernel "user $uid 1000 0 0 11 11 12"
answer fred 1 "$full"
restart "fs:User quota:fnord" "$no_rule"
answer fred 1 "DEFER_IF_PERMIT Temporary internal error"
logged 'fs quota init failed: Unknown parameter for backend fs: fnord'
loft_stop || fail "stop"
exit 0
