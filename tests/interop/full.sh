#!/bin/bash
# Real full disks: tmpfs and ext4 without blocks or without inodes, the quota of ext4 and of btrfs; and a read-only one.
# With every amount of room left: 250 is said for what is there whole, 451 for what isn't there at all, nothing stays in
# tmp/, who has room elsewhere gets the message in the same transaction, and with room again all is well.
. "${srcdir:?}/tests/harness.sh"

[ "$(id -u)" = 0 ] || skip "mounting wants root"
command -v setpriv >/dev/null || skip "no setpriv"
own_mounts || skip "no mount namespaces here"
uid=$loft_uid
mnt=$scratch/mnt
full=$mnt/alice
small_disk_gone() {
	umount -q "$mnt" 2>/dev/null
}
cleanup_add small_disk_gone
mkdir "$mnt" "$scratch/lda"
as_user() {
	setpriv --reuid $uid --regid $uid --clear-groups "$@"
}

printf 'From: a@b\nMessage-ID: <small@test>\n\nbody\n' >"$scratch/small"
{
	printf 'From: a@b\nMessage-ID: <large@test>\n\n'
	seq -f 'line %07.0f of a message that is no longer small' 6000
} >"$scratch/large"
for m in small large; do sed 's/$/\r/' "$scratch/$m" >"$scratch/$m.crlf"; done

loft_conf <<-CONF
	first_valid_uid = 1
	auth_username_format = %n
	default_login_user = nobody
	userdb {
	  driver = passwd-file
	  args = $scratch/users
	}
CONF
echo "alice::$uid:$uid::$full::
new::$uid:$uid::$mnt/new::
bob::$uid:$uid::$loft_dir/mail/bob::" >"$scratch/users"
grep -v -e userdb -e driver -e args -e '^}' "$loft_file" >"$scratch/lda.conf"

# ---- disks -------------------------------------------------------------------------------------

on_loop() { # SIZE OPTIONS MKFS...
	local size=$1 options=$2
	shift 2
	rm -f "$scratch/image"
	truncate -s "$size" "$scratch/image"
	"$@" "$scratch/image" >/dev/null 2>&1 && mount -o "loop$options" "$scratch/image" "$mnt" 2>/dev/null
}

disk() { # KIND: mounted on $mnt, or false
	case $1 in
	tmpfs) mount -t tmpfs -o size=2M,mode=755 none "$mnt" ;;
	tmpfs-inodes) mount -t tmpfs -o size=16M,nr_inodes=64,mode=755 none "$mnt" ;;
	ext4) on_loop 4M "" mkfs.ext4 -q -F -m 0 ;;
	ext4-inodes) on_loop 8M "" mkfs.ext4 -q -F -m 0 -N 64 ;;
	ext4-quota)
		on_loop 16M ,usrquota mkfs.ext4 -q -F -m 0 -O quota &&
			setquota -u $uid 0 1024 0 0 "$mnt" 2>/dev/null
		;;
	btrfs-quota)
		on_loop 128M "" mkfs.btrfs -q && btrfs quota enable "$mnt" && btrfs subvolume create "$mnt/alice" &&
			btrfs qgroup limit 2M "$mnt/alice"
		;;
	esac >/dev/null 2>&1
}

write_filler() {
	head -c "$1" /dev/zero | as_user dd of="$full/filler" bs=4096 iflag=fullblock conv=fsync status=none 2>/dev/null
}

# Fill up as the user, then leave some room: KiB, or files.
fill() { # KIND ROOM
	local i
	rm -f "$full"/filler*
	case $1 in
	*inodes)
		as_user bash -c "for i in {1..2000}; do : >'$full'/filler\$i || break; done" 2>/dev/null
		for ((i = 1; i <= $2; i++)); do rm -f "$full/filler$i"; done
		;;
	*)
		write_filler 10000000
		i=$(($(stat -c %s "$full/filler") - $2 * 1024))
		rm "$full/filler"
		sync -f "$mnt"	# some find out only then that there is room
		write_filler $((i > 0 ? i : 0))
		;;
	esac
}

# ---- deliveries --------------------------------------------------------------------------------

