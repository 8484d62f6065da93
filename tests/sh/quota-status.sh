#!/bin/bash
# Postfix's question whether a mailbox has room: answers for users of every kind, many questions on a connection,
# and what happens when something is wrong.
. "${srcdir:?}/tests/harness.sh"

users=$scratch/users
user() {
	echo "$1:{PLAIN}x:$loft_uid:$loft_gid::$loft_dir/mail/$1::${2:-}" >>"$users"
}
user alice
user bob 'userdb_quota_rule=*:storage=1K'
user carol 'userdb_quota_rule=*:messages=1 userdb_quota_status_success=DUNNO userdb_quota_status_overquota=552_5.2.2_full_for_%u'
user dave 'userdb_quota_rule=*:storage=100K userdb_quota_max_mail_size=1000'
user wrong 'userdb_quota_rule=*:storage=fnord'
user none 'userdb_mail_plugins='
user elsewhere
mkdir -p "$loft_dir/mail"

port=$(free_port)
# conf [PLUGIN-SETTINGS [SERVICE-SETTINGS]]
conf() {
	loft_conf <<-CONF
		first_valid_uid = 1
		mail_plugins = quota
		recipient_delimiter = +-
		auth_username_format = %Lu
		userdb {
		  driver = passwd-file
		  args = $users
		}
		plugin {
		  quota = maildir:User quota
		  quota_rule = *:storage=1M
		  $(printf '%s\n' "${1:-}")
		}
		service quota-status {
		  executable = quota-status -p postfix
		  ${2:-}
		  unix_listener quota-status {
		  }
		  inet_listener {
		    address = 127.0.0.1
		    port = $port
		  }
		}
	CONF
}
ask() {
	printf "$1" | unix_talk "$loft_dir/run/quota-status"
}
# answers QUESTIONS ANSWER…: one after the other on a connection
answers() {
	local got want
	got=$(ask "$1")
	shift
	want=$(printf 'action=%s\n\n' "$@")
	[ "$got" = "$want" ] || fail "got '$got', not '$want'"
}
# answer RECIPIENT SIZE ANSWER
answer() {
	answers "request=smtpd_access_policy\nprotocol_state=RCPT\nrecipient=$1\nsize=$2\n\n" "$3"
}
# message USER SIZE: he has it already
message() {
	mkdir -p "$loft_dir/mail/$1/Maildir"/{cur,new,tmp}
	head -c "$2" /dev/zero | tr '\0' x >"$loft_dir/mail/$1/Maildir/cur/1.2.host,S=$2:2,S"
	chown -R "$loft_uid:$loft_gid" "$loft_dir/mail/$1"
}
full="Quota exceeded (mailbox for user is full)"
message dave 102000
conf
loft_start

echo "- answers"
answer alice 500 OK
answer ALICE 500 OK
answer alice+detail 500 OK
answer '"alice"' 500 OK
answer nosuch 500 "REJECT Unknown user"
answer ../alice 500 "REJECT Unknown user"
answer alice@ 500 DUNNO
answer '' 500 DUNNO
answer none 99999999 OK
answer bob 0 OK
answer bob 1126 OK
answer bob 1127 "554 5.2.2 $full"
answer bob 18446744073709551615 "554 5.2.2 $full"
answer bob 1x OK
answer carol 500 DUNNO
message carol 10
answer carol 500 "552_5.2.2_full_for_carol"
answer dave 1000 OK
answer dave 1001 "554 5.2.2 Mail size is larger than the maximum size allowed by server configuration"
answer wrong 1 "DEFER_IF_PERMIT Temporary internal error"
wait_until 5 grep -q 'Failed to lookup user wrong: .*Invalid storage limit: fnord' "$loft_log"
[ "$(id -u)" != 0 ] || [ "$(stat -c %u "$loft_dir/mail/dave/Maildir/maildirsize")" = "$loft_uid" ] ||
	fail "maildirsize isn't the user's"

echo "- many questions"
answers "recipient=bob\nsize=5000\n\nrecipient=bob\n\nrecipient=nosuch\n\n\nrecipient=alice\nrecipient=nosuch\n\n" \
	"554 5.2.2 $full" OK "REJECT Unknown user" DUNNO OK
answers "recipient=alice\r\nsize=1\r\n\r\n" OK
[ -z "$(ask "recipient=alice\nsize=1\n")" ] || fail "an answer to half a question"
answers "$(printf 'a%.0s' {1..20000})\nrecipient=alice\n\n" OK
[ -z "$(ask "$(printf 'a=b\\n%.0s' {1..1001})recipient=alice\n\n")" ] || fail "an answer to a thousand lines"

# the rest of a line that is too long is none of its own, however late it comes
{
	printf 'a%.0s' {1..20000}
	sleep 1.2
	printf 'recipient=nosuch\n\n'
} | perl -e 'use IO::Socket::UNIX;
	my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "$ARGV[0]: $!\n";
	alarm 40;
	while (sysread(STDIN, my $data, 65536)) { syswrite($s, $data); }
	$s->shutdown(1);
	print while (<$s>);' "$loft_dir/run/quota-status" >"$scratch/said"
[ "$(cat "$scratch/said")" = action=DUNNO ] || fail "half a line was taken: $(cat "$scratch/said")"

echo "- a reload ends who is idle; new answers"
lmtp_open "$port" || fail "no connection"
lmtp_say 'recipient=nosuch'
lmtp_say ''
lmtp_hear '^action=REJECT Unknown user$'
lmtp_hear '^$'
conf 'quota_status_nouser = 550 5.1.1 Nobody
  quota_status_toolarge = 552 5.3.4 Too large
  quota_status_overquota = DEFER full
  quota_status_success = PERMIT'
loft_ctl reload || fail "reload"
lmtp_eof
answer nosuch 1 "550 5.1.1 Nobody"
answer alice 1 PERMIT
answer dave 1001 "552 5.3.4 Too large"
answer bob 999999 "552 5.3.4 Too large"
message bob 2000
answer bob 1 "DEFER full"

echo "- auth is away"
kill -STOP "$(loft_ctl -f tab process status auth | awk -F '\t' '$3 == "daemon" { print $2 }')"
answer alice 1 "DEFER_IF_PERMIT Temporary internal error"
kill -CONT "$(loft_ctl -f tab process status auth | awk -F '\t' '$3 == "daemon" { print $2 }')"
answer alice 1 PERMIT
loft_stop || fail "stop"

if [ "$(id -u)" = 0 ]; then
	echo "- as the one user there is"
	conf "" "user = $loft_uid
	  group = $loft_gid"
	loft_start
	answer alice 1 OK
	answer bob 1 "554 5.2.2 $full"
	loft_stop || fail "stop"
	echo "- as another"
	conf "" "user = $((loft_uid + 1))
	  group = $loft_gid"
	loft_start
	answer alice 1 "DEFER_IF_PERMIT Temporary internal error"
	wait_until 5 grep -q "may not ask for the user with uid $loft_uid" "$loft_log"
	loft_stop || fail "stop"
fi
if grep -E '(Panic|killed with signal)' "$loft_log"; then
	fail "a worker died"
fi
exit 0
