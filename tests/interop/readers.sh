#!/bin/bash
# What others read of the mail that Loft stored: Dovecot, mutt and python's
# mailbox, of Maildir and mbox. Messages, their bytes, their sizes, folders;
# and Dovecot changing an mbox while mail comes.
set -u
: "${builddir:?}"
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
cp "$builddir/lda/loft-lda" "$scratch" || exit 99
home=$scratch/home failed=0 readers=

as_user=
if [ "$(id -u)" = 0 ]; then
	command -v setpriv >/dev/null || exit 77
	as_user='setpriv --reuid 65534 --regid 65534 --clear-groups'
fi

fail() {
	echo "FAIL: $*"
	failed=1
}

user() {
	env -i HOME="$home" USER=alice PATH=/usr/bin:/bin:/usr/sbin TERM=vt100 LC_ALL=C.UTF-8 \
		$as_user "$@"
}

# fresh LOCATION [LINES]: an empty home, and the configuration for both
fresh() {
	rm -rf "$home" && mkdir "$home"
	[ -z "$as_user" ] || chown 65534:65534 "$home"
	cat >"$scratch/conf" <<-END
		base_dir = $scratch/run
		ssl = no
		log_path = /dev/stderr
		first_valid_uid = 1
		mail_location = $1
		${2-}
	END
}

# loft FILE [ARG…]
loft() {
	local message=$1
	shift
	user "$scratch/loft-lda" -c "$scratch/conf" -f s@x.example \
		-o lda_mailbox_autocreate=yes "$@" <"$message" \
		2>>"$scratch/loft.err" || fail "loft-lda: $(tail -1 "$scratch/loft.err")"
}

dovecot() {
	user doveadm -c "$scratch/conf" -f tab "$@" 2>>"$scratch/dovecot.err"
}

mkdir "$scratch/in"
number=0
message() {
	number=$((number + 1))
	{ printf 'From: a@b.example\nMessage-ID: <%s@t>\nSubject: s\n\n' \
		$number; cat; } >"$scratch/in/$number"
}
message <<<"plain"
printf 'no end of line' | message
printf 'From me\n\nFrom a@b  Sat Jan  3 04:05:06 1970\nx\n\n\n' | message
printf '8-bit \303\244 and a tab\t.\n>From x\n' | message
head -c 300000 /dev/urandom | base64 | message
printf '' | message

# The bodies as a reader should give them back: an mbox quotes.
want() {
	local file
	for file in $(seq $number); do
		if [ "$1" = mbox ]; then
			sed '1,/^$/d; s/^From />From /' "$scratch/in/$file"
		else
			sed '1,/^$/d' "$scratch/in/$file"
		fi
		echo
	done | sed '/^$/d' | md5sum
}

read_python() { # FORMAT PATH
	user python3 - "$1" "$2" >"$scratch/bodies" <<-'END' || fail "python: $1"
		import mailbox, sys
		kind = mailbox.mbox if sys.argv[1] == "mbox" else mailbox.Maildir
		box = kind(sys.argv[2], create=False)
		found = sorted(box, key=lambda m: int(m["Message-ID"][1:-3]))
		for m in found:
		    body = m.get_payload().encode("ascii", "surrogateescape")
		    sys.stdout.buffer.write(body + b"\n")
	END
	[ "$(sed '/^$/d' "$scratch/bodies" | md5sum)" = "$(want "$1")" ] ||
		fail "python reads other bodies from $1"
}

# mutt wants a terminal, which script(1) gives it.
read_mutt() { # FORMAT PATH
	local out=$home/mutt.out
	rm -f "$out"
	cat >"$scratch/muttrc" <<-END
		set pipe_split=yes pipe_decode=no wait_key=no quit=yes
		set sort=mailbox-order read_inc=0 header_cache="" charset=utf-8
		push "<tag-pattern>~A<enter><tag-prefix><pipe-message>sed '1,/^\$/d' >>$out; echo >>$out<enter><exit>"
	END
	user timeout 30 script -qec "mutt -n -R -F $scratch/muttrc -f $2" \
		/dev/null </dev/null >/dev/null 2>&1
	[ -f "$out" ] || { fail "mutt reads nothing from $1"; return; }
	[ "$(grep -c . "$out")" -gt 0 ] &&
		[ "$(sort "$out" | sed '/^$/d' | md5sum)" = \
		"$(sort "$scratch/bodies" | sed '/^$/d' | md5sum)" ] ||
		fail "mutt reads other bodies from $1"
}

