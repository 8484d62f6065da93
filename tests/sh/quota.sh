#!/bin/bash
# The quota plugin at work: limits and replies, maildirsize, warnings, many workers at one user.
. "${srcdir:?}/tests/harness.sh"

port=$(free_port)
mkdir -p "$scratch/out"
chmod 777 "$scratch/out"
cat >"$scratch/warn" <<SH
#!/bin/sh
echo "\$*" >>$scratch/out/warned
SH
chmod 755 "$scratch/warn"
users=$scratch/users
user() { # NAME FIELD…
	local name=$1
	shift
	echo "$name:{PLAIN}x:$loft_uid:$loft_gid::$loft_dir/mail/$name::$*" >>"$users"
}
user alice
user bob userdb_quota_rule=*:storage=20k userdb_quota_rule2=Trash:ignore
user bad userdb_quota_rule=*:storage=many
user badcount userdb_quota=count:Q userdb_quota_rule=*:storage=many
user badparam userdb_quota=count:Q:odd
user free userdb_mail_plugins=none
user small userdb_quota_max_mail_size=1k
user odd userdb_quota=odd:x
user counted 'userdb_quota=count:Counted' 'userdb_quota_rule=*:storage=100k:messages=3000'
user walked 'userdb_quota=dirsize:Walked' 'userdb_quota_rule=*:storage=7k'
user flagged userdb_quota_over_flag=TRUE
user many 'userdb_quota_rule=*:storage=100k'
chmod 644 "$users"
loft_conf <<CONF
first_valid_uid = 1
recipient_delimiter = +
lmtp_save_to_detail_mailbox = yes
lda_mailbox_autocreate = yes
protocol lmtp {
  mail_plugins = \$mail_plugins quota
}
protocol lda {
  mail_plugins = \$mail_plugins quota
}
userdb {
  driver = passwd-file
  args = $users
}
service lmtp {
  process_min_avail = 4
  inet_listener lmtp {
    address = 127.0.0.1
    port = $port
  }
}
service quota-warning {
  executable = script $scratch/warn
  unix_listener quota-warning {
    mode = 0666
  }
}
plugin {
  quota = maildir:User quota
  quota_rule = *:storage=10k:messages=5
  quota_rule2 = Trash:storage=+100%%
  quota_rule3 = Junk:ignore
  quota_max_mail_size = 50k
  quota_over_script = quota-warning flag %u
  quota_over_flag_value = T*
  quota_warning = storage=80%% quota-warning 80 %u
  quota_warning2 = storage=50%% quota-warning 50 %u
}
CONF
! grep -q "no plugin 'quota'" "$loft_dir/stderr" 2>/dev/null || fail "quota is no plugin"
loft_start

mail=$loft_dir/mail
size=$mail/alice/Maildir/maildirsize
full='Quota exceeded (mailbox for user is full)'
printf 'Subject: x\n\n%3000s\n' x | tr ' ' y >"$scratch/3k"

start() { # MAIL-PARAMETERS
	lmtp_open "$port" || fail "connect"
	lmtp_hear '^220 '
	lmtp_say "LHLO x"
	lmtp_hear '^250 SMTPUTF8'
	lmtp_say "MAIL FROM:<>${1:+ $1}"
	lmtp_hear '^250 '
}
body() { # FILE, as the whole message
	lmtp_say DATA
	lmtp_hear '^354 '
	lmtp_say "$(cat "$1")"
	lmtp_say .
}
deliver() { # RCPT PATTERN [RCPT-PARAMETERS]
	start
	lmtp_say "RCPT TO:<$1>${3:+ $3}"
	lmtp_hear '^250 '
	body "$scratch/3k"
	lmtp_hear "$2"
	lmtp_say QUIT
	lmtp_hear '^221 '
}
# What maildirsize adds up to is what lies there.
check_sum() { # USER
	local dir=$mail/$1/Maildir real said
	real=$(cd "$dir" && find . -path '*/new/*' -o -path '*/cur/*' | grep -v '^\./\.Junk' |
		sed 's/.*,S=\([0-9]*\).*/\1/' | awk '{ b += $1; n++ } END { print b + 0, n + 0 }')
	said=$(awk 'NR > 1 { b += $1; n += $2 } END { print b + 0, n + 0 }' "$dir/maildirsize")
	[ "$real" = "$said" ] || fail "$1 has $real, maildirsize says $said"
}

echo "- up to the limit, and not over it"
deliver alice '^250 2.0.0 '
[ "$(head -n 1 "$size")" = 10240S,5C ] || fail "first line: $(head -n 1 "$size")"
check_sum alice
deliver alice '^250 2.0.0 '
deliver alice '^250 2.0.0 '
[ "$(loft_mails alice)" = 3 ] || fail "3 were to be stored"
deliver alice '^552 5.2.2 <alice> Quota exceeded .mailbox for user is full.'
[ "$(loft_mails alice)" = 3 ] || fail "what was refused is stored"
[ -z "$(ls "$mail/alice/Maildir/tmp")" ] || fail "left in tmp/: $(ls "$mail/alice/Maildir/tmp")"
check_sum alice
wait_until 10 grep -q "save failed to INBOX: $full" "$loft_log"

