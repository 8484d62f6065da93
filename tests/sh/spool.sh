#!/bin/bash
# Large and odd messages, and no room to receive them in: mail_temp_dir is missing, closed, full; so is the mail's own
# file system; so is what the process may write. Small tmpfs mounts are made where that is allowed.
# LOFT_BIG_MB: how large "large" is.
. "${srcdir:?}/tests/harness.sh"

mb=${LOFT_BIG_MB:-6}
home=$scratch/home
mkdir "$home"
cp "$builddir/lda/loft-lda" "$scratch"
as_user=
if [ "$(id -u)" = 0 ]; then
	command -v setpriv >/dev/null || skip "setpriv is not installed"
	as_user="setpriv --reuid $loft_uid --regid $loft_gid --clear-groups"
fi
{
	printf 'Subject: large\n\n'
	head -c $((mb * 750000)) /dev/urandom | base64
} >"$scratch/large"

mounted=
unmount() {
	local dir
	for dir in $mounted; do
		umount -l "$dir"
	done
}
cleanup_add unmount
# small DIR SIZE: a file system of its own, if that can be had
small() {
	mkdir -p "$1"
	[ "$(id -u)" = 0 ] && mount -t tmpfs -o "size=$2,mode=1777" none "$1" 2>/dev/null || return 1
	mounted="$1 $mounted"
}
have_full=
if small "$scratch/full" 1m; then
	have_full=1
	head -c 2m /dev/zero >"$scratch/full/junk" 2>/dev/null
else
	echo "- no mounts here: full file systems are left out"
fi
mkdir -m 555 "$scratch/closed"

