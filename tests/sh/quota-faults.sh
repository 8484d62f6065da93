#!/bin/bash
# A delivery with a quota against failing calls and kills at each step: the mail is as safe as without a quota,
# and maildirsize (or the cache of counts) is right or gone. A kill may cost the line of that one message.
. "${srcdir:-.}/tests/harness.sh" || exit 99

backend=maildir
conf() {
	loft_conf <<-END
	loft_services = auth
	log_path = syslog
	mail_plugins = quota
	plugin {
	  quota = ${root:-$backend:Q}
	  quota_rule = *:storage=1M:messages=50
	}
	END
}
conf
loft_start
mail=$loft_dir/mail
dir=$mail/alice/Maildir
fault=$builddir/tests/fault/fault.so
[ -f "$fault" ] || fail "fault.so isn't built"
printf 'LHLO t\r\nMAIL FROM:<s@x>\r\nRCPT TO:<alice>\r\nDATA\r\nMessage-ID: <1@t>\r\n\r\nbody\r\n.\r\nQUIT\r\n' \
	>"$scratch/input"
mkdir -m 777 "$scratch/notes"
note=$scratch/notes/note

# session [FAULT]: the reply to the message in $reply, the call that was hit in $hit
session() {
	rm -f "$note"
	LOFT_FAULT=${1-} LOFT_FAULT_PATH=$mail LOFT_FAULT_NOTE=$note \
		ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 \
		LD_PRELOAD=$fault "$builddir/lmtp/lmtp" -c "$loft_file" \
		<"$scratch/input" >"$scratch/out" 2>"$scratch/stderr"
	status=$?
	reply=$(sed -n '/^354/,/^221/p' "$scratch/out" | grep -v '^354\|^221' | grep -o '^[245]..')
	hit=$(cat "$note" 2>/dev/null)
}
trouble() {
	fail "$backend, $*: reply '$reply', hit $hit; $(cat "$scratch/stderr")"
}
count() {
	find "$dir" -path '*/new/*' | wc -l
}
# What Loft says of usage afterwards, without faults.
usage() {
	loft_ctl quota get -f tab -u alice | awk -F'\t' '$2 == "MESSAGE" { print $3 }'
}
fresh() {
	rm -rf "${mail:?}"/*
	cp -a "$scratch/old/." "$mail"
}

(umask 077 && mkdir -p "$scratch/old/alice/Maildir"/{cur,new,tmp}) || fail "no Maildir"
chown -R "$loft_uid:$loft_gid" "$scratch/old"
chmod 755 "$scratch/old"

each() { # WHAT START…: without a file, with one
	local what=$1 start n calls=
	shift
	for start; do
		for ((n = 1; n < 100; n++)); do
			fresh
			[ $start = without ] || session
			session "*:$n:$what"
			[ -n "$hit" ] || break
			before=$([ $start = with ] && echo 1 || echo 0)
			case $reply in
			250) want=$((before + 1)) ;;
			451) want=$before ;;
			*) trouble "$what at $n, $start" ;;
			esac
			[ "$(count)" = $want ] || trouble "$what at $n, $start: $(count) messages"
			[ -z "$(ls "$dir/tmp")" ] || trouble "$what at $n, $start: left $(ls "$dir/tmp")"
			[ "$(usage)" = $want ] || trouble "$what at $n, $start: usage is $(usage), not $want:
$(cat "$dir/maildirsize")"
		done
		calls="$calls $((n - 1))"
	done
	[ $n -gt 10 ] || fail "only $n calls were tried"
	echo "- $backend, $what: $calls calls"
}

kills() {
	local what=$1 n
	for ((n = 1; n < 100; n++)); do
		fresh
		session
		{ session "*:$n:$what"; } 2>/dev/null
		[ -n "$hit" ] || break
		[ $status = 137 ] || trouble "$what at $n: status $status"
		left=$(($(count) - $(usage)))
		[ $left = 0 ] || [ $left = 1 ] || trouble "$what at $n: $(count) messages, usage $(usage)"
		session
		[ "$reply" = 250 ] || trouble "$what at $n: the next delivery"
		loft_ctl quota recalc -u alice || trouble "$what at $n: recalc"
		[ "$(usage)" = "$(count)" ] || trouble "$what at $n: $(count) messages, usage $(usage)"
	done
	echo "- $backend, $what: $((n - 1)) calls"
}

# A dict that can't be read at first: no sum begins with the message that comes now.
sums() {
	local n
	for ((n = 1; n < 100; n++)); do
		fresh
		session
		session
		rm -f "$mail/alice/dict"
		session "*:$n:EIO"
		[ -n "$hit" ] || break
		left=$(($(count) - $(usage)))
		[ $left = 0 ] || [ $left = 1 ] || trouble "EIO at $n: $(count) messages, usage $(usage)"
	done
	[ $n -gt 10 ] || fail "only $n calls were tried"
	echo "- $backend: $((n - 1)) calls"
}

each EIO without with
each SHORT with
kills KILLED
backend=count
conf
each ENOSPC with
backend=dict
root=dict:Q::file:%h/dict
conf
sums
