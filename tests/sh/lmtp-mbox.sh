#!/bin/bash
# mbox behind the daemon: several recipients, INBOXes in a common directory
# with mail_privileged_group, lock files, other readers.
. "${srcdir:?}/tests/harness.sh"

spool=$scratch/spool
mkdir "$spool"
group=$loft_gid
if [ "$(id -u)" = 0 ]; then
	group=61999
	chown "0:$group" "$spool" && chmod 2775 "$spool"
fi
loft_conf <<CONF
mail_location = mbox:~/mail:INBOX=$spool/%n
mail_privileged_group = $group
lda_mailbox_autocreate = yes
lda_mailbox_autosubscribe = yes
lmtp_save_to_detail_mailbox = yes
mbox_lock_timeout = 5s
service lmtp {
  process_min_avail = 3
}
CONF
loft_start

count() {
	grep -c '^From ' "$1" 2>/dev/null
}

echo "- INBOX in the common directory, a folder below home"
loft_send alice 1 >"$scratch/out" || fail "$(cat "$scratch/out")"
loft_send alice+Sub 2 >"$scratch/out" || fail "$(cat "$scratch/out")"
[ "$(count "$spool/alice")" = 1 ] || fail "INBOX"
[ "$(count "$loft_dir/mail/alice/mail/Sub")" = 1 ] || fail "Sub"
[ "$(stat -c '%a %u' "$spool/alice")" = "600 $loft_uid" ] ||
	fail "$(stat -c '%a %u' "$spool/alice")"
grep -q '^From sender@test.example  [MTWFS]' "$spool/alice" || fail "From_"
grep -qx Sub "$loft_dir/mail/alice/mail/.subscriptions" || fail "subscribed"
[ ! -e "$spool/alice.lock" ] || fail "lock file"

echo "- many at a time, and several recipients"
for i in 1 2 3 4; do
	for j in 1 2 3 4 5; do
		loft_send alice $i.$j || echo "not delivered"
	done >"$scratch/out.$i" 2>&1 &
	sends="${sends-} $!"
done
wait $sends
! grep -qx "not delivered" "$scratch"/out.? || fail "$(cat "$scratch"/out.?)"
[ "$(count "$spool/alice")" = 21 ] || fail "$(count "$spool/alice") of 21"
printf 'A: b\n\nFrom x\n' | "$builddir/ctl/loft-send" --socket "$loft_socket" \
	-f '' alice bob carol >"$scratch/out" || fail "$(cat "$scratch/out")"
for user in bob carol; do
	grep -q '^From MAILER-DAEMON ' "$spool/$user" || fail "$user"
	grep -q '^>From x$' "$spool/$user" || fail "quoted"
done
[ "$(count "$spool/alice")" = 22 ] || fail "alice"

if command -v python3 >/dev/null; then
	echo "- python's mailbox"
	python3 - "$spool/alice" <<-END || fail "python"
		import mailbox, sys
		box = mailbox.mbox(sys.argv[1])
		assert len(box) == 22, len(box)
		assert all(m["Return-Path"] for m in box)
		assert box[0].get_from().startswith("sender@test.example")
		assert box[0].get_payload() == "body of 1\n", box[0].get_payload()
	END
fi

echo "- a lock file holds mail back, then it goes on"
echo 0 >"$spool/bob.lock"
loft_send bob 9 >"$scratch/out" && fail "locked"
grep -q '^4\|451' "$scratch/out" || fail "$(cat "$scratch/out")"
wait_until 20 grep -q "Timeout while waiting for lock $spool/bob.lock" "$loft_log"
rm "$spool/bob.lock"
loft_send bob 9 >"$scratch/out" || fail "$(cat "$scratch/out")"
[ "$(count "$spool/bob")" = 2 ] || fail "bob"

echo "- a lock file whose owner is gone"
bash -c 'echo -n $$' >"$scratch/pid"
printf '%s:%s' "$(cat "$scratch/pid")" "$(uname -n)" >"$spool/bob.lock"
chmod 644 "$spool/bob.lock"
loft_send bob 12 >"$scratch/out" || fail "$(cat "$scratch/out")"
[ "$(count "$spool/bob")" = 3 ] || fail "bob"
[ ! -e "$spool/bob.lock" ] || fail "lock file"
wait_until 5 grep -q "Overrode the lock $spool/bob.lock" "$loft_log"

echo "- loftctl counts there, with a lock file"
cp "$loft_file" "$scratch/quota.conf"
cat >>"$scratch/quota.conf" <<CONF
mbox_read_locks = dotlock fcntl
plugin {
  quota = count:Q
}
CONF
[ "$("$builddir/ctl/loftctl" -c "$scratch/quota.conf" quota get -f tab -u bob |
	awk -F'\t' '$2 == "MESSAGE" { print $3 }')" = 3 ] || fail "quota get"
[ ! -e "$spool/bob.lock" ] || fail "lock file of loftctl"

if [ "$(id -u)" = 0 ]; then
	echo "- without the group's rights"
	loft_stop || fail "stop"
	sed -i "s/^mail_privileged_group.*/mail_privileged_group =/" "$loft_file"
	loft_start
	loft_send bob 10 >"$scratch/out" && fail "no group"
	wait_until 5 grep -q 'Permission denied.*set mail_privileged_group' "$loft_log"
	[ "$(count "$spool/bob")" = 3 ] || fail "bob has it"
	loft_stop || fail "stop"
	sed -i "s/^mail_privileged_group.*/mail_privileged_group = $group/
		s/^service lmtp {/&\n  user = $loft_uid\n  group = $loft_gid/" \
		"$loft_file"
	loft_start
	loft_send bob 11 >"$scratch/out" && fail "service without root"
	wait_until 5 grep -q "Can't take up the group $group: .*must be root" "$loft_log"
	[ "$(count "$spool/bob")" = 3 ] || fail "bob has it"
fi
loft_stop || fail "stop"