cat >"$scratch/lda.conf" <<CONF
log_path = $scratch/log
hostname = mx.test.example
mail_location = maildir:~/Maildir
CONF
# lda STATUS FILE OPTION...: into an empty home
lda() {
	local want=$1 file=$2 args=() option
	shift 2
	for option; do args+=(-o "$option"); done
	rm -rf "$home"/* "$home"/.[a-z]* && : >"$scratch/log" && chmod 666 "$scratch/log"
	[ -z "$as_user" ] || chown "$loft_uid:$loft_gid" "$home"
	env -i HOME="$home" USER=alice ASAN_OPTIONS="${ASAN_OPTIONS-}" $as_user "$scratch/loft-lda" \
		-c "$scratch/lda.conf" "${args[@]}" <"$file" 2>"$scratch/stderr"
	status=$?
	[ $status = "$want" ] || fail "status $status, not $want: $* $(cat "$scratch/stderr" "$scratch/log")"
	[ -z "$(find "$home" -path '*/Maildir*/tmp/*' -type f)" ] || fail "left behind: $(find "$home" -path '*/Maildir*/tmp/*')"
}
stored() { # FILE, with its lines ending in $1
	local file
	file=$(find "$home" -path '*/new/*' -type f)
	cmp -s "$file" "$1" || fail "other bytes: $file"
}
logged() {
	grep -qF -- "$1" "$scratch/log" || fail "no '$1': $(cat "$scratch/log")"
}

echo "- loft-lda, large"
for crlf in no yes; do
	want=$scratch/large
	if [ $crlf = yes ]; then
		sed 's/$/\r/' "$scratch/large" >"$scratch/large.crlf"
		want=$scratch/large.crlf
	fi
	for dir in /tmp "$scratch/nonexistent" "$scratch/closed" ${have_full:+"$scratch/full"}; do
		lda 0 "$scratch/large" "mail_temp_dir=$dir" mail_save_crlf=$crlf
		stored "$want"
		[ "$dir" = /tmp ] || logged "Receiving the message beside the mail"
	done
done
rm "$scratch/large.crlf"

echo "- loft-lda, no room for the mail"
if [ -n "$have_full" ]; then
	small "$home" 3m || fail "a second mount"
	for dir in /tmp "$scratch/nonexistent" "$scratch/full"; do
		lda 75 "$scratch/large" "mail_temp_dir=$dir"
		logged 'No space left on device'
		printf 'Subject: small\n\nx\n' >"$scratch/small"
		lda 0 "$scratch/small" "mail_temp_dir=$dir"
		stored "$scratch/small"
	done
	umount "$home"
	mounted=${mounted#"$home "}
fi
(
	ulimit -f 1024
	lda 75 "$scratch/large"
	logged 'File too large'
	[ -z "$(find "$home" -path '*/new/*' -type f)" ] || fail "stored"
) || exit 1

echo "- loft-lda, odd"
printf 'no header' >"$scratch/odd.body"
printf 'A: 1\nB: 2\n' >"$scratch/odd.header"
: >"$scratch/odd.empty"
printf '\n\nbody' >"$scratch/odd.blank"
{
	for i in {1..20}; do
		printf 'X-%s: ' $i
		head -c 500000 /dev/zero | tr '\0' x | fold -w 70 | sed 's/^/ /'
		echo
	done
	printf 'Message-ID: <far@down>\n\nbody\n'
} >"$scratch/odd.long"
for odd in "$scratch"/odd.*; do
	lda 0 "$odd"
	stored "$odd"
	sed 's/$/\r/' "$odd" >"$scratch/crlf"
	# the last line may have had no end
	[ -z "$(tail -c 1 "$odd" | tr -d '\n')" ] || { sed '$!s/$/\r/' "$odd" >"$scratch/crlf"; }
	lda 0 "$odd" mail_save_crlf=yes
	stored "$scratch/crlf"
	lda 0 "$scratch/crlf"
	stored "$odd"
done
lda 0 "$scratch/odd.long"
logged 'msgid=<far@down>: saved mail to INBOX'

# send RCPT...: the large message; what the server says, for each
send() {
	"$builddir/ctl/loft-send" --socket "$loft_socket" -f s@x.example "$@" <"$scratch/large" 2>&1
}
users_have() { # USER...
	local user file
	for user; do
		file=$(find "$loft_dir/mail/$user/Maildir/new" -type f -newer "$scratch/before")
		[ -n "$file" ] || fail "nothing for $user"
		sed '1,/^$/d' "$file" | cmp -s - "$scratch/text" || fail "other bytes for $user"
	done
}
sed '1,/^$/d' "$scratch/large" >"$scratch/text"

echo "- LMTP"
for dir in "$scratch/nonexistent" ${have_full:+"$scratch/full"}; do
	[ ! -d "$loft_dir/mail" ] || rm -rf "$loft_dir/mail"
	loft_conf <<-CONF
		mail_temp_dir = $dir
		service lmtp {
		  process_limit = 1
		}
	CONF
	: >"$scratch/before"
	loft_start
	send new >"$scratch/out" || fail "new user: $(cat "$scratch/out")"
	users_have new
	send alice bob >"$scratch/out" || fail "two users: $(cat "$scratch/out")"
	users_have alice bob
	wait_until 10 grep -q "Warning: .*mail_temp_dir.*Receiving the message beside the mail" "$loft_log"
	send alice bob carol >"$scratch/out" || fail "three users: $(cat "$scratch/out")"
	users_have carol
	[ "$(loft_pids worker | wc -l)" = 1 ] || fail "workers"
	! grep -q 'Error: ' "$loft_log" || fail "errors"
	loft_stop || fail "status"
	rm -f "$loft_log"
done

if [ -n "$have_full" ]; then
	echo "- LMTP, no room for the mail"
	mkdir -p "$loft_dir/mail"
	small "$loft_dir/mail" 3m || fail "a third mount"
	loft_conf <<<"mail_temp_dir = $scratch/full"
	loft_start
	for rcpts in alice "alice bob"; do
		send $rcpts >"$scratch/out" && fail "it should not fit: $(cat "$scratch/out")"
		for rcpt in $rcpts; do
			grep -qE "^$rcpt: 45[12] 4\.[23]\.[01] " "$scratch/out" || fail "$(cat "$scratch/out")"
		done
		loft_send alice again || fail "the next message"
	done
	[ -z "$(find "$loft_dir/mail" -path '*/Maildir*/tmp/*' -type f)" ] || fail "left behind"
	! grep -q 'killed with signal' "$loft_log" || fail "a worker died"
	loft_stop || fail "status"
	umount "$loft_dir/mail"
	mounted=${mounted#"$loft_dir/mail "}
fi
