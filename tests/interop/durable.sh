#!/bin/bash
# The promise itself: the power fails in the instant in which the client reads 250. Mail lies on a real file system on
# a loop device on tests/durable/disk.c, which records every write and every flush. For each delivery the disk is made
# again as it was in that instant: with what was flushed alone, and with some of what wasn't flushed. The file system is
# repaired as at boot and mounted, and each message answered so far must be there, byte by byte. So it must at other
# instants, and nothing else may be in any new/ then.
#
#   LOFT_DURABLE="ext4 ext4-nojournal xfs btrfs"   only these file systems
#   LOFT_DURABLE_CHOICES=1                         random choices for each delivery
#   LOFT_DURABLE_INSTANTS=8                        other instants
. "${srcdir:?}/tests/harness.sh"

[ "$(id -u)" = 0 ] || skip "mounting wants root"
[ -c /dev/fuse ] || skip "no FUSE here: its device lets the test see what reaches a disk"
command -v setpriv >/dev/null || skip "no setpriv"
own_mounts || skip "no mount namespaces here"
choices=${LOFT_DURABLE_CHOICES:-1} instants=${LOFT_DURABLE_INSTANTS:-8}
disk=$builddir/tests/durable/disk
fault=$builddir/tests/fault/fault.so
[ -x "$disk" ] && [ -f "$fault" ] || fail "disk or fault.so isn't built"
uid=$loft_uid other=$((loft_uid + 1))
cd "$scratch" || exit 99
mnt=$scratch/mnt
mkdir "$mnt"

# ---- disks -------------------------------------------------------------------------------------

new_image() { # KIND: makes ./image; fails when there are no tools for it
	rm -f image
	case $1 in
	ext4)
		truncate -s 64M image
		mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 image
		;;
	ext4-nojournal)
		truncate -s 64M image
		mkfs.ext4 -q -F -O ^has_journal -E lazy_itable_init=0 image
		;;
	xfs)
		truncate -s 300M image
		mkfs.xfs -q image
		;;
	btrfs)
		truncate -s 128M image
		mkfs.btrfs -q image
		;;
	esac >mkfs.out 2>&1
}

disk_start() { # FILE COMMAND ARGS...
	local file=$1 line
	shift
	: >"$file"
	{ read -r line < <("$disk" "$@" 2>&1); } && [ "$line" = ready ] || skip "no FUSE file system here: $line"
}

# Neither may fail for good: somebody may be looking at the mount just now.
unmount() {
	local i
	for i in {1..50}; do
		umount "$1" 2>/dev/null && return
		mountpoint -q "$1" || return 0
		sleep 0.1
	done
	fail "can't unmount $1"
}

# The disk as at TIME, mounted on DIR, with KEEP of what wasn't flushed.
disk_at() { # DIR TIME KEEP
	local file=$1.disk options=loop
	mkdir -p "$1"
	disk_start "$file" replay image "$file" log "$2" "$3"
	if [ "$kind" = ext4-nojournal ]; then
		e2fsck -fy "$file" >"$file.fsck" 2>&1
		[ $? -lt 4 ] || { cat "$file.fsck"; return 1; }
	fi
	# Disks with one identity: xfs wants to be told, btrfs must have forgotten the last one.
	case $kind in
	xfs) options=loop,nouuid ;;
	btrfs) btrfs -q device scan --forget 2>/dev/null ;;
	esac
	mount -o $options "$file" "$1" 2>"$file.err" || { cat "$file.err"; return 1; }
}

disk_gone() { # DIR
	! mountpoint -q "$1" || unmount "$1"
	unmount "$1.disk"
}

# ---- messages ----------------------------------------------------------------------------------

printf 'From: a@b\nMessage-ID: <small@test>\n\nbody\n' >small
{
	printf 'From: a@b\nMessage-ID: <large@test>\n\n'
	seq -f 'line %07.0f of a message that is no longer small' 9000
} >large
sed 's/$/\r/' small >small.crlf
sed 's/$/\r/' large >large.crlf

# The sums of all files in new/, below the mounted file system
sums() { # DIR
	(cd "$1" && find . -path '*/new/*' -type f -exec sha256sum {} +)
}

