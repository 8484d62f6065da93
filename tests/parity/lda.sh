#!/bin/bash
# The same input through dovecot-lda and loft-lda: equal exit codes, folders,
# names' sizes, modes, bytes and log lines. Skipped where Dovecot isn't
# installed.
. "${srcdir:?}/tests/parity/lda-lib.sh"
failed=0 cases=0

cat >"$scratch/lda.conf" <<END
base_dir = $scratch/run
ssl = no
hostname = mx.test.example
postmaster_address = postmaster@test.example
mail_location = maildir:~/Maildir
log_path = /dev/stderr
first_valid_uid = 1
END

# what a run left: folders with modes, files with sizes in their names, bytes
state() {
	(cd "$1" && find . -mindepth 1 \
		! -name 'dovecot*' ! -name maildirfolder -printf '%m %y %P\n' |
		sed 's/[0-9]*\.M[0-9]*P[0-9]*\.[^,]*/NAME/' | sort
	find . -path '*/new/*' -type f -exec md5sum {} + | cut -c1-32 | sort
	cat Maildir/subscriptions 2>/dev/null)
}

# NAME PROGRAM ARGS
run() {
	local name=$1 program=$2 home=$scratch/home
	shift 2
	rm -rf "$home" && mkdir "$home"
	[ -z "$as_user" ] || chown 65534:65534 "$home"
	if [ -n "${prepare-}" ]; then
		HOME=$home $as_user sh -c "cd && umask 077 && $prepare"
	fi
	env -i HOME="$home" USER=alice PATH="$PATH" TZ=UTC $as_user \
		"$program" -c "$scratch/lda.conf" "$@" <"$input" \
		2>"$scratch/$name.err" >/dev/null
	echo "status $?" >"$scratch/$name"
	state "$home" >>"$scratch/$name"
	# What became of it. Loft tells causes of trouble in this line,
	# Dovecot in others.
	# The null sender shows as MAILER-DAEMON there.
	sed -n 's/.*Info: \(msgid=.*\)/\1/p' "$scratch/$name.err" |
		sed 's/|MAILER-DAEMON|/||/' |
		grep -v 'save failed to INBOX' >>"$scratch/$name"
}

same() {
	run dovecot "$dovecot" "$@"
	run loft "$scratch/loft-lda" "$@"
	cases=$((cases + 1))
	if ! diff "$scratch/dovecot" "$scratch/loft" >"$scratch/diff"; then
		echo "FAIL: $(basename "$input") ${prepare-} $*"
		sed 's/^/    /' "$scratch/diff"
		sed 's/^/    loft: /' "$scratch/loft.err"
		failed=1
	fi
}

mkdir "$scratch/in"
cd "$scratch/in" || exit 99
printf 'From: A B <a@b.example>\nSubject: hi\nMessage-ID: <1@t>\n\nbody\n' >lf
printf 'From: a@b.example\r\nMessage-ID: <2@t>\r\n\r\nbody\r\nend' >crlf
printf 'A: 1\n\nbare \r cr\r\r\nmixed\r\n\n\r\r\n' >mixed
printf 'A: 1\n\nnul \000\000 and \377\n' >nul
printf 'no header at all' >nohead
printf '\n\n\n' >blank
: >empty
printf 'From bob@x.example  Fri Nov 20 12:00:00 2026\nMessage-ID: <3@t>\n\nx\n' \
	>mbox
printf 'From bob@x.example Fri Nov 20 12:00:00 2026\r\nMessage-ID: <3@t>\r\n\r\nx' \
	>mboxcrlf
printf 'Subject: not first\nFrom x\n\nFrom y\n' >frominside
printf 'Message-ID: no brackets\n\n' >id1
printf 'Message-ID: <no-at>\n\n' >id2
printf 'Message-Id:\n\t<folded@t>\n\n' >id3
printf 'Message-ID: text <a@b> <c@d>\n\n' >id4
printf 'message-id: <"qp"@b\n\n' >id5
printf 'Message-ID: <>\n\n' >id6
printf 'Message-ID: <1@t>\nMessage-ID: <2@t>\n\n' >id7
{ cat lf; head -c 400000 /dev/urandom | base64; } >large
{ printf 'X: '; head -c 200000 /dev/zero | tr '\0' y; printf '\n\nb\n'; } >longline

