#!/bin/bash
# What loft-lda refuses for good: the mail to the sender, its envelope and
# program, -e, who is never told, and what happens when nobody can be told.
set -u
: "${builddir:?}"
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
cp "$builddir/lda/loft-lda" "$scratch" || exit 99
home=$scratch/home spy=$scratch/spy
: >"$scratch/failed"

as_user=
if [ "$(id -u)" = 0 ]; then
	command -v setpriv >/dev/null || exit 77
	as_user='setpriv --reuid 65534 --regid 65534 --clear-groups'
fi

cat >"$scratch/sendmail" <<END
#!/bin/sh
n=\$(ls $spy | grep -c args)
cat >$spy/mail.\$n
echo "\$@" >$spy/args.\$n
[ ! -e $scratch/broken ] || { echo queue is full; exit 75; }
END
chmod 755 "$scratch/sendmail"
cat >"$scratch/loft.conf" <<END
log_path = $scratch/log
hostname = mx.test.example
mail_location = maildir:~/Maildir
sendmail_path = $scratch/sendmail
END
: >"$scratch/log" && chmod 666 "$scratch/log"

# message FIELD...: one that goes round in circles
message() {
	printf 'Delivered-To: alice@mx.test.example\n%.0s' 1 2 3 4 5 6 7 8 9 10 11
	printf '%s\n' "$@" 'Subject: =?utf-8?q?h=C3=A4?= hi' 'Content-Type: text/html' '' 'a secret'
}