# What is in DIR: whole messages, others, files in tmp/
shopt -s nullglob
look() { # DIR MESSAGE
	local file tmp size whole=0 partial=0
	size=$(stat -c %s "$2")
	for file in "$1"/Maildir/new/*; do
		if tail -c "$size" "$file" | cmp -s - "$2"; then whole=$((whole + 1)); else partial=$((partial + 1)); fi
	done
	tmp=("$1"/Maildir/tmp/*)
	state="$whole $partial ${#tmp[@]}"
}

# The answer for each in $answers: 250 or 451.
lmtp() { # MESSAGE USER...
	local message=$1
	shift
	answers=$({
		printf 'LHLO t\r\nMAIL FROM:<s@x>\r\n'
		printf 'RCPT TO:<%s@t>\r\n' "$@"
		printf 'DATA\r\n'
		cat "$scratch/$message.crlf"
		printf '.\r\nQUIT\r\n'
	} | timeout 30 "$builddir/lmtp/lmtp" -c "$loft_file" | sed -n '/^354/,/^221/p' | grep -o '^[245][0-9][0-9] ' | grep -v 221 |
		tr -d '\n')
}

lda() { # MESSAGE
	HOME=$full USER=alice as_user "$builddir/lda/loft-lda" -c "$scratch/lda.conf" <"$scratch/$1" 2>/dev/null
	case $? in
	0) answers="250 " ;;
	75) answers="451 " ;;
	*) fail "$kind, $room left: status of loft-lda" ;;
	esac
}

# The last delivery to alice, and perhaps others, in the light of $answers
judge() { # WHAT MESSAGE
	look "$full" "$scratch/$2"
	case "$answers$state" in
	"250 "*"1 0 0" | "451 "*"0 0 0") ;;
	*) fail "$kind, $room left, $1: answered $answers, (whole, partial, tmp/) $state" ;;
	esac
	case $answers in
	250*) good=$((good + 1)) ;;
	*) refused=$((refused + 1)) ;;
	esac
	rm -f "$full"/Maildir/new/*
}

try_all() {
	local message
	for message in small large; do
		lmtp $message alice
		judge "one $message" $message
		lda $message
		judge "loft-lda, $message" $message
		rm -rf "$loft_dir/mail/bob"
		lmtp $message alice bob
		judge "two, $message" $message
		look "$loft_dir/mail/bob" "$scratch/$message"
		[ "${answers#* }$state" = "250 1 0 0" ] || fail "$kind, $room left: bob has suffered: $answers$state"
	done
	rm -rf "$mnt/new"
	lmtp small new
	look "$mnt/new" "$scratch/small"
	case "$answers$state" in
	"250 1 0 0" | "451 0 0 "*) ;;
	*) fail "$kind, $room left, new user: $answers$state" ;;
	esac
}

# Nothing can be written, and nothing has to be repaired when it can be again.
read_only() {
	kind=read-only room=0 good=0 refused=0
	mount -t tmpfs -o size=2M,mode=755 none "$mnt" || fail "can't mount"
	install -d -m 700 -o $uid -g $uid "$full"
	as_user mkdir -p -m 700 "$full"/Maildir/{new,cur,tmp}
	mount -o remount,ro "$mnt" || fail "can't remount"
	for message in small large; do
		lmtp $message alice
		[ "$answers" = "451 " ] || fail "read-only: $answers"
		lda $message
		[ "$answers" = "451 " ] || fail "read-only, loft-lda: $answers"
		rm -rf "$loft_dir/mail/bob"
		lmtp $message alice bob
		[ "$answers" = "451 250 " ] || fail "read-only, two: $answers"
	done
	mount -o remount,rw "$mnt" || fail "can't remount"
	try_all
	[ $good = 6 ] || fail "writable again: only $good of 6"
	echo "- read-only"
	umount "$mnt" || fail "can't unmount"
}

run_on() {
	local rooms="0 4 8 12 20 40 100 260 300 340"
	kind=$1 good=0 refused=0
	disk "$kind" || { small_disk_gone; echo "- $kind: not here"; return; }
	chmod 755 "$mnt"
	chown $uid:$uid "$mnt"
	mkdir -p "$full"
	chown $uid:$uid "$full"
	as_user mkdir -p -m 700 "$full"/Maildir/{new,cur,tmp}
	case $kind in
	*inodes) rooms="0 1 2 3 4 5" ;;
	btrfs*) rooms="0 40 400 1200" ;;
	esac
	for room in $rooms; do
		fill "$kind" "$room"
		try_all
	done
	[ $refused -gt 4 ] || fail "$kind was never full"
	rm -f "$full"/filler*
	sync -f "$mnt"
	was_good=$good
	room=all
	try_all
	[ $((good - was_good)) = 6 ] || fail "$kind: with room again only $((good - was_good)) of 6 delivered"
	echo "- $kind: $good delivered, $refused refused"
	umount "$mnt" || fail "can't unmount"
}

loft_start
for fs in tmpfs tmpfs-inodes ext4 ext4-inodes ext4-quota btrfs-quota; do
	run_on $fs
done
read_only
loft_stop || fail "status of the daemon"
echo ok
