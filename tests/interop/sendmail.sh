#!/bin/bash
# The real sendmail with FEATURE(local_lmtp): it speaks LMTP to a program, loft-send --relay, which passes it on over
# TCP, over TLS and to the unix socket. Its package conflicts with other MTAs, so it is unpacked.
. "${srcdir:?}/tests/harness.sh"
. "$srcdir/tests/interop/packages-lib.sh"
packages_need sendmail-bin sendmail-cf
command -v m4 >/dev/null || skip "m4 is not installed"
own_mounts || skip "no mount namespaces here"

dir=$scratch
packages_unpack "$dir/root" sendmail-bin sendmail-cf libdb5.3 libldap-2.5-0 libnsl2 libsasl2-2 libwrap0
packages_etc "$dir/etc" "smmta 61256" "smmsp 61257" "alice 61253" "bob 61254" "nosuch 61255"
# It asks for names a lot; here nobody answers.
sed -i 's/^hosts:.*/hosts: files/' /etc/nsswitch.conf
printf '127.0.0.1 mta.example mta localhost %s\n' "$(hostname)" >"$dir/hosts"
cat "$dir/hosts" >/etc/hosts
printf 'hosts files\npasswd files\n' >"$dir/switch"
sendmail=$dir/root/usr/libexec/sendmail/sendmail
ldd "$sendmail" | grep 'not found' && skip "a library of sendmail's is missing"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=mx.test.example \
	-addext subjectAltName=IP:127.0.0.1 -keyout "$dir/key.pem" -out "$dir/cert.pem" 2>/dev/null || fail "openssl req"
packages_loft "ssl_cert = <$dir/cert.pem" "ssl_key = <$dir/key.pem"
loft_start

# sendmail.cf whose local mailer is loft-send with these arguments
configure() {
	local cf=$dir/root/usr/share/sendmail/cf
	cat >"$dir/sendmail.mc" <<-MC
		include(\`$cf/m4/cf.m4')dnl
		OSTYPE(\`linux')dnl
		define(\`confDOMAIN_NAME', \`mta.example')dnl
		define(\`QUEUE_DIR', \`$dir/queue')dnl
		define(\`STATUS_FILE', \`$dir/statistics')dnl
		undefine(\`ALIAS_FILE')dnl
		define(\`confPID_FILE', \`$dir/sendmail.pid')dnl
		define(\`confFORWARD_PATH', \`')dnl
		define(\`confSERVICE_SWITCH_FILE', \`$dir/switch')dnl
		FEATURE(\`nocanonify')dnl
		FEATURE(\`local_lmtp', \`$builddir/ctl/loft-send', \`loft-send --relay $*')dnl
		MAILER(\`local')dnl
		MAILER(\`smtp')dnl
	MC
	m4 -D_CF_DIR_="$cf/" "$dir/sendmail.mc" >"$dir/sendmail.cf" 2>"$dir/m4" || fail "m4: $(cat "$dir/m4")"
}
mkdir -p "$dir/queue"
chmod 700 "$dir/queue"

has_mail() { # USER SUBJECT
	grep -rqsx "Subject: $2" "$loft_dir/mail/$1/Maildir/new"
}
try() { # NAME ARGUMENT…
	local name=$1 user file
	shift
	echo "- $name"
	configure "$@"
	printf 'From: sender@mta.example\nSubject: by %s\n\nbody\n.\n..dots\nend\n' "$name" |
		timeout 60 "$sendmail" -C "$dir/sendmail.cf" -odi -oi -f sender@mta.example alice bob nosuch >"$dir/out" 2>&1; echo "status $?" >>"$dir/out"
	for user in alice bob; do
		has_mail $user "by $name" || fail "$user has no mail: $(cat "$dir/out"; ls "$dir/queue"; cat "$dir"/queue/qf* 2>/dev/null)"
	done
	file=$(grep -rlx "Subject: by $name" "$loft_dir/mail/alice/Maildir/new" | head -n 1)
	[ "$(sed '1,/^$/d' "$file")" = "$(printf 'body\n.\n..dots\nend')" ] || fail "$(cat "$file")"
	grep -qx 'Return-Path: <sender@mta.example>' "$file" || fail "$(cat "$file")"
}
try tcp --host 127.0.0.1 --port "$port"
try starttls --host 127.0.0.1 --port "$port" --starttls --ca-file "$dir/cert.pem" --helo mta.example
try unix --socket "$loft_socket"
! grep -E 'Panic|Fatal|killed with' "$loft_log" || fail "errors in the log"
echo ok
