#!/bin/bash
# The same passdb and userdb configuration under Dovecot's auth process and Loft's, asked the same questions by
# doveadm; then each one's programs with the other's auth. Skipped where Dovecot isn't installed, and for
# anyone but root, whom Dovecot wants to be.
. "${srcdir:?}/tests/harness.sh"

[ "$(id -u)" = 0 ] || skip "Dovecot's auth process needs root"
command -v dovecot >/dev/null && command -v doveadm >/dev/null || skip "Dovecot is not installed"
for dir in /usr/lib/dovecot /usr/libexec/dovecot /usr/local/libexec/dovecot; do
	[ -x "$dir/dovecot-lda" ] && dovecot_lda=$dir/dovecot-lda
done

dove_dir=$scratch/dovecot
dove_file=$dove_dir/dovecot.conf
mkdir -p "$dove_dir" "$scratch/mail"
chown "$loft_uid:$loft_gid" "$scratch/mail"
dove_stop() {
	[ ! -f "$dove_dir/run/master.pid" ] || doveadm -c "$dove_file" stop 2>/dev/null
}
cleanup_add dove_stop

# Both with this text; users are told apart by nothing else.
start_both() {
	local text
	text=$(cat)
	cat >"$dove_file" <<-CONF
		base_dir = $dove_dir/run
		state_dir = $dove_dir/state
		log_path = $dove_dir/log
		ssl = no
		protocols =
		mail_location = maildir:~/Maildir
		first_valid_uid = 1
		$text
	CONF
	printf 'first_valid_uid = 1\n%s\n# userdb\n' "$text" | loft_conf
	dovecot -c "$dove_file" || fail "dovecot did not start"
	loft_start
	wait_until 5 test -S "$dove_dir/run/auth-userdb"
}

stop_both() {
	dove_stop
	wait_until 5 test ! -f "$dove_dir/run/master.pid"
	loft_stop
}

# ask SOCKET WORD…: doveadm's words and status, without its pid and the blank fields that Dovecot's auth sends
# for users whose fields are all the userdb's
ask() {
	local socket=$1 status
	shift
	doveadm -c "$dove_file" "$@" -a "$socket" >"$scratch/said" 2>&1
	status=$?
	sed 's/<[0-9]*>/<PID>/;/^ *$/d' "$scratch/said"
	echo "status $status"
}

failed=0 questions=0
# same SOCKET-NAME WORD…
same() {
	local name=$1 ours theirs
	shift
	theirs=$(ask "$dove_dir/run/$name" "$@")
	ours=$(ask "$loft_dir/run/$name" "$@")
	questions=$((questions + 1))
	[ "$theirs" != "$ours" ] || return 0
	echo "DIFFERENT (<dovecot >loft): $*"
	diff <(echo "$theirs") <(echo "$ours")
	failed=1
}

users() {
	local user
	for user; do
		same auth-userdb user -u -x rip=127.0.0.9 "$user"
		same auth-userdb auth lookup "$user"
	done
}

cat >"$scratch/users" <<USERS
# users
alice:{PLAIN}secret:$loft_uid:$loft_gid:Alice:$scratch/mail/alice:/bin/sh:userdb_mail=maildir:~/M userdb_quota_rule=*:storage=1G x=y
bob@d.example:{SHA512-CRYPT}\$6\$salt\$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g.:1000:1000::/srv/%d/%n

root:{PLAIN}x:0:0::/root
noids:{PLAIN}x:::::
renamed:{PLAIN}x:1000:1000::/r::userdb_user=other
temp:{PLAIN}x:1000:1000::/t::userdb_tempfail=y
names:{PLAIN}x:nobody:nogroup::/n
nologin:{PLAIN}x:1000:1000::/n::nologin=y reason=gone
colons:{PLAIN}x:1000:1000:g:/h:s:userdb_mail=maildir:/x:INDEX=/y userdb_flag
open:::::::nopassword=y
USERS
chmod 644 "$scratch/users"
PASSDB="passdb {
  driver = passwd-file
  args = $scratch/users
}"
USERDB="userdb {
  driver = passwd-file
  args = $scratch/users
}"

