#!/bin/bash
# Configurations as people have them: all of them load, and print as doveconf
# prints them where Dovecot is installed. Then the defaults of both.
. "${srcdir:?}/tests/harness.sh"

ctl=$builddir/ctl/loftctl

# Settings whose defaults differ: doc/configuration.md has them, too.
differ="base_dir default_internal_group default_internal_user instance_name libexec_dir login_greeting
shutdown_clients state_dir"

# Without the heading, and without what is a default here and not there.
body() {
	awk -v differ="$differ" 'BEGIN { n = split(differ, d); for (i = 1; i <= n; i++) out[d[i]] = 1 }
		!/^# / && !($1 in out && $2 == "=")'
}

loads() {
	"$ctl" -c "$1" config -n >"$scratch/loft" 2>"$scratch/err" ||
		fail "$1 doesn't load: $(cat "$scratch/err")"
	! grep -v 'Loft has no plugin' "$scratch/err" || fail "$1: a warning"
}

alike() {
	command -v doveconf >/dev/null || return 0
	doveconf -n -c "$1" >"$scratch/dove" 2>/dev/null || return 0
	diff <(body <"$scratch/dove") <(body <"$scratch/loft") ||
		fail "$1 prints differently (< doveconf)"
	compared=$((compared + 1))
}

compared=0
echo "- snippets"
for file in "$srcdir"/tests/conf/*.conf; do
	loads "$file"
	alike "$file"
done

echo "- the distribution's own"
for file in /usr/share/dovecot/dovecot.conf /etc/dovecot/dovecot.conf; do
	[ -r "$file" ] || continue
	loads "$file"
	alike "$file"
done

command -v doveconf >/dev/null || { echo "no doveconf: the rest is left out"; exit 0; }
[ "$compared" -ge 8 ] || fail "only $compared could be compared"

echo "- defaults"
plain() {
	grep -v '^[# ]' | grep ' = ' | sort
}
# What begins with lmtp_, loft_, deliver_ or the like and isn't Dovecot's is Loft's own.
"$ctl" -c /dev/null config -d | plain >"$scratch/loft"
doveconf -d -c /dev/null | plain >"$scratch/dove"
cut -d' ' -f1 "$scratch/dove" >"$scratch/names"
while IFS= read -r line; do
	name=${line%% *}
	[[ " ${differ/$'\n'/ } " != *" $name "* ]] || continue
	if grep -qx -- "$name" "$scratch/names"; then
		grep -qxF -- "$line" "$scratch/dove" ||
			fail "default: $line, not $(grep "^$name = " "$scratch/dove")"
	else
		case $name in
		lmtp_* | loft_* | deliver_* | log_format | script_timeout) ;;
		*) fail "$name isn't known to doveconf" ;;
		esac
	fi
done <"$scratch/loft"

echo "- services"
for what in service/lmtp service/auth service/log; do
	diff <(doveconf -d -c /dev/null "$what" | grep -v tokenlogin) \
		<("$ctl" -c /dev/null config -d "$what") >"$scratch/diff"
	# the listeners Loft leaves out stand in doveconf's alone
	! grep '^>' "$scratch/diff" || fail "$what has more than Dovecot's"
done

echo "- a name, a section, a scope"
cat >"$scratch/x.conf" <<CONF
mail_plugins = a
plugin {
  quota = maildir:User
}
protocol lmtp {
  mail_plugins = \$mail_plugins b
}
CONF
for args in plugin/quota "-h plugin/quota" service/lmtp/process_limit \
	"-f protocol=lmtp mail_plugins" "-h hostname mail_plugins" plugin \
	"-d mail_plugins" "-n hostname" plugin/nosuch; do
	# shellcheck disable=SC2086
	diff <(doveconf -c "$scratch/x.conf" $args) \
		<("$ctl" -c "$scratch/x.conf" config $args 2>/dev/null) ||
		fail "config $args"
done

echo "- errors"
printf 'foo = bar\nmail_debug = maybe\n' >"$scratch/x.conf"
"$ctl" -c "$scratch/x.conf" config -n >"$scratch/out" 2>"$scratch/err"
[ $? = 89 ] || fail "status of a wrong configuration"
[ "$(grep -c "^$scratch/x.conf line [12]: " "$scratch/err")" = 2 ] || fail "$(cat "$scratch/err")"
[ ! -s "$scratch/out" ] || fail "printed something"