for input in "$scratch"/in/*; do
	same
	[ "$input" = "$scratch/in/mixed" ] || same -o mail_save_crlf=yes
done

input=$scratch/in/lf
auto='-o lda_mailbox_autocreate=yes'
for name in Sub a.b a/b . .. .a a. a..b ~x /x "a b" Entwürfe 'A&B' inbox Inbox \
	INBOX.x ' x' 'x ' cur 'a%b' 'a*b' 'a\b' '&AOQ-' '../x' 台北 📬 \
	"$(printf 'x%.0s' {1..200})"; do
	same -m "$name"
	same -m "$name" $auto
	same -m "$name" $auto -o lda_mailbox_autosubscribe=yes
done
# Dovecot says "Not found" of 255 characters, which Loft finds too long.
for name in $'a\tb' $'\001' "$(printf 'x%.0s' {1..300})"; do
	same -m "$name" $auto
done
for name in a/b a/../b ../x . .. a. .a a.b ~x /x a/./b a// a//b cur new/x a/cur \
	INBOX/x Inbox Entwürfe; do
	same -m "$name" $auto -o 'mail_location=maildir:~/Maildir:LAYOUT=fs'
	same -m "$name" $auto -o lda_mailbox_autosubscribe=yes \
		-o 'mail_location=maildir:~/Maildir:LAYOUT=fs'
done

for location in 'maildir:~/a/b/c' 'maildir:Relative' 'maildir:~/a::b' \
	'maildir:' 'xx:~/x' \
	'maildir:~/Maildir:INDEX=MEMORY' 'maildir:~/Maildir:UTF-8' \
	'maildir:~/Maildir:FOO=x' 'maildir:~/Maildir:LAYOUT=zz' \
	'~/nowhere' 'maildir:~/Maildir:SUBSCRIPTIONS=subs'; do
	same -o "mail_location=$location"
	same -o "mail_location=$location" $auto -m Ä \
		-o lda_mailbox_autosubscribe=yes
done
prepare='mkdir -p Maildir/cur Maildir/new Maildir/tmp'
same -o mail_location=
same -o mail_location=~/Maildir
prepare='mkdir -p Maildir/cur Maildir/new Maildir/tmp; chmod 770 Maildir'
same
same -m Sub $auto
prepare='mkdir -p Maildir/cur Maildir/new Maildir/tmp; chmod 2750 Maildir'
same
same -m Sub.Deep $auto
prepare='mkdir -p Maildir/cur Maildir/new; chmod 755 Maildir'
same
prepare=

# The null sender shows as MAILER-DAEMON in Dovecot, where no -f says <>.
for format in '%m|%s|%f|%e|%p|%w|%{to_envelope}: %$' '%$ %{from} %{subject}' \
	'%{msgid} %{size} %{vsize} %%' '%{from_envelope}%Ls'; do
	same -o "deliver_log_format=msgid=$format" -f '<>'
	same -o "deliver_log_format=msgid=$format" -f s@x -a '<r+d@y>' -r f@z
done

same -x
same extra
same -f '<'
same -f 'a b c'
same -f '<>'
same -f 'a@b'
same -f ''
same -f '<a@b> x'
same -f '"a b"@c'
same -r '<>'
same -r ''
same -a ''
same -a '<'
same -a x
for sender in '<a b@c>' '<a@b' '<a@b>x' 'a@b>' '<@>' '@' 'a@' '<a@>' 'a@b c' \
	' a@b' '<>x' '<> x' '<a@b> x' '<a@b>'; do
	same -f "$sender" -o 'deliver_log_format=msgid=%e %$'
	same -a "$sender" -o 'deliver_log_format=msgid=%{to_envelope} %$'
done
same -m "$(printf 'y%.0s' {1..100})" $auto
same -d bob
same -p "$scratch/in/mbox"
same -p "$scratch/nonexistent"
same -m "$(printf '\377')"
same -m ''
same -e -k
same -c "$scratch/nonexistent"
same -o lda_mailbox_autocreate=maybe
same -o lda_original_recipient_header=From

# Options: given twice, without a value, unknown; files that can't be read.
mkdir "$scratch/dir"
: >"$scratch/closed"
chmod 000 "$scratch/closed"
input=$scratch/in/lf
fmt=(-o 'deliver_log_format=msgid=%m|%e|%{to_envelope}|%s|%p: %$')
prepare='mkdir -p Maildir/cur Maildir/new Maildir/tmp'
same -p "$scratch/dir"
prepare=
for file in "$scratch/closed" /dev/null "$scratch/in/empty" "$scratch/in/crlf" \
	"$scratch/in/mboxcrlf" '' nosuch/relative; do
	same -p "$file" "${fmt[@]}"
done
same -p "$scratch/in/lf" -p "$scratch/in/crlf"
for option in plugin/x=y plugin/quota=maildir nosuch=1 nosuch =x '' \
	protocol/lda/mail_debug=yes mail_debug= mail_debug=perhaps \
	lda_mailbox_autocreate hostname= service/lmtp/x=y \
	namespace/inbox/prefix=X/; do
	same -o "$option"
done
for option in -z -d -f -a -r -m -o -p -c -h '-?' -s -n --help -- -ek; do
	same "$option"
done
same -- x
same -e -e -k -k
same -m Sub -m INBOX
same -m INBOX -m Sub
same -f a@b -f c@d "${fmt[@]}"
same -d '' -d bob
same -a x@y -a z@w "${fmt[@]}"
same -r x@y "${fmt[@]}"
same -a x@y -r z@w "${fmt[@]}"
for header in To From Message-ID; do
	same -o lda_original_recipient_header=$header "${fmt[@]}"
	same -o lda_original_recipient_header=$header -a x@y "${fmt[@]}"
	same -o lda_original_recipient_header=$header -r z@w "${fmt[@]}"
done
input=$scratch/in/orig
printf '%s\n' 'X-Orig: <a@b>, c@d' 'X-Bad: nobody' X-Empty: 'X-Two: x@y' \
	'X-Two: z@w' 'X-Quote: "a b"@c' 'X-Utf: =?utf-8?q?x?= <u@v>' \
	'X-Local: <bob>' '' x >"$input"
for header in X-Orig X-Bad X-Empty X-Two x-two X-Quote X-Utf X-Local X-None; do
	same -o lda_original_recipient_header=$header "${fmt[@]}"
done

# From_ lines, and messages of one part only. (A CR at the very end of a
# message is lost in Dovecot.)
date='Fri Nov 20 12:00:00 2026'
n=0
for line in "From root $date" 'From a@b' 'From a@b garbage' \
	'From a@b  2026-11-20' 'From a@b Fri Nov 20 12:00 2026' \
	'From a@b Fri Nov 20 12:00:00 UTC 2026' "From a@b $date +0000" \
	'From a@b  Fri, 20 Nov 2026 12:00:00' "From <a@b> $date" \
	"From \"a b\"@c $date" "From a@b@c $date" "From a b@c $date" \
	"From  $date" "From - $date" "From <> $date" "From MAILER-DAEMON $date" \
	'From a@b Sat Nov 20 1:00:00 2026' 'From a@b Fri Nov  2 12:00:00 2026' \
	'From a@b fri nov 20 12:00:00 2026' "from a@b $date" ">From a@b $date" \
	"From bob at x.example  $date" "From a@b $date"$'\nFrom c@d '"$date" \
	$'\n'"From a@b $date"; do
	input=$scratch/in/from$n
	n=$((n + 1))
	printf '%s\nMessage-ID: <3@t>\n\nx\n' "$line" >"$input"
	same "${fmt[@]}"
	same -f s@x "${fmt[@]}"
done
printf 'From: a@b\n' >"$scratch/in/part1"
printf 'From: a@b' >"$scratch/in/part2"
printf 'Message-ID: <1@t>\r\n\r\n' >"$scratch/in/part3"
printf '\r\nbody' >"$scratch/in/part4"
printf '\0\0\0' >"$scratch/in/part5"
printf '\r\n' >"$scratch/in/part6"
printf 'A: 1\r\n\r\n.\r\n..\r\nx' >"$scratch/in/part7"
head -c 300000 /dev/zero | tr '\0' a | fold -w 900 >"$scratch/in/part8"
{ printf 'A: 1\r\n\r\n'; seq 30000 | sed 's/$/\r/'; } >"$scratch/in/part9"
for input in "$scratch"/in/part?; do
	same "${fmt[@]}"
	same -o mail_save_crlf=yes "${fmt[@]}"
done
input=$scratch/in/lf

cat >>"$scratch/lda.conf" <<END
namespace inbox {
  inbox = yes
  prefix = INBOX/
  separator = /
  mailbox Auto {
    auto = subscribe
  }
  mailbox "a/b c" {
    auto = create
  }
  mailbox No {
    auto = no
  }
}
END
for name in INBOX INBOX/Auto "INBOX/a/b c" INBOX/No Auto INBOX/ INBOX/a.b \
	INBOX/x/y inbox/Auto INBOX/INBOX INBOX/../x INBOX/~x INBOX/a//b \
	INBOX/a/ INBOX; do
	same -m "$name"
	[ "$name" = Auto ] || same -m "$name" $auto \
		-o lda_mailbox_autosubscribe=yes
done
echo "$cases cases"
exit $failed