echo "- each warning once, when its limit is passed"
wait_until 10 grep -q '^80 alice' "$scratch/out/warned"
wait_until 10 grep -q '^50 alice' "$scratch/out/warned"
[ "$(sort "$scratch/out/warned")" = "50 alice
80 alice" ] || fail "warned: $(cat "$scratch/out/warned")"

echo "- the over-quota flag, when it is wrong"
deliver flagged '^250 '
wait_until 10 grep -qx 'flag flagged TRUE' "$scratch/out/warned"
! grep '^flag alice' "$scratch/out/warned" || fail "alice's flag is right"

echo "- rules of a mailbox, and none for what is ignored"
deliver alice+Trash '^250 '
check_sum alice
deliver alice+Junk '^250 '
deliver alice+Junk '^250 '
check_sum alice
deliver alice+Other '^552 5.2.2 '
deliver alice '^250 ' IGNOREQUOTA
check_sum alice
deliver alice+Trash '^552 5.2.2 '	# five messages

echo "- by size: at MAIL, at RCPT, and in one transaction"
lmtp_open "$port"
lmtp_hear '^220 '
lmtp_say "LHLO x"
while IFS= read -r -t 5 -u "$lmtp_fd" line; do
	case $line in
	"250-SIZE 51200"*) offered=yes ;;
	250-*) ;;
	*) break ;;
	esac
done
[ "${offered-}" = yes ] || fail "LHLO doesn't tell quota_max_mail_size"
lmtp_say "MAIL FROM:<> SIZE=60000"
lmtp_hear '^552 5.3.4 Message size exceeds administrative limit'
lmtp_say QUIT
start SIZE=2000
lmtp_say "RCPT TO:<alice>"
lmtp_hear '^552 5.2.2 <alice> Quota exceeded'
lmtp_say "RCPT TO:<small>"
lmtp_hear '^552 5.3.4 <small> Message size exceeds administrative limit'
lmtp_say "RCPT TO:<alice> IGNOREQUOTA"
lmtp_hear '^250 '
lmtp_say QUIT
deliver small '^552 5.2.3 <small> Message size exceeds administrative limit'
start
for i in 1 2 3 4 5 6 7 8; do
	lmtp_say "RCPT TO:<bob+$i>"
	lmtp_hear '^250 '
done
body "$scratch/3k"
for i in 1 2 3 4 5 6; do
	lmtp_hear "^250 2.0.0 <bob.$i> "
done
lmtp_hear "^250 2.0.0 <bob.7> "
lmtp_hear '^552 5.2.2 <bob.8> '
lmtp_say QUIT
check_sum bob

echo "- settings that can't be used"
deliver bad '^451 4.3.0 <bad> Temporary internal error'
wait_until 10 grep -q "Invalid quota root quota: Invalid rule \*:storage=many: Invalid storage limit: many" "$loft_log"
deliver badcount '^451 4.3.0 '
deliver badparam '^451 4.3.0 '
deliver odd '^451 4.3.0 '
wait_until 5 grep -q "Unknown quota backend: odd" "$loft_log"
for i in 1 2 3 4 5 6; do
	deliver free '^250 '
done
[ ! -e "$mail/free/Maildir/maildirsize" ] || fail "quota for who has no such plugin"

