#!/bin/bash
# Quota under Dovecot and Loft: the same replies for the same deliveries, and one idea of the usage of mailboxes
# that both deliver to. Skipped where Dovecot isn't installed, and for anyone but root, whom Dovecot wants to be.
. "${srcdir:?}/tests/harness.sh"

[ "$(id -u)" = 0 ] || skip "Dovecot needs root"
command -v dovecot >/dev/null && command -v doveadm >/dev/null || skip "Dovecot is not installed"
doveadm help quota 2>&1 | grep -q 'quota' || skip "Dovecot's quota plugin is not installed"

dove_dir=$scratch/dovecot
dove_file=$dove_dir/dovecot.conf
mkdir -p "$dove_dir" "$scratch/mail"
chown "$loft_uid:$loft_gid" "$scratch/mail"
dove_stop() {
	[ ! -f "$dove_dir/run/master.pid" ] || doveadm -c "$dove_file" stop 2>/dev/null
}
cleanup_add dove_stop

users=$scratch/users
user() { # NAME FIELD…: his mail is where both deliver
	local name=$1
	shift
	echo "$name:{PLAIN}x:$loft_uid:$loft_gid::$scratch/mail/$name::$*" >>"$users"
}
both() { # NAME FIELD…: NAME.d for Dovecot, NAME.l for Loft
	local name=$1
	shift
	user "$name.d" "$@"
	user "$name.l" "$@"
}
count='userdb_quota=count:Counted userdb_quota_vsizes=yes'
both plain
both count "$count"
both messages 'userdb_quota_rule=*:messages=2'
both grace 'userdb_quota_grace=0%%%%'
both nothing 'userdb_quota_rule=Trash:storage=+1M'
both fromfile 'userdb_quota_rule=?:storage=1M'
both ignored 'userdb_quota_rule3=INBOX:ignore'
both noenforcing 'userdb_quota=maildir:Q:noenforcing'
both badrule 'userdb_quota_rule=*:storage=x'
both badbackend 'userdb_quota=nosuch:Q'
both badparam 'userdb_quota=maildir:Q:foo'
both mbox "userdb_mail=mbox:~/mail:INBOX=~/inbox $count"
both mboxmaildir 'userdb_mail=mbox:~/mail:INBOX=~/inbox'
both two 'userdb_quota2=maildir:Archived:ns=Archive/ userdb_quota2_rule=*:messages=1'
both onlyns 'userdb_quota=maildir:Archived:ns=Archive/'
both both "userdb_quota2=count:Counted userdb_quota2_rule=*:messages=2 userdb_quota_vsizes=yes"
both message "userdb_quota_exceeded_message=No_room"
user mixed 'userdb_quota_rule=*:storage=1M:messages=1000'
user vmixed "$count"' userdb_quota_rule=*:storage=1M:messages=1000'
chmod 644 "$users"

text="
mail_location = maildir:~/Maildir
first_valid_uid = 1
hostname = mx.test.example
mail_plugins = quota
lmtp_rcpt_check_quota = yes
lmtp_save_to_detail_mailbox = yes
lda_mailbox_autocreate = yes
namespace inbox {
  inbox = yes
  separator = /
}
namespace archive {
  prefix = Archive/
  separator = /
  location = maildir:~/Archive
}
passdb {
  driver = passwd-file
  args = $users
}
userdb {
  driver = passwd-file
  args = $users
}
plugin {
  quota = maildir:User quota
  quota_rule = *:storage=10k:messages=100
  quota_rule2 = Trash:storage=+100%%
}"
cat >"$dove_file" <<CONF
base_dir = $dove_dir/run
state_dir = $dove_dir/state
log_path = $dove_dir/log
ssl = no
protocols = lmtp
$text
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
CONF
loft_conf <<<"$text"
dovecot -c "$dove_file" || fail "dovecot did not start"
loft_start
wait_until 5 test -S "$dove_dir/run/lmtp"

