#!/bin/bash
# The same questions to Dovecot's and Loft's services: script, and quota-status. Skipped where Dovecot isn't
# installed, and for anyone but root, whom Dovecot wants to be.
. "${srcdir:?}/tests/harness.sh"

[ "$(id -u)" = 0 ] || skip "Dovecot's services need root"
command -v dovecot >/dev/null && command -v doveadm >/dev/null || skip "Dovecot is not installed"
for program in script quota-status; do
	[ -x "/usr/lib/dovecot/$program" ] || [ -x "/usr/libexec/dovecot/$program" ] ||
		skip "Dovecot's $program is not installed"
done

dove_dir=$scratch/dovecot
mkdir -p "$dove_dir" "$scratch/mail"
chmod 755 "$dove_dir"
chown "$loft_uid:$loft_gid" "$scratch/mail"
dove_stop() {
	[ ! -f "$dove_dir/run/master.pid" ] || doveadm -c "$dove_dir/conf" stop 2>/dev/null
}
cleanup_add dove_stop

cat >"$scratch/program" <<'SH'
#!/bin/sh
echo "<$*>"
env | grep -v -e '^PWD=' -e '^_=' -e '^SHLVL=' -e SAN_OPTIONS | sort
id
pwd | sed 's,.*/,,'
cat
case $1 in
[0-9]*) exit "$1" ;;
die) kill -9 $$ ;;
esac
SH
chmod 755 "$scratch/program"
for user in "alice" "bob userdb_quota_rule=*:storage=1K" "carol userdb_quota_rule=*:messages=1" \
	"dave userdb_quota_rule=*:storage=100K userdb_quota_max_mail_size=1000" \
	"eve userdb_quota_status_success=DUNNO userdb_quota_status_overquota=552_%u userdb_quota_rule=*:storage=1K" \
	"frank userdb_quota_rule=*:storage=10K:messages=2 userdb_quota_rule2=INBOX:storage=1K" \
	"grace userdb_quota_rule=*:storage=10K userdb_quota_grace=0" "wrong userdb_quota_rule=*:storage=fnord" \
	"ulla@d.example userdb_quota_rule=*:bytes=0"; do
	name=${user%% *}
	echo "$name:{PLAIN}x:$loft_uid:$loft_gid::$scratch/mail/$name::${user#"$name"}" >>"$scratch/users"
	mkdir -p "$scratch/mail/$name/Maildir"/{cur,new,tmp}
	head -c 900 /dev/zero | tr '\0' x >"$scratch/mail/$name/Maildir/cur/1.2.h,S=900:2,S"
	chown -R "$loft_uid:$loft_gid" "$scratch/mail/$name"
done

text="mail_plugins = quota
recipient_delimiter = +-
first_valid_uid = 1
auth_username_format = %Lu
passdb {
  driver = passwd-file
  args = $scratch/users
}
userdb {
  driver = passwd-file
  args = $scratch/users
}
plugin {
  quota = maildir:User quota
  quota_rule = *:storage=1M
  quota_status_toolarge = 552 5.3.4 Too large for %u
}
service quota-status {
  executable = quota-status -p postfix
  client_limit = 1
  unix_listener quota-status {
    mode = 0600
  }
}
service warn {
  executable = script -e HOME,USER $scratch/program
  user = nobody
  unix_listener warn {
    mode = 0600
  }
}
service plain {
  executable = script $scratch/program 0 fixed
  unix_listener plain {
    mode = 0600
  }
}
service missing {
  executable = script $scratch/missing
  unix_listener missing {
    mode = 0600
  }
}
service raw {
  executable = script -p $scratch/program
  user = nobody
  unix_listener raw {
    mode = 0600
  }
}"
cat >"$dove_dir/conf" <<CONF
base_dir = $dove_dir/run
state_dir = $dove_dir/state
log_path = $dove_dir/log
ssl = no
protocols =
mail_location = maildir:~/Maildir
$text
CONF
printf '%s\n' "$text" | loft_conf
dovecot -c "$dove_dir/conf" || fail "dovecot did not start"
loft_start
wait_until 5 test -S "$dove_dir/run/quota-status"

failed=0 questions=0
# same SERVICE QUESTION
same() {
	local theirs ours
	theirs=$(printf "$2" | unix_talk "$dove_dir/run/$1"; echo "status $?")
	ours=$(printf "$2" | unix_talk "$loft_dir/run/$1"; echo "status $?")
	questions=$((questions + 1))
	[ "$theirs" != "$ours" ] || return 0
	echo "DIFFERENT (<dovecot >loft): $1 $2"
	diff <(echo "$theirs") <(echo "$ours")
	failed=1
}

echo "- script"
v='VERSION\tscript\t4\t0\n'
for service in warn plain missing; do
	same $service "${v}-\n0\na b\n\n"
	# where there is no program to read it, the answer may be there before the input is sent
	[ $service = missing ] || same $service "${v}-\n0\n\ninput\n\nmore"
	same $service "${v}-\n3\n\n"
	same $service "${v}-\ndie\n\n"
	same $service "${v}noreply\n0\nx\n\n"
	same $service "${v}noreply\n3\n\n"
	same $service "${v}alarm=20\nenv_HOME=/x\nenv_USER=ab\nenv_PATH=/x\nother\n0\n\n"
	same $service "${v}\n"
	same $service "VERSION\tscript\t4\t7\n-\n0\n\n"
	same $service "VERSION\tscript\t3\t0\n-\n0\n\n"
	same $service "hello\n\n"
	same $service "${v}env_HOME\n-\n\n"
	same $service "${v}-\n"
done
same raw "line\n\nline\n"

echo "- quota-status"
for recipient in alice ALICE alice+x alice-x+y '"alice"' '<alice>' nosuch bob carol dave eve frank grace wrong \
	ulla@d.example ULLA+x@D.example nosuch@d.example '' ' ' 'a b' ../alice alice@../x alice@ 'alice@x@y' \
	'al\001ice'; do
	text=
	for size in 0 1 100 124 125 226 227 999 1000 1001 1024 1025 1126 1127 10240 10241 11264 11265 99999999 x -1 \
		99999999999999999999999; do
		text="${text}request=smtpd_access_policy\nrecipient=$recipient\nsize=$size\n\n"
	done
	same quota-status "$text"
done
same quota-status "\n"
same quota-status "size=1\n\n\n"
same quota-status "recipient=alice\nrecipient=nosuch\n\n"
same quota-status "recipient=alice\r\nsize=1\r\n\r\n"
same quota-status "recipient=alice\n"
same quota-status "Recipient=alice\n\n"
same quota-status "recipient=nosuch\nsize=1\n\nrecipient=bob\nsize=5000\n\nrecipient=alice\nsize=2\n\n"
echo "$questions questions"
loft_stop || fail "stop"
exit $failed