# The same of all mboxes, which grow: size, sum, file
mboxes() { # DIR
	local file
	find "$1" -name '*.mbox' -type f | while read -r file; do
		echo "$(stat -c %s "$file") $(sha256sum <"$file") $file"
	done
}

# Of those the mboxes on DIR that don't begin as it was promised
broken_mboxes() { # I DIR
	local size sum dash file
	while read -r size sum dash file; do
		file=$2/${file#"$mnt/"}
		[ "$(head -c "$size" "$file" 2>&1 | sha256sum)" = "$sum  $dash" ] || echo "lost from: $file"
	done <"mboxes.$1"
}

# The deliveries: $times[i], $names[i], and the sums of what is promised by then in sums.i and mboxes.i
times=() names=()
answered() { # NAME COUNT MESSAGE: COUNT messages have come since the last time, and they are MESSAGE
	local i=${#times[@]} size file n=0
	size=$(stat -c %s "$3")
	times+=("$at")
	names+=("$1")
	sums "$mnt" | sort >"sums.$i"
	mboxes "$mnt" >"mboxes.$i"
	while read -r _ file; do
		tail -c "$size" "$mnt/$file" | cmp -s - "$3" || fail "$kind, $1: not what was sent: $file"
		n=$((n + 1))
	done < <(if [ $i -gt 0 ]; then comm -13 "sums.$((i - 1))" "sums.$i"; else cat sums.0; fi)
	[ $n = "$2" ] || fail "$kind, $1: $n new messages instead of $2"
}

# One has come at the end of FILE.
added() { # NAME FILE MESSAGE
	local size
	size=$(stat -c %s "$3")
	tail -c $((size + 1)) "$mnt/$2" | head -c "$size" | cmp -s - "$3" || fail "$kind, $1: not what was sent: $2"
}

# ---- deliveries --------------------------------------------------------------------------------

# Over LMTP; the time is that of the last of the 250s. $stored is what the message becomes, if not itself;
# $maildirs, of how many users.
lmtp() { # NAME MESSAGE USER...
	local name=$1 message=$2 user line n=0
	shift 2
	lmtp_open "$port" || fail "no connection"
	{
		printf 'LHLO t\r\nMAIL FROM:<s@x>\r\n'
		printf 'RCPT TO:<%s@t>\r\n' "$@"
		printf 'DATA\r\n'
		cat "$message.crlf"
		printf '.\r\n'
	} >&"$lmtp_fd" &
	while read -r -t 20 -u "$lmtp_fd" line; do
		case $line in
		"250 2.0.0 <"*Saved?)
			n=$((n + 1))
			[ $n != $# ] || break
			;;
		[45]*) fail "$kind, $name: $line" ;;
		esac
	done
	at=${EPOCHREALTIME/,/.}
	wait $!
	lmtp_close
	[ $n = $# ] || fail "$kind, $name: $n answers instead of $#"
	answered "$name" ${maildirs:-$#} "${stored:-$message}"
}

to_mbox() { # NAME FILE MESSAGE USER
	maildirs=0 lmtp "$1" "$3" "$4"
	added "$1" "fresh/mbox/$2" "$3"
}

# By loft-lda, perhaps with a fault at each call.
lda() { # NAME MESSAGE USER [FAULT]
	env -i HOME="$mnt/$3" USER="${3##*/}" PATH="$PATH" LD_PRELOAD="${4:+$fault}" LOFT_FAULT="${4-}" LOFT_FAULT_PATH="$mnt" \
		setpriv --reuid $uid --regid $uid --clear-groups "$builddir/lda/loft-lda" -c "$scratch/${conf:-lda.conf}" <"$2" ||
		fail "$kind, $1: status $?"
	at=${EPOCHREALTIME/,/.}
	answered "$1" "${maildirs:-1}" "$2"
}

maildir() { # DIR...
	local dir
	for dir in "$@"; do
		setpriv --reuid $uid --regid $uid --clear-groups \
			sh -c "umask 077; mkdir -p '$dir/cur' '$dir/new' '$dir/tmp'" || fail "mkdir $dir"
	done
}

entry() { # USER [UID [HOME [EXTRA]]]
	echo "$1::${2:-$uid}:${2:-$uid}::$mnt/${3:-$1}::${4-}"
}

users() {
	local i
	entry plain
	entry fs $uid fs "userdb_mail=maildir:~/mail:LAYOUT=fs"
	entry inbox $uid inbox "userdb_mail=maildir:~/mail:INBOX=$mnt/inboxes/inbox"
	entry closed $uid closed/home
	entry blind
	entry crlf $uid crlf userdb_mail_save_crlf=yes
	entry other $other
	entry mbox $uid fresh/mbox "userdb_mail=mbox:~/mail:INBOX=~/inbox.mbox"
	for ((i = 0; i < 70; i++)); do entry "many$i"; done
	for ((i = 0; i < 4; i++)); do entry "new$i" $uid "fresh/$i"; done
}

# What is there before anything is delivered.
prepare() {
	local i
	chmod 755 "$mnt"
	mkdir "$mnt"/{plain,fs,inbox,inboxes,blind,crlf,fresh,closed,lda,lda-new,cut,cut-new} "$mnt"/many{0..69}
	chown -R $uid:$uid "$mnt"/*
	chown 0:$uid "$mnt/closed" && chmod 0730 "$mnt/closed"
	install -d -m 700 -o $other -g $other "$mnt/other"
	maildir "$mnt"/{plain,blind,lda,cut,crlf}/Maildir
	for i in {0..69}; do maildir "$mnt/many$i/Maildir"; done
	chmod 0300 "$mnt/blind/Maildir/new"
	sync -f "$mnt"
}

# Whoever makes a mailbox is killed after each call, and the next delivery goes on from there.
after_kills() {
	local n
	for ((n = 1; n < 50; n++)); do
		(lda "" small "fresh/kill$n/home" "*:$n:KILLED") >/dev/null 2>&1
		[ ! -e "$mnt/fresh/kill$n/home/Maildir/tmp" ] || break
		lda "after a kill at call $n" small "fresh/kill$n/home"
	done
	[ $n -gt 5 ] || fail "only $n calls make a mailbox"
}

deliver_all() {
	lmtp "a small message" small plain
	lmtp "a new home" small new0
	lmtp "a new folder" small plain+Sub.Deep
	lmtp "a large message in place" large plain
	lmtp "a large message, a new home" large new1
	lmtp "LAYOUT=fs" small fs
	lmtp "a folder with LAYOUT=fs" small fs+a/b/c
	lmtp "INBOX=" small inbox
	lmtp "a folder beside INBOX=" small inbox+folder
	lmtp "below a parent that can't be read" small closed
	lmtp "a new/ that can't be read" small blind
	stored=small.crlf lmtp "lines with CR LF" small crlf
	lmtp "many recipients" small plain many{0..69} new2 other
	lmtp "a large message for several" large plain many{0..9} new3 other
	to_mbox "mbox, a new home" inbox.mbox small mbox
	to_mbox "mbox, added" inbox.mbox small mbox
	to_mbox "mbox, a large message" inbox.mbox large mbox
	to_mbox "mbox, a new folder" mail/folder.mbox small mbox+folder.mbox
	maildirs=1 lmtp "mbox and Maildir" small mbox plain
	lda "loft-lda" small lda
	lda "loft-lda, a new Maildir" small lda-new
	lda "link and unlink" small lda renameat2:1+:EINVAL
	lda "link and unlink, new" small cut-new renameat2:1+:EINVAL
	lda "a copied large message" large lda open:1:EOPNOTSUPP
	lda "a large message in place, by loft-lda" large lda
	# Where the others write a journal, these keep each directory by itself.
	case $kind in ext4-nojournal | btrfs) after_kills ;; esac
}

# ---- looking at the disks ----------------------------------------------------------------------

# What is wrong at TIME, after delivery I was answered, when KEEP of what wasn't flushed is there
problems() { # TIME I KEEP DIR
	if disk_at "$4" "$1" "$3"; then
		(cd "$4" && sha256sum --quiet -c "$scratch/sums.$2" 2>&1 | grep -v WARNING | head -n 5)
		broken_mboxes "$2" "$4"
		sums "$4" | sort | comm -23 - sums.all | sed 's/^/not what was sent: /' | head -n 5
	fi
	disk_gone "$4"
}

report() { # TIME I KEEP DIR
	local text
	text=$(problems "$@")
	[ -z "$text" ] || echo "$kind, ${names[$2]}, $1 (of what wasn't flushed: $3): $text" | tee -a "$scratch/bad"
}

# Several disks at a time: most of it is waiting.
pids=() disks=0 width=3
check() { # TIME I KEEP
	local slot=$((disks % width))
	[ -z "${pids[slot]-}" ] || wait "${pids[slot]}"
	report "$@" "$scratch/replay$slot" &
	pids[slot]=$!
	disks=$((disks + 1))
}

check_all() { # COUNT
	local i keep keeps n
	pids=() disks=0
	[ "$kind" = btrfs ] && width=1 || width=3
	for ((i = 0; i < $1; i++)); do
		keeps="none $(seq "$choices")"
		[[ ${names[i]} != "after a kill"* ]] || keeps=none
		for keep in $keeps; do
			check "${times[i]}" $i "$keep"
		done
	done
	for ((n = 0; n < instants; n++)); do
		i=$((RANDOM % ($1 - 1)))
		check "$(awk -v a="${times[i]}" -v b="${times[i + 1]}" -v r=$RANDOM \
			'BEGIN { printf "%.6f", a + (b - a) * r / 32768 }')" $i $n
	done
	wait "${pids[@]}"
	echo "- $kind: $1 deliveries, $disks disks"
}

# The test can fail: without one of the syncs that message is lost, or is no longer whole.
sees_loss() { # CALL I
	[ -n "$(problems "${times[$2]}" $2 none "$scratch/replay0")" ] ||
		fail "$kind: a delivery without $1 was not seen to be lost"
}

run_on() {
	local promised
	kind=$1 times=() names=()
	new_image "$kind" || { echo "- $kind: not here: $(head -n 1 mkfs.out)"; return 0; }
	disk_start device record image device log
	mount -o loop,noatime device "$mnt" 2>mount.err || { unmount device; echo "- $kind: $(cat mount.err)"; return 0; }
	prepare
	loft_start
	deliver_all
	promised=${#times[@]}
	lda "without fsync" small cut fsync:1+:SKIP
	lda "without fdatasync" small cut fdatasync:1+:SKIP
	maildirs=0 conf=mbox.conf lda "mbox without fdatasync" small cut fdatasync:1+:SKIP
	# Others store the count of links with the name.
	[ "$kind" != ext4-nojournal ] || lda "without fsync of the file" large cut fsync:1:SKIP
	loft_stop || fail "status of the daemon"
	unmount "$mnt"
	unmount device
	cp "sums.$((promised - 1))" sums.all
	sees_loss fsync $promised
	sees_loss fdatasync $((promised + 1))
	sees_loss "fdatasync of the mbox" $((promised + 2))
	[ "$kind" != ext4-nojournal ] || sees_loss "fsync of the file" $((promised + 3))
	check_all "$promised"
	done=yes
}

disks_gone() {
	umount -q "$mnt" device replay{0..2} replay{0..2}.disk 2>/dev/null
}
cleanup_add disks_gone
cleanup_add loft_kill
port=$(free_port)
users >users
echo "log_path = /dev/stderr
mail_location = maildir:~/Maildir
mail_temp_dir = /tmp" >lda.conf
sed 's|maildir:.*|mbox:~/mail:INBOX=~/inbox.mbox|' lda.conf >mbox.conf
loft_conf <<-CONF
	first_valid_uid = 1
	auth_username_format = %n
	lda_mailbox_autocreate = yes
	lmtp_save_to_detail_mailbox = yes
	default_login_user = nobody
	service lmtp {
	  inet_listener lmtp {
	    address = 127.0.0.1
	    port = $port
	  }
	}
	userdb {
	  driver = passwd-file
	  args = $scratch/users
	}
CONF
done=
for fs in ${LOFT_DURABLE:-ext4 ext4-nojournal xfs btrfs}; do
	run_on "$fs"
done
[ ! -e bad ] || fail "see above"
[ -n "$done" ] || skip "no file system could be mounted"
echo ok