# LF line ends, so that sizes with CR LF differ
{ printf 'Subject: x\n\n'; yes 'some words in a line' | head -n 140; } >"$scratch/3k"
# send SOCKET RCPT…: a dialogue without SIZE; the replies to RCPT and to the message, session ids and times aside
cat >"$scratch/send" <<'PERL'
use IO::Socket::UNIX;
my ($path, $file, @rcpts) = @ARGV;
my $s = IO::Socket::UNIX->new(Peer => $path) or die "$path: $!\n";
alarm 40;
my $hear = sub { my $l; do { $l = <$s> // "" } while ($l =~ /^\d+-/); $l =~ s/\r?\n//; $l };
my $say = sub { print $s "$_[0]\r\n"; $hear->() };
$hear->();
$say->("LHLO x");
$say->("MAIL FROM:<s\@x>");
my $ok = 0;
for (@rcpts) { my $l = $say->("RCPT TO:<$_>"); print "$l\n" if $l !~ /^250/; $ok += $l =~ /^250/ }
exit unless $ok;
$say->("DATA");
open(my $f, "<", $file);
while (<$f>) { s/\n/\r\n/; print $s $_ }
print $s ".\r\n";
print $hear->(), "\n" for 1 .. $ok;
$say->("QUIT");
PERL
send() {
	perl "$scratch/send" "$@" | sed 's/> [^ ]* Saved/> SID Saved/; s/ \[[a-z0-9]*\]$//; s/\.[dl]\([+>]\)/\1/g'
}
failed=0
same() { # WHAT DOVECOT'S LOFT'S
	[ "$2" = "$3" ] && return
	echo "DIFFERENT (<dovecot >loft): $1"
	diff <(echo "$2") <(echo "$3")
	failed=1
}
dove_get() {
	doveadm -c "$dove_file" -f tab quota get -u "$1" 2>/dev/null
}
get() {
	loft_ctl quota get -f tab -u "$1" 2>/dev/null
}

echo "- the same deliveries"
for name in plain count messages grace nothing fromfile ignored noenforcing badrule badbackend badparam message \
	mbox mboxmaildir two onlyns both; do
	for i in 1 2 3 4 5; do
		same "$name $i" "$(send "$dove_dir/run/lmtp" "$scratch/3k" "$name.d")" \
			"$(send "$loft_socket" "$scratch/3k" "$name.l")"
	done
	for box in Trash Other Archive/A Archive/A Archive/A; do
		same "$name $box" "$(send "$dove_dir/run/lmtp" "$scratch/3k" "$name.d+$box")" \
			"$(send "$loft_socket" "$scratch/3k" "$name.l+$box")"
	done
	# Received and Delivered-To aren't equally long: only what is counted in thousands can be the same
	same "$name: usage" "$(dove_get "$name.d")" "$(get "$name.l")"
	file=$scratch/mail/$name
	same "$name: limits in maildirsize" "$(head -n 1 "$file.d/Maildir/maildirsize" 2>/dev/null)" \
		"$(head -n 1 "$file.l/Maildir/maildirsize" 2>/dev/null)"
done
same "two to one" "$(send "$dove_dir/run/lmtp" "$scratch/3k" plain.d plain.d+Trash)" \
	"$(send "$loft_socket" "$scratch/3k" plain.l plain.l+Trash)"

echo "- one mailbox, both deliver"
for name in mixed vmixed; do
	for i in 1 2 3 4 5 6; do
		send "$dove_dir/run/lmtp" "$scratch/3k" "$name" >/dev/null
		send "$loft_socket" "$scratch/3k" "$name" "$name+Sub" >/dev/null
		[ $i != 3 ] || rm -f "$scratch/mail/$name/Maildir/maildirsize"
	done
	same "$name" "$(dove_get $name)" "$(get $name)"
	# at the same time
	for i in 1 2 3 4; do
		for socket in "$dove_dir/run/lmtp" "$loft_socket"; do
			for j in 1 2 3; do
				send "$socket" "$scratch/3k" "$name"
			done >/dev/null &
			senders+=($!)
		done
	done
	wait "${senders[@]}"
	[ "$(find "$scratch/mail/$name/Maildir" -path '*/new/*' | wc -l)" = 42 ] || fail "$name: not all was stored"
	same "$name after many" "$(dove_get $name)" "$(get $name)"
	# a reader moves and deletes
	doveadm -c "$dove_file" mailbox status -u $name messages INBOX >/dev/null 2>&1
	same "$name after a look" "$(dove_get $name)" "$(get $name)"
	doveadm -c "$dove_file" expunge -u $name mailbox INBOX 1:10 2>/dev/null
	same "$name after expunging" "$(dove_get $name)" "$(get $name)"
	loft_ctl quota recalc -u $name || fail "loftctl quota recalc $name: $?"
	ours=$(get $name)
	same "$name recalculated by Loft" "$(dove_get $name)" "$ours"
	doveadm -c "$dove_file" quota recalc -u $name
	same "$name recalculated by Dovecot" "$(dove_get $name)" "$ours"
	! doveadm -c "$dove_file" mailbox list -u $name | grep -v -E '^(INBOX|Sub|Archive)$' ||
		fail "Dovecot takes a file of Loft's for a mailbox"
done

echo "- loftctl and doveadm"
for format in flow tab json; do
	same "$format" "$(doveadm -c "$dove_file" -f $format quota get -u mixed)" "$(loft_ctl -f $format quota get -u mixed)"
done
same "all" "$(doveadm -c "$dove_file" -f tab quota get -u 'p*' 2>/dev/null | grep -v '\.l')" \
	"$(loft_ctl -f tab quota get -u 'p*' 2>/dev/null | grep -v '\.l')"
exit $failed