read_dovecot() { # FORMAT PATH
	local file
	dovecot fetch "hdr.message-id size.physical size.virtual" \
		mailbox INBOX ALL | sed 1d >"$scratch/sizes"
	[ "$(wc -l <"$scratch/sizes")" = $number ] ||
		fail "Dovecot sees $(wc -l <"$scratch/sizes") messages in $1"
	[ "$1" = maildir ] || return
	for file in "$2"/new/* "$2"/cur/*; do
		[ -f "$file" ] || continue
		printf '%s\t%s\t%s\n' "$(sed -n 's/^Message-ID: //p' "$file")" \
			"$(expr "$file" : '.*,S=\([0-9]*\)')" \
			"$(expr "$file" : '.*,W=\([0-9]*\)')"
	done | sort >"$scratch/names"
	diff <(sort "$scratch/sizes") "$scratch/names" ||
		fail "Dovecot's sizes are not those of the names"
}

each_reader() { # FORMAT PATH
	if user python3 -c "" 2>/dev/null; then
		readers="$readers python"
		read_python "$@"
		if command -v mutt >/dev/null && command -v script >/dev/null; then
			readers="$readers mutt"
			read_mutt "$@"
		fi
	fi
	if command -v doveadm >/dev/null; then
		readers="$readers dovecot"
		read_dovecot "$@"
	fi
}

for format in maildir mbox; do
	path=$home/Maildir
	fresh maildir:~/Maildir
	[ $format = maildir ] || { fresh mbox:~/mail; path=$home/mail/inbox; }
	for file in $(seq $number); do
		loft "$scratch/in/$file"
	done
	each_reader $format "$path"
done
[ -n "$readers" ] || { echo "no reader is installed"; exit 77; }
echo "readers:$readers"

if command -v doveadm >/dev/null; then
	echo "folders"
	for location in maildir:~/Maildir maildir:~/Maildir:LAYOUT=fs \
		maildir:~/Maildir:UTF-8 mbox:~/mail; do
		fresh "$location" 'namespace inbox {
			inbox = yes
			separator = /
		}'
		for name in Sub Sub2/Deep Entwürfe "A & B" 台北; do
			loft "$scratch/in/1" -m "$name" \
				-o lda_mailbox_autosubscribe=yes
		done
		[ "$(dovecot fetch mailbox ALL | sed 1d | sort)" = \
			"$(printf '%s\n' Sub Sub2/Deep Entwürfe "A & B" 台北 |
			sort)" ] || fail "folders of $location"
		[ "$(dovecot mailbox list -s | sed 1d | grep -vx 'Sub2' | wc -l)" = 5 ] ||
			fail "subscriptions of $location"
	done

	echo "an mbox that Dovecot changes while mail comes"
	fresh mbox:~/mail
	for writer in 1 2 3; do
		for n in 1 2 3 4 5 6 7 8; do
			printf 'Message-ID: <%s.%s@t>\n\nFrom x\n%0*d\n' \
				$writer $n $((n * 997)) 0 \
				>"$scratch/in/w$writer.$n"
			loft "$scratch/in/w$writer.$n"
		done &
		writers="${writers-} $!"
	done
	for n in 1 2 3 4 5 6; do
		dovecot flags add "\\Seen foo$n" mailbox INBOX ALL >/dev/null
		dovecot expunge mailbox INBOX header message-id "<1.$n@t>" \
			>/dev/null
	done
	wait $writers
	for n in 1 2 3 4 5 6; do
		dovecot expunge mailbox INBOX header message-id "<1.$n@t>" \
			>/dev/null
	done
	dovecot fetch hdr.message-id mailbox INBOX ALL | sed 1d | sort \
		>"$scratch/ids"
	[ "$(wc -l <"$scratch/ids")" = 18 ] &&
		[ "$(uniq <"$scratch/ids" | wc -l)" = 18 ] ||
		fail "$(wc -l <"$scratch/ids") of 18 messages, each once"
	! grep -q 'Error\|Panic' "$scratch/dovecot.err" ||
		fail "$(grep 'Error\|Panic' "$scratch/dovecot.err")"
fi
exit $failed
