#!/bin/bash
# The same input into mboxes through dovecot-lda and loft-lda: equal exit
# codes, files, modes, log lines, and bytes, but for what doc/durability.md
# names: Dovecot writes X-UID, Status, X-Keywords and Content-Length, Loft
# quotes lines that begin with "From " and divides messages by an empty line
# where the last one lacks it. Then Dovecot reads what Loft wrote.
. "${srcdir:?}/tests/parity/lda-lib.sh"
failed=0 cases=0 home=$scratch/home

cat >"$scratch/lda.conf" <<END
base_dir = $scratch/run
ssl = no
hostname = mx.test.example
mail_location = mbox:~/mail
log_path = /dev/stderr
first_valid_uid = 1
END

# bytes without what only one of them writes
bytes() {
	sed -e '/^X-UID: /d; /^Status: *$/d; /^X-Keywords: *$/d' \
		-e '/^Content-Length: [0-9]*$/d; /^X-IMAPbase: /d' \
		-e 's/^>From /From /' \
		-e 's/^\(From .*  \)[A-Z][a-z][a-z] .*/\1DATE/' "$1"
}

state() {
	(cd "$1" && find . -mindepth 1 -name .imap -prune -o \
		-type f ! -name 'dovecot*' ! -path '*/Maildir/*' -printf '%m %P\n' | sort
	find . -name .imap -prune -o -type f ! -name '.subscriptions' \
		! -name 'dovecot*' ! -path '*/Maildir/*' -print | sort | while read -r file; do
		bytes "$file"
	done
	cat mail/.subscriptions 2>/dev/null)
}

# NAME PROGRAM ARGS
run() {
	local name=$1 program=$2
	shift 2
	rm -rf "$home" && mkdir "$home"
	[ -z "$as_user" ] || chown 65534:65534 "$home"
	[ -z "${prepare-}" ] ||
		HOME=$home $as_user sh -c "cd && umask 077 && $prepare"
	env -i HOME="$home" USER=alice PATH="$PATH" TZ=UTC $as_user \
		"$program" -c "$scratch/lda.conf" "$@" <"$input" \
		2>"$scratch/$name.err" >/dev/null
	echo "status $?" >"$scratch/$name"
	state "$home" >>"$scratch/$name"
	sed -n 's/.*Info: \(msgid=.*\)/\1/p' "$scratch/$name.err" |
		grep -v "save failed to INBOX\|isn't a valid mbox" \
		>>"$scratch/$name"
}

same() {
	run dovecot "$dovecot" "$@"
	run loft "$scratch/loft-lda" "$@"
	cases=$((cases + 1))
	if ! diff -a "$scratch/dovecot" "$scratch/loft" >"$scratch/diff"; then
		echo "FAIL: $(basename "$input") ${prepare-} $*"
		sed 's/^/    /' "$scratch/diff" | head -20
		sed 's/^/    loft: /' "$scratch/loft.err"
		failed=1
	fi
}

mkdir "$scratch/in"
cd "$scratch/in" || exit 99
printf 'From: A B <a@b.example>\nSubject: hi\nMessage-ID: <1@t>\n\nbody\n' >lf
printf 'From: a@b.example\r\nMessage-ID: <2@t>\r\n\r\nbody\r\nend' >crlf
printf 'A: 1\nX-UID: 7\n folded\nStatus: RO\nX-Status: A\nX-IMAPbase: 1 2\nX-Keywords: k\nContent-Length: 5\nB: 2\n\nStatus: R\n\nX-UID: 2\n' >fields
printf 'A: 1\n\nx\n\nFrom me to you\n\nFrom a@b  Sat Jan  3 04:05:06 1970\nC: d\n\nx\n' >from
printf 'A: 1\n\n\n\nempty lines\n\n\n\n' >lines
printf 'A: 1\n\nnul \000\000 and \377\n' >nul
{ cat lf; head -c 400000 /dev/urandom | base64; } >large

for input in "$scratch"/in/*; do
	same
	same -f 's@x.example'
done
input=$scratch/in/lf
same -f '<>'
same -f '"a.b"@c' -o mail_fsync=never
old='printf "From a@b  Sat Jan  3 04:05:06 1970\nA: b\n\nold\n'
prepare="mkdir mail; $old\n\" >mail/inbox"
same
prepare='mkdir mail; echo hello >mail/inbox'
same
prepare=
auto='-o lda_mailbox_autocreate=yes -o lda_mailbox_autosubscribe=yes'
for name in Sub a/b a.b .imap .x x.lock a/x.lock ../x a//b /a a/ ~a cur Entwürfe \
	'A&B' inbox "a b"; do
	same -m "$name"
	same -m "$name" $auto
done
prepare='mkdir -p mail/dir; touch mail/file'
same -m dir $auto
same -m dir
same -m file/x $auto
prepare=
for location in 'mbox:~/a/b' 'mbox:~/mail:INBOX=~/in' 'mbox:' \
	'mbox:~/mail:CONTROL=~/ctl' 'mbox:~/mail:DIRNAME=mb' \
	'mbox:~/mail:MAILBOXDIR=boxes' 'mbox:~/mail:UTF-8' \
	'mbox:~/mail:SUBSCRIPTIONS=subs' 'mbox:~/mail:INDEX=MEMORY'; do
	same -o "mail_location=$location"
	same -o "mail_location=$location" $auto -m Ä/b
done
for prepare in 'mkdir mail; touch mail/inbox' 'mkdir Mail; touch Mail/mbox' \
	'mkdir -p mail/.imap' 'mkdir mail' \
	'mkdir mail; touch mail/inbox; mkdir -p Maildir/cur Maildir/new Maildir/tmp'; do
	same -o mail_location=
done
prepare='touch mail'
same

# Dovecot as a reader: messages, sizes, and mail that comes while it reads
prepare=
echo "reader"
rm -rf "$home" && mkdir "$home" && chmod 777 "$home"
[ -z "$as_user" ] || chown 65534:65534 "$home"
loft() {
	env -i HOME="$home" USER=alice $as_user "$scratch/loft-lda" \
		-c "$scratch/lda.conf" -f s@x <"$1" 2>/dev/null
}
fetch() {
	env -i HOME="$home" USER=alice PATH="$PATH" $as_user doveadm \
		-c "$scratch/lda.conf" -f tab fetch \
		"$@" ALL 2>"$scratch/fetch.err"
}
if command -v doveadm >/dev/null; then
	for input in lf crlf fields from lines nul lf; do
		loft "$scratch/in/$input" || failed=1
		fetch uid >/dev/null &
		fetch_pid=$!
		loft "$scratch/in/$input" || failed=1
		wait $fetch_pid
	done
	fetch "uid size.physical size.virtual" >"$scratch/sizes"
	if [ "$(wc -l <"$scratch/sizes")" != 15 ]; then
		echo "FAIL: doveadm sees"
		cat "$scratch/sizes" "$scratch/fetch.err"
		failed=1
	fi
fi
echo "$cases cases"
exit $failed