echo "- a file that is broken, too long, with other limits, or gone is made anew"
printf '10240S,5C\nx y\n' >"$size"
deliver alice '^250 ' IGNOREQUOTA
check_sum alice
printf '1S\n1 1\n' >"$size"
deliver alice '^250 ' IGNOREQUOTA
[ "$(head -n 1 "$size")" = 10240S,5C ] || fail "limits aren't replaced"
check_sum alice
{ echo 10240S,5C; yes '1 0' | head -n 2000; } >"$size"
deliver alice '^250 ' IGNOREQUOTA
check_sum alice
rm "$size"
deliver alice '^250 ' IGNOREQUOTA
check_sum alice
# who deleted mail without telling gets in again
rm "$mail/alice/Maildir/"{new,.Trash/new}/*
deliver alice '^250 '
check_sum alice

echo "- the LDA"
lda() {
	"$builddir/lda/loft-lda" -c "$loft_file" -d "$@" <"$scratch/3k"
}
lda alice || fail "loft-lda: $?"
check_sum alice
for i in 1 2 3; do
	lda alice -e 2>"$scratch/stderr"
	status=$?
	[ $status = 0 ] || break
done
[ $status = 77 ] || fail "loft-lda -e at the limit: $status"
grep -qF "$full" "$scratch/stderr" || fail "loft-lda doesn't say why: $(cat "$scratch/stderr")"
check_sum alice
lda alice -o quota_full_tempfail=yes
[ $? = 75 ] || fail "loft-lda with quota_full_tempfail: $?"

echo "- counting"
usage() { # USER: value and limit of STORAGE, of MESSAGE
	loft_ctl quota get -f tab -u "$1" | awk -F'\t' 'NR > 1 { printf("%s%s/%s", (NR > 2 ? " " : ""), $3, $4) }'
}
expect_usage() { # USER LETTER LIMIT [LIMIT-OF-MESSAGES]: usage is what the files' names say
	local want
	want=$(find "$mail/$1" -path '*/new/*' 2>/dev/null | sed "s/.*,$2=\([0-9]*\).*/\1/" |
		awk -v s="$3" -v m="${4-}" '{ b += $1 } END { printf("%d/%s", (b + 1023) / 1024, s)
			if (m != "") printf(" %d/%s", NR, m) }')
	[ "$(usage "$1")" = "$want" ] || fail "$1 has $(usage "$1"), not $want"
}
expect_usage counted W 100 3000
deliver counted '^250 '
deliver counted+Sub '^250 '
deliver counted '^250 '
expect_usage counted W 100 3000
rm "$mail/counted/Maildir/.Sub/new"/*
expect_usage counted W 100 3000
! grep -q 0/Other "$mail/counted/Maildir/.loft-quota" || fail "strange entry"
# a large new/: our own messages are added to what was counted
for ((i = 0; i < 1200; i++)); do
	: >"$mail/counted/Maildir/new/$i.x,S=10,W=50"
done
expect_usage counted W 100 3000
deliver counted '^250 '
deliver counted '^250 '
expect_usage counted W 100 3000
grep -q ' 2 0/INBOX$' "$mail/counted/Maildir/.loft-quota" || fail "nothing was added to the sum"
rm "$mail/counted/Maildir/new"/*.x,*
expect_usage counted W 100 3000
deliver walked '^250 '
deliver walked '^250 '
expect_usage walked S 7
deliver walked '^552 5.2.2 '
rm "$mail/walked/Maildir/new"/*
deliver walked '^250 '
printf 'garbage\n' >"$mail/counted/Maildir/.loft-quota"
expect_usage counted W 100 3000
loft_ctl quota recalc -u counted || fail "quota recalc"
expect_usage counted W 100 3000
loft_ctl quota get -u nosuch >/dev/null 2>&1
[ $? = 67 ] || fail "quota get of nobody"
loft_ctl quota get -u bad 2>"$scratch/stderr" >/dev/null
[ $? = 89 ] || fail "quota get with a wrong rule"
grep -q 'Invalid storage limit: many' "$scratch/stderr" || fail "quota get doesn't say: $(cat "$scratch/stderr")"
[ "$(loft_ctl quota get -f tab -A 2>/dev/null | awk -F'\t' '$1 == "walked" { print $2, $3, $4, $5, $6 }')" = \
	"Walked STORAGE 4 7 57" ] || fail "quota get -A: $(loft_ctl quota get -f tab -A 2>&1)"

echo "- many workers, one user: not one message over"
for i in $(seq 12); do
	(
		for j in 1 2 3 4 5; do
			"$builddir/ctl/loft-send" --socket "$loft_socket" -f s@x many <"$scratch/3k" >/dev/null 2>&1
		done
	) &
	senders+=($!)
done
wait "${senders[@]}"
check_sum many
each=$(cd "$mail/many/Maildir/new" && ls | sed 's/.*,S=\([0-9]*\),.*/\1/' | sort -n | head -n 1)
limit=$((100 * 1024)) grace=$((10 * 1024))
got=$(($(loft_mails many) * each))
[ $got -le $((limit + grace)) ] || fail "$got octets stored, the limit is $limit"
[ $got -gt $((limit - each)) ] || fail "$got octets stored, there was room for more"

echo "- tempfail"
loft_stop
! grep 'lmtp([0-9]*): Error: quota:' "$loft_log" || fail "settings are wrong at start"
echo quota_full_tempfail = yes >>"$loft_file"
echo lmtp_rcpt_check_quota = yes >>"$loft_file"
loft_start
start
lmtp_say "RCPT TO:<many>"
lmtp_hear '^452 4.2.2 <many> Quota exceeded .mailbox for user is full. \['
lmtp_say "RCPT TO:<many> IGNOREQUOTA"
lmtp_hear '^250 '
lmtp_say QUIT
loft_stop

echo "- a wrong rule is told at start"
sed -i 's/quota_rule3 = .*/quota_rule3 = Junk/' "$loft_file"
loft_start
wait_until 10 grep -q 'lmtp([0-9]*): Error: quota: Invalid quota root quota: Invalid rule Junk: Invalid rule' "$loft_log"
