#!/bin/bash
# The kernel's quota on ext4: quota-status and LMTP refuse before the kernel does, by the user's limit or the
# group's; Dovecot's quota-status answers the same where it is installed. Skipped where the kernel has no quota.
. "${srcdir:?}/tests/harness.sh"

[ "$(id -u)" = 0 ] || skip "mounting wants root"
for program in mkfs.ext4 setquota; do
	command -v $program >/dev/null || skip "no $program"
done
own_mounts || skip "no mount namespaces here"
disk=$scratch/disk mnt=$scratch/mnt
disk_gone() {
	umount -q "$mnt" 2>/dev/null
}
cleanup_add disk_gone
mkdir "$mnt"
truncate -s 32M "$disk"
mkfs.ext4 -q -O quota -E quotatype=usrquota:grpquota "$disk" 2>/dev/null || skip "mkfs.ext4 knows no quota"
mount -o loop,usrquota,grpquota "$disk" "$mnt" 2>/dev/null || skip "the kernel has no quota for ext4"
mkdir "$mnt/alice" "$mnt/bob"
chown "$loft_uid:$loft_gid" "$mnt/alice"
chown "$((loft_uid + 1)):$((loft_gid + 1))" "$mnt/bob"
setquota -u "$loft_uid" 40 80 0 0 "$mnt" && setquota -g "$((loft_gid + 1))" 60 80 0 0 "$mnt" ||
	skip "setquota doesn't work here"

echo "alice:{PLAIN}x:$loft_uid:$loft_gid::$mnt/alice::" >"$scratch/users"
echo "bob:{PLAIN}x:$((loft_uid + 1)):$((loft_gid + 1))::$mnt/bob::" >>"$scratch/users"
text="mail_plugins = quota
first_valid_uid = 1
ssl = no
passdb {
  driver = passwd-file
  args = $scratch/users
}
userdb {
  driver = passwd-file
  args = $scratch/users
}
plugin {
  quota = fs:User quota
  quota_grace = 0
}
service quota-status {
  executable = quota-status -p postfix
  client_limit = 1
  unix_listener quota-status {
    mode = 0600
  }
}"
printf '%s\n' "$text" | loft_conf
loft_start
dove_dir=$scratch/dovecot
if command -v dovecot >/dev/null; then
	mkdir "$dove_dir"
	printf '%s\n' "base_dir = $dove_dir/run" "log_path = $dove_dir/log" "protocols =" \
		"mail_location = maildir:~/Maildir" "$text" >"$dove_dir/conf"
	dove_stop() {
		doveadm -c "$dove_dir/conf" stop 2>/dev/null
	}
	dovecot -c "$dove_dir/conf" || fail "dovecot did not start"
	cleanup_add dove_stop
	wait_until 5 test -S "$dove_dir/run/quota-status"
fi
full="554 5.2.2 Quota exceeded (mailbox for user is full)"
# answer USER SIZE ANSWER
answer() {
	local base got
	for base in "$loft_dir" "$dove_dir"; do
		[ -S "$base/run/quota-status" ] || continue
		got=$(printf 'recipient=%s\nsize=%s\n\n' "$1" "$2" | unix_talk "$base/run/quota-status")
		[ "$got" = "action=$3" ] || fail "$base: $1 $2: got '$got', not '$3'"
	done
}
# message USER KIB STATUS
message() {
	local reply
	reply=$({ printf 'Subject: x\n\n'; head -c "${2}k" /dev/zero | tr '\0' x | fold -w 70; echo; } |
		"$builddir/ctl/loft-send" --socket "$loft_socket" -f s@test.example "$1")
	[[ $reply == *" $3 "* ]] || fail "$1 got '$reply', not $3"
}
message alice 1 250
message bob 1 250
answer alice 1000 OK
answer alice 45000 "$full"
answer bob 65000 "$full"
message alice 20 250
message alice 60 552
answer alice 30000 "$full"
[ -z "$(find "$mnt" -path '*/tmp/*' -type f)" ] || fail "something stays in tmp/"
loft_stop || fail "stop"
exit 0
