#!/bin/bash
# loft-lda's options and exit codes, and what it stores, without a userdb.
set -u
: "${builddir:?}"
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
cp "$builddir/lda/loft-lda" "$scratch" || exit 99
home=$scratch/home
failed=0

as_user=
if [ "$(id -u)" = 0 ]; then
	command -v setpriv >/dev/null || exit 77
	as_user='setpriv --reuid 65534 --regid 65534 --clear-groups'
fi

cat >"$scratch/loft.conf" <<END
base_dir = $scratch/run
log_path = $scratch/log
hostname = mx.test.example
mail_location = maildir:~/Maildir
deliver_log_format = %m|%e|%{to_envelope}|%f|%s|%p|%w: %\$
END
: >"$scratch/log" && chmod 666 "$scratch/log"
printf 'From: A B <a@b.example>\nSubject: hi\nMessage-ID: <1@t>\n\nbody\n' \
	>"$scratch/msg"
printf 'log_path = /dev/null\nno_such_setting = 1\nmail_debug = perhaps\n' \
	>"$scratch/bad.conf"

lda() {
	env -i HOME="$home" USER=alice PATH="$PATH" $as_user \
		"$scratch/loft-lda" -c "$scratch/loft.conf" "$@" \
		<"${input:-$scratch/msg}" 2>"$scratch/stderr"
	status=$?
}

fresh() {
	rm -rf "$home"
	mkdir "$home"
	[ -z "$as_user" ] || chown 65534:65534 "$home"
	: >"$scratch/log"
}

bad() {
	echo "FAIL: $*"
	sed 's/^/    /' "$scratch/stderr" "$scratch/log"
	failed=1
}

# exits STATUS ARGS: with that status, and mail is stored only with 0
exits() {
	local want=$1 count
	shift
	fresh
	lda "$@"
	[ $status = "$want" ] || bad "status $status, not $want: $*"
	count=$(find "$home" -path '*/new/*' -type f | wc -l)
	[ "$count" = $((status == 0)) ] || bad "$count messages: $*"
}

# logs LINE ARGS: delivers, and the log has the text
logs() {
	local want=$1
	shift
	exits 0 "$@"
	grep -qF -- "$want" "$scratch/log" || bad "no '$want' in the log: $*"
}

exits 0
exits 64 -x
exits 64 extra
exits 64 -m
exits 64 -f '<'
exits 64 -f '<a b@c>'
exits 64 -r '<>'
exits 64 -a '<'
exits 67 -d ''
exits 75 -d bob			# nobody answers on auth-userdb
exits 75 -p "$scratch/nonexistent"
exits 75 -m "$(printf '\377')"
exits 75 -c "$scratch/nonexistent"
exits 75 -c "$scratch/bad.conf"
[ "$(grep -c 'bad.conf line [23]: ' "$scratch/stderr")" = 2 ] ||
	bad "both configuration errors are told"
exits 75 -o "mail_location=sdbox:~/mail"
exits 75 -o mail_location=
exits 75 -o lda_mailbox_autocreate=maybe
exits 0 -e -k
exits 0 -o log_path=/nonexistent/log
exits 75 -p "$scratch"
exits 0 -p "$scratch/msg"
mkfifo "$scratch/fifo"
cat "$scratch/msg" >"$scratch/fifo" &
exits 0 -p "$scratch/fifo"	# whoever of the two comes first
cmp -s "$scratch/msg" "$(find "$home" -path '*/new/*' -type f)" || bad "what came through a FIFO"

logs '<1@t>||alice@mx.test.example|a@b.example|hi|60|65: saved mail to INBOX'
logs '|s@x.example|r+d@y|' -f s@x.example -a r+d@y
logs '|s@x.example|r@y|' -f '<s@x.example>' -a '<r@y>'
logs '||alice@' -f '<>'
logs '||alice@' -f 'a b c'
logs '|a@b.example|' -o lda_original_recipient_header=From
logs '|alice@mx.test.example|' -o lda_original_recipient_header=X-None
logs 'saved mail to INBOX' -m ''
logs "save failed to open mailbox Sub: Mailbox doesn't exist: Sub" -m Sub
logs 'saved mail to INBOX' -m Sub
logs 'open mailbox ../x: Invalid mailbox name: Begins with' -m ../x
logs 'saved mail to a.b' -m a.b -o lda_mailbox_autocreate=yes
logs 'Effective uid=' -o mail_debug=yes
logs "maildir++: root=$home/Maildir, index=" -o mail_debug=yes

# what goes in comes out
same() {
	local name=$1 want=$2 file
	exits 0
	file=$(find "$home" -path '*/new/*' -type f)
	cmp -s "$file" "$want" || bad "$name: other bytes"
}
input=$scratch/in
want=$scratch/want
printf 'From bob@x.example  Fri Nov 20 12:00:00 2026\nA: 1\n\nFrom x\n' >"$input"
printf 'A: 1\n\nFrom x\n' >"$want"
same 'mbox line' "$want"
logs '|bob@x.example|'
logs '|s@y|' -f s@y
printf 'A: 1\r\n\r\nx\r\ry\n\r\n' >"$input"
printf 'A: 1\n\nx\r\ry\n\n' >"$want"
same 'line ends' "$want"
: >"$input"
same empty "$input"
printf 'From ' >"$input"
same 'mbox line alone' /dev/null
printf 'no header, no end \000 \377' >"$input"
same 'odd bytes' "$input"
{ printf 'A: 1\n\n'; head -c 3000000 /dev/urandom | tr -d '\r'; } >"$input"
same large "$input"
unset input

# descriptors that the caller has closed
for closed in '0<&-' '1>&-' '2>&-' '1>&- 2>&-'; do
	fresh
	eval "env -i HOME=$home USER=alice $as_user $scratch/loft-lda -c $scratch/loft.conf <$scratch/msg $closed" \
		>"$scratch/stderr" 2>&1
	status=$?
	count=$(find "$home" -path '*/new/*' -type f -exec cmp -s {} "$scratch/msg" \; -print | wc -l)
	case $closed in
	0*) [ $status$count = 750 ] ;;
	*) [ $status$count = 01 ] ;;
	esac || bad "$closed: status $status, $count messages"
done

if [ -n "$as_user" ]; then
	as_user=
	exits 64	# root has no mail of its own
	grep -q 'destination user' "$scratch/stderr" || bad 'reason is told'
fi
exit $failed