bad() {
	echo "FAIL: $*"
	tail -n 50 "$scratch/stderr" "$scratch/log" "$spy"/*
	echo 1 >"$scratch/failed"
}

# lda STATUS MAILS ARGS <MESSAGE
lda() {
	local want=$1 mails=$2
	shift 2
	: >"$scratch/log"
	rm -rf "$spy" && mkdir -m 777 "$spy"
	[ -n "${again-}" ] || rm -rf "$home"
	mkdir -p "$home"
	[ -z "$as_user" ] || chown 65534:65534 "$home"
	env -i HOME="$home" USER=alice PATH="$PATH" $as_user \
		"$scratch/loft-lda" -c "$scratch/loft.conf" "$@" 2>"$scratch/stderr"
	status=$?
	[ $status = "$want" ] || bad "status $status, not $want: $*"
	[ "$(find "$spy" -name 'args.*' | wc -l)" = "$mails" ] || bad "not $mails mails: $*"
	[ -z "$(find "$home" -path '*/new/*' -type f)" ] || bad "it was stored: $*"
}

has() {
	grep -qxF -- "$1" "$spy/mail.0" || bad "no line '$1'"
}

logs() {
	grep -qF -- "$1" "$scratch/log" || bad "no '$1' in the log"
}

message 'Message-ID: <1@t>' | lda 0 1 -f s@x.example -a orig@t -r alice@mx.test.example
[ "$(cat "$spy/args.0")" = '-i -f <> -- s@x.example' ] || bad "arguments"
for line in 'From: Postmaster <postmaster@mx.test.example>' 'To: <s@x.example>' \
	'Subject: Rejected: =?utf-8?q?h=C3=A4?= hi' 'Auto-Submitted: auto-replied (rejected)' \
	'In-Reply-To: <1@t>' 'Your message to <alice@mx.test.example> was automatically rejected:' \
	'Mail loop: more than 10 Delivered-To fields with this recipient' \
	'Final-Recipient: rfc822; alice@mx.test.example' 'Action: failed' 'Status: 5.4.6' \
	'Content-Type: message/delivery-status' 'Content-Type: message/rfc822' 'Message-ID: <1@t>'; do
	has "$line"
done
! grep -qE 'secret|text/html' "$spy/mail.0" || bad "too much"
logs 'Info: msgid=<1@t>: Mail loop: more than 10 Delivered-To'
logs 'Info: msgid=<1@t>: rejected: Mail loop'
logs 'Info: msgid=<1@t>: sent rejection message to <s@x.example>'

# once, and another sender on his own account
again=1
message 'Message-ID: <1@t>' | lda 0 0 -f s@x.example
logs 'rejection message was sent to <s@x.example> before'
message 'Message-ID: <1@t>' | lda 0 1 -f t@x.example
message | lda 0 1 -f s@x.example
again=

# a caller who tells the sender himself
message | lda 77 0 -e -f s@x.example
[ "$(cat "$scratch/stderr")" = 'Mail loop: more than 10 Delivered-To fields with this recipient' ] ||
	bad "reason on standard error"
message | lda 77 0 -e

# who is asked: -f, the mbox line, Return-Path; never the null sender
{ echo 'From box@x.example Fri Nov 20 12:00:00 2026'; message 'Return-Path: <p@x.example>'; } | lda 0 1
has 'To: <box@x.example>'
message 'Return-Path: <p@x.example>' | lda 0 1
has 'To: <p@x.example>'
for sender in '<>' '' 'a b c' MAILER-DAEMON mailer-daemon@x owner-list@x list-request@x; do
	message 'Return-Path: <p@x.example>' | lda 0 0 -f "$sender"
done
message | lda 0 0
logs 'Return-Path missing, rejection reason: Mail loop'
for field in 'Auto-Submitted: auto-replied' 'auto-submitted: AUTO-generated (x)' 'Precedence: bulk' \
	'Precedence: list' 'Precedence: junk' 'List-Id: <l.x>' 'List-Post: x'; do
	message "$field" | lda 0 0 -f s@x.example
	logs "message discarded: Mail loop"
done
for field in 'Auto-Submitted: no' 'Precedence: normal' 'X-List: y'; do
	message "$field" | lda 0 1 -f s@x.example
done

# words of the operator's
message | lda 0 1 -f s@x.example -o 'rejection_subject=%t: %s%n!' -o 'rejection_reason=%r%n--%n%s' \
	-o 'postmaster_address=The Post <pm@x.example>'
has 'Subject: alice@mx.test.example: =?utf-8?q?h=C3=A4?= hi !'
has '=?utf-8?q?h=C3=A4?= hi'
has 'From: "The Post" <pm@x.example>'

# nobody can be told: the MTA keeps the message
: >"$scratch/broken"
message 'Message-ID: <1@t>' | lda 75 1 -f s@x.example
logs 'Error: msgid=<1@t>: Temporarily failed to send rejection: '
# even when whoever called us ignores the ends of programs
trap '' CHLD
message 'Message-ID: <1@t>' | lda 75 1 -f s@x.example
trap - CHLD
logs 'Error: msgid=<1@t>: Temporarily failed to send rejection: '
rm "$scratch/broken"
again=1
message 'Message-ID: <1@t>' | lda 0 1 -f s@x.example
again=
message | lda 75 0 -f s@x.example -o sendmail_path=/nonexistent
printf '#!/nonexistent\n' >"$scratch/no-shell"
printf '#!/bin/sh\nyes too much | head -c 1000000\nexit 75\n' >"$scratch/talker"
chmod 755 "$scratch/no-shell" "$scratch/talker"
message | lda 75 0 -f s@x.example -o "sendmail_path=$scratch/no-shell"
logs "no-shell failed with status 127: execve() failed: No such file or directory"
message | lda 75 0 -f s@x.example -o "sendmail_path=$scratch/talker"
logs "talker failed with status 75: too much"
message | lda 75 0 -f s@x.example -o submission_host=127.0.0.1:1
message | lda 75 0 -f s@x.example -o postmaster_address=nobody
logs "Invalid postmaster_address - can't send rejection: "

# the other sign of a loop
message() {
	printf 'Received: x\n%.0s' $(seq 101)
	printf '\nx\n'
}
message | lda 77 0 -e

# a full mailbox
message() {
	printf 'Subject: s\nMessage-ID: <2@t>\n\n'
	seq 1000
}
full=(-f s@x.example -o mail_plugins=quota -o 'plugin/quota=maildir:User quota' -o 'plugin/quota_rule=*:storage=1k'
	-o plugin/quota_grace=0)
message | lda 0 1 "${full[@]}"
has 'Status: 5.2.2'
has 'Quota exceeded (mailbox for user is full)'
message | lda 77 0 -e "${full[@]}"
[ "$(cat "$scratch/stderr")" = 'Quota exceeded (mailbox for user is full)' ] || bad "reason on standard error"
message | lda 75 0 "${full[@]}" -o quota_full_tempfail=yes
message | lda 75 0 -e "${full[@]}" -o quota_full_tempfail=yes
[ "$(cat "$scratch/stderr")" = 'Quota exceeded (mailbox for user is full)' ] || bad "reason on standard error"
[ ! -s "$scratch/failed" ]
