#!/bin/bash
# Plays every dialogue against Dovecot: what the files say about it must be true.
. "${srcdir:?}/tests/harness.sh"

[ "$(id -u)" = 0 ] || skip "not root"
command -v dovecot >/dev/null || skip "dovecot is not installed"
case $(dovecot --version) in
2.3.*) ;;
*) skip "not Dovecot 2.3" ;;
esac

dir=$scratch/dovecot
port=$(free_port)
export TALK_MAIL=$dir/mail
mkdir -p "$dir/run" "$dir/state" "$TALK_MAIL"
chmod 755 "$dir"
chown "$loft_uid:$loft_gid" "$TALK_MAIL"
for user in alice bob carol; do
	echo "$user:{PLAIN}x:$loft_uid:$loft_gid::$TALK_MAIL/$user::"
done >"$dir/users"
cat >"$dir/dovecot.conf" <<CONF
base_dir = $dir/run
state_dir = $dir/state
log_path = $dir/log
protocols = lmtp
ssl = no
hostname = mx.test.example
login_greeting = ready.
mail_location = maildir:~/Maildir
first_valid_uid = 1
auth_username_chars =
passdb {
  driver = passwd-file
  args = username_format=%n $dir/users
}
userdb {
  driver = passwd-file
  args = username_format=%n $dir/users
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.2
    port = $port
  }
}
local 127.0.0.2 {
  login_trusted_networks = 127.0.0.0/8
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
CONF
dovecot -F -c "$dir/dovecot.conf" >"$dir/out" 2>&1 </dev/null &
dovecot_pid=$!
stop_dovecot() {
	kill "$dovecot_pid" 2>/dev/null && wait "$dovecot_pid" 2>/dev/null
}
cleanup_add stop_dovecot
wait_until 10 test -S "$dir/run/lmtp"

status=0
for file in "$srcdir"/tests/talk/*.talk; do
	echo "- ${file##*/}"
	find "$TALK_MAIL" -mindepth 1 -maxdepth 1 -exec rm -rf {} +
	if grep -q '^config: ' "$file"; then
		{
			cat "$dir/dovecot.conf"
			sed -n "s|^config: ||p" "$file" | sed "s|@MAIL@|$TALK_MAIL|"
		} >"$dir/talk.conf"
		set -- --command "/usr/lib/dovecot/lmtp -c $dir/talk.conf 2>>$dir/stderr"
	elif grep -q '^config trusted' "$file"; then
		set -- --tcp 127.0.0.2 "$port"
	else
		set -- --socket "$dir/run/lmtp"
	fi
	"$builddir/tests/talk/talk" --as dovecot "$@" "$file"
	case $? in
	0 | 77) ;;
	*) status=1 ;;
	esac
done
exit $status
