#!/bin/bash
# Plays every dialogue against the real daemon, over its unix socket and over TCP, and some by hand.
. "${srcdir:?}/tests/harness.sh"

talk=$builddir/tests/talk/talk
port=$(free_port)
export TALK_MAIL=$loft_dir/mail TALK_LOGGED=$scratch/logged

mkdir -p "$loft_dir"
for user in alice bob carol; do
	echo "$user::$loft_uid:$loft_gid::$TALK_MAIL/$user::"
done >"$loft_dir/users"
chmod 644 "$loft_dir/users"
loft_conf <<CONF
login_greeting = ready.
lmtp_dsn = no
auth_username_chars =
first_valid_uid = 1
userdb {
  driver = passwd-file
  args = username_format=%n $loft_dir/users
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1 127.0.0.2
    port = $port
  }
}
local 127.0.0.2 {
  login_trusted_networks = 127.0.0.0/8
}
CONF
loft_start

# For the dialogues: is, or comes, a line like this in the log? (It is written by another process.)
cat >"$TALK_LOGGED" <<LOGGED
#!/bin/sh
for i in \$(seq 200); do
	grep -qE -- "\$1" "$loft_log" && exit 0
	sleep 0.05
done
exit 1
LOGGED
chmod 755 "$TALK_LOGGED"

play() {
	local file=$1 name=${1##*/}
	shift
	find "$TALK_MAIL" -mindepth 1 -maxdepth 1 -exec rm -rf {} +
	"$talk" --as loft "$@" "$file" || fail "$name ($*)"
}

# Files with settings of their own are played by hand, with these added.
play_config() {
	{
		cat "$loft_file"
		sed -n "s|^config: ||p" "$1" | sed "s|@MAIL@|$TALK_MAIL|"
	} >"$loft_dir/talk.conf"
	play "$1" --command "$builddir/lmtp/lmtp -c $loft_dir/talk.conf"
}

for file in "$srcdir"/tests/talk/*.talk; do
	echo "- ${file##*/}"
	if grep -q '^config: ' "$file"; then
		play_config "$file"
		continue
	elif grep -q '^config trusted' "$file"; then
		play "$file" --tcp 127.0.0.2 "$port"
		continue
	fi
	play "$file" --socket "$loft_socket"
	play "$file" --tcp 127.0.0.1 "$port"
	play "$file" --command "$builddir/lmtp/lmtp -c $loft_file"
done

# No process may have died of it, and nothing may be left behind.
! grep -E 'Panic|Fatal|Error|killed' "$loft_log" | grep -v '(/proc/nowhere)' || fail "errors in the log"
[ -z "$(find "$TALK_MAIL" -path '*/Maildir/tmp/*' -type f)" ] || fail "files in tmp/"
loft_stop || fail "status after SIGTERM"
