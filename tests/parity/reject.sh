#!/bin/bash
# A full mailbox, with dovecot-lda and loft-lda: equal exit codes, log lines, arguments of sendmail, and the same mail to
# the sender. What differs on purpose (doc/lda.md) is taken out before: In-Reply-To and References, the empty line in the
# delivery status, the boundary. Skipped where Dovecot isn't installed.
. "${srcdir:?}/tests/parity/lda-lib.sh"
failed=0 cases=0

cat >"$scratch/sendmail" <<END
#!/bin/sh
echo "\$@" >$scratch/spy/args
cat >$scratch/spy/mail
END
for status in 1 67 75 77; do
	printf '#!/bin/sh\nexit %s\n' $status >"$scratch/fail$status"
done
chmod 755 "$scratch"/sendmail "$scratch"/fail*
cat >"$scratch/lda.conf" <<END
base_dir = $scratch/run
ssl = no
hostname = mx.test.example
mail_location = maildir:~/Maildir
log_path = /dev/stderr
first_valid_uid = 1
sendmail_path = $scratch/sendmail
mail_plugins = quota
plugin {
  quota = maildir:User quota
  quota_rule = *:storage=1k
  quota_grace = 0
}
END

# The mail without what is different each time, or on purpose.
normal() {
	tr -d '\r' | awk '
		/boundary="/ { b = $0; sub(/.*boundary="/, "", b); sub(/".*/, "", b); $0 = "\tboundary=B" }
		b != "" && index($0, "--" b) == 1 { $0 = "--B" substr($0, length(b) + 3) }
		!body && /^[^ \t]/ { skip = /^(Message-ID|Date|In-Reply-To|References):/ }
		!body && /^$/ { body = 1; skip = 0 }
		!skip && !/^$/ { print }'
}

# NAME PROGRAM ARGS
run() {
	local name=$1 program=$2 home=$scratch/home
	shift 2
	rm -rf "$home" "$scratch/spy"
	mkdir "$home"
	mkdir -m 777 "$scratch/spy"
	[ -z "$as_user" ] || chown 65534:65534 "$home"
	env -i HOME="$home" USER=alice PATH="$PATH" TZ=UTC $as_user \
		"$program" -c "$scratch/lda.conf" "$@" <"$input" 2>"$scratch/$name.err" >/dev/null
	{
		echo "status $?"
		cat "$scratch/spy/args" 2>/dev/null
		[ ! -e "$scratch/spy/mail" ] || normal <"$scratch/spy/mail"
		# Dovecot leaves the Message-ID out of some lines, and says nothing of success.
		sed -n 's/.*: Info: msgid=[^:]*: //p' "$scratch/$name.err" | grep -v '^sent rejection message'
		grep -o 'Error: msgid=<1@t>: Temporarily failed to send rejection' "$scratch/$name.err"
		grep -o "Error: msgid=<1@t>: Invalid postmaster_address - can't send rejection: .*" "$scratch/$name.err"
		grep -o 'Error: .*Failed to expand rejection_reason=x%ux: ' "$scratch/$name.err" | grep -c .
		grep -x 'Quota exceeded.*' "$scratch/$name.err"
		find "$home" -path '*/new/*' -type f | wc -l
	} >"$scratch/$name"
}

same() {
	run dovecot "$dovecot" "$@"
	run loft "$scratch/loft-lda" "$@"
	cases=$((cases + 1))
	if ! diff "$scratch/dovecot" "$scratch/loft" >"$scratch/diff"; then
		echo "FAIL: $(head -n 3 "$input" | tr '\n' ' ') $*"
		sed 's/^/    /' "$scratch/diff"
		sed 's/^/    loft: /' "$scratch/loft.err"
		failed=1
	fi
}

# message FIELD...: more than fits
message() {
	printf '%s\n' "$@" 'Message-ID: <1@t>' ''
	head -c 3000 /dev/zero | tr '\0' x | fold -w 70
	echo
}
input=$scratch/in
message 'Return-Path: <x@y.example>' 'Received: from a by b; Fri, 20 Nov 2026 12:52:55 +0000' \
	'From: A B <a@b.example>' 'Subject: =?utf-8?q?h=C3=A4llo?= there' 'References: <0@t>' 'MIME-Version: 1.0' \
	'Content-Type: text/plain;' '	charset=utf-8' 'Content-Transfer-Encoding: 8bit' 'X-Long: a' ' b' '	c' >"$input"
same
same -f s@x.example
same -f s@x.example -a orig@test.example
same -f s@x.example -r final@test.example
same -f s@x.example -a orig@test.example -r final@test.example
same -f 'a b c' -e
same -f '"a b"@x.example'
same -e
same -e -f s@x.example
same -e -k -f s@x.example -o quota_full_tempfail=yes
same -f s@x.example -o quota_full_tempfail=yes
for status in 1 67 75 77; do
	same -f s@x.example -o "sendmail_path=$scratch/fail$status"
done
same -f s@x.example -o sendmail_path=/nonexistent
same -f s@x.example -o "sendmail_path=$scratch/sendmail -a -b"
same -f s@x.example -o submission_host=127.0.0.1:1
for text in '%s|%t|%r|%%' 'No' '%{subject}%{to}%{reason}'; do
	same -f s@x.example -o "rejection_subject=$text"
done
for text in 'A%nS=%s%nT=%t%nR=%r' '%r%n' '%{subject}%{to}%{reason}%{crlf}.' 'x%ux'; do
	same -f s@x.example -o "rejection_reason=$text"
done
for address in 'Me You <pm@x>' '<pm@x>' pm@x '"Me, You" <pm@x>' pm '' 'a b c'; do
	same -f s@x.example -o "postmaster_address=$address"
done
same -f s@x.example -o plugin/quota_exceeded_message='No room: %u'

for field in 'Auto-Submitted: auto-replied' 'Auto-Submitted: no' 'auto-submitted: AUTO-GENERATED' 'Auto-Submitted: none' \
	'Auto-Submitted:' 'X-Loop: x' 'Subject: a b' 'Content-Disposition: inline' 'Content-type: a' 'X: a: b'; do
	message "$field" >"$input"
	same -f s@x.example
	same
done
{ echo 'From box@x.example Fri Nov 20 12:00:00 2026'; message 'A: 1'; } >"$input"
same
same -f s@x.example
for path in '' ' ' 'x@y' '<x@y>' '<>' 'x' 'a b@c'; do
	message "Return-Path: $path" >"$input"
	same
done
message 'Return-Path: <first@x>' 'Return-Path: <second@x>' >"$input"
same
{ printf 'no header\n'; message; } >"$input"
same -f s@x.example
{ echo; message; } >"$input"
same -f s@x.example -e
message "Subject: $(printf 'long %.0s' {1..40})" >"$input"
same -f s@x.example
message A: | sed 's/$/\r/' >"$input"
same -f s@x.example

echo "$cases cases"
exit $failed