echo "- passwd-file"
start_both <<CONF
auth_verbose = yes
$PASSDB
$USERDB
service auth {
  unix_listener auth-client {
    mode = 0666
  }
}
CONF
users alice Alice bob@d.example BOB@D.example root noids renamed temp names nologin colons open nosuch \
	nosuch@d.example a/b 'a b' .. a%b ''
same auth-userdb user '*'
same auth-userdb user 'a*' 'n?mes'
for login in "alice secret" "alice wrong" "alice secret2" "bob@d.example secret" "nosuch x" "nologin x" "open x" \
	"Alice secret" "root x" "temp x"; do
	same auth-client auth test ${login% *} "${login#* }"
done
same auth-master auth cache flush

echo "- each one's programs with the other's auth"
mkdir -p "$scratch/mail/alice"
chown "$loft_uid:$loft_gid" "$scratch/mail/alice"
printf 'Subject: x\n\nbody\n' >"$scratch/message"
if [ -n "${dovecot_lda-}" ]; then
	"$dovecot_lda" -c "$dove_file" -o "auth_socket_path=$loft_dir/run/auth-userdb" -d alice \
		<"$scratch/message" || fail "dovecot-lda with Loft's auth"
	"$dovecot_lda" -c "$dove_file" -o "auth_socket_path=$loft_dir/run/auth-userdb" -d nosuch \
		<"$scratch/message" 2>/dev/null
	[ $? = 67 ] || fail "dovecot-lda's status for nosuch with Loft's auth"
fi
"$builddir/lda/loft-lda" -c "$loft_file" -o "auth_socket_path=$dove_dir/run/auth-userdb" -d alice \
	<"$scratch/message" || fail "loft-lda with Dovecot's auth"
"$builddir/lda/loft-lda" -c "$loft_file" -o "auth_socket_path=$dove_dir/run/auth-userdb" -d nosuch \
	<"$scratch/message" 2>/dev/null
[ $? = 67 ] || fail "loft-lda's status for nosuch with Dovecot's auth"
[ "$(find "$scratch/mail/alice/M/new" -type f | wc -l)" = $((1 + ${dovecot_lda:+1} + 0)) ] ||
	fail "not all mail arrived"
[ "$(loft_ctl user -a "$dove_dir/run/auth-userdb" -u alice)" = \
	"$(doveadm -c "$dove_file" user -u alice)" ] || fail "loftctl with Dovecot's auth"
[ "$(loft_ctl user -a "$dove_dir/run/auth-userdb" '*')" = "$(doveadm -c "$dove_file" user '*')" ] ||
	fail "loftctl lists with Dovecot's auth"
loft_ctl auth test -a "$dove_dir/run/auth-client" alice secret | grep -q 'alice auth succeeded' ||
	fail "loftctl auth test with Dovecot's auth"
stop_both

echo "- fields, chains, static"
printf 'alice:x:1001:1001::/more/alice\ncarol:x:1002:1002::/more/carol\n' >"$scratch/more"
start_both <<CONF
auth_username_format = %Ln
auth_username_chars =
auth_default_realm = r.example
$PASSDB
userdb {
  driver = passwd-file
  args = username_format=%n $scratch/users
  default_fields = home=/default/%u mail=maildir:/d/%n quota_rule=*:storage=%d
  override_fields = over=%u gid=7
  result_success = continue-ok
}
userdb {
  driver = passwd-file
  args = $scratch/more
  skip = notfound
}
CONF
users alice alice@x.example carol noids renamed colons nosuch
same auth-userdb user '*'
stop_both

start_both <<CONF
$PASSDB
userdb {
  driver = static
  args = uid=$loft_uid gid=nogroup home=/srv/%d/%n foo=%u,%Uu,%s,%r flag
}
CONF
users alice bob@d.example nologin colons nosuch
same auth-userdb user '*'
stop_both

start_both <<CONF
passdb {
  driver = static
  args = password=x
}
userdb {
  driver = static
  args = uid=$loft_uid gid=$loft_gid home=/srv/%1.2n/%2Hu/%d allow_all_users=yes
}
CONF
users alice Bob@D.example
stop_both

start_both <<CONF
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = passwd-file
  args = username_format=%n $scratch/users.%d
}
userdb {
  driver = passwd
  override_fields = home=/home/%u mail=maildir:~/Mail
}
CONF
users nobody nobody@x.example nosuch root alice@never.example
stop_both

echo "$questions questions"
exit $failed
