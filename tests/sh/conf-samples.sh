#!/bin/bash
# The samples in conf.d/ and the settings tables say the same: every line
# "#name = value" is the default of a setting, every setting has one, and the
# installed configuration loads without a word.
. "${srcdir:?}/tests/harness.sh"

ctl=$builddir/ctl/loftctl
"$builddir/doc/settings-mdoc" -t >"$scratch/tables" || fail "no tables"

echo "- installed"
mkdir "$scratch/conf.d"
cp "$srcdir/conf.d/loft.conf" "$scratch/"
cp "$srcdir"/conf.d/[0-9]*.conf "$srcdir"/conf.d/*.ext "$scratch/conf.d/"
"$ctl" -c "$scratch/loft.conf" config -n >"$scratch/out" 2>&1 || fail "$(cat "$scratch/out")"
! grep -q 'line [0-9]*:' "$scratch/out" || fail "$(cat "$scratch/out")"
grep -q '^mail_location = maildir:~/Maildir$' "$scratch/out" || fail "conf.d isn't read"
for db in passwdfile static; do
	sed -i "s/^#*\(!include auth-\)/#\1/; s/^#\(!include auth-$db\)/\1/" "$scratch/conf.d/10-auth.conf"
	"$ctl" -c "$scratch/loft.conf" config -n userdb >"$scratch/out" 2>&1 || fail "$(cat "$scratch/out")"
	grep -q 'driver = \(passwd-file\|static\)' "$scratch/out" || fail "auth-$db isn't read"
done

echo "- with every sample in force"
mkdir "$scratch/all"
cp -r "$scratch/loft.conf" "$scratch/conf.d" "$scratch/all/"
sed -i 's/^\( *\)#\(\|   *\)\([a-z_]* =\)/\1\2\3/; s/^#\(service\|  unix_listener\|  }\|}\)/\1/
	s/^  #\(unix_listener\|inet_listener\|}\)/  \1/' "$scratch/all/loft.conf" "$scratch"/all/conf.d/*
"$ctl" -c "$scratch/all/loft.conf" config -n >"$scratch/out" 2>&1 || fail "$(cat "$scratch/out")"
! grep -q 'line [0-9]*:' "$scratch/out" || fail "$(grep 'line [0-9]*:' "$scratch/out")"
grep -q 'unix_listener /var/spool/postfix/private/dovecot-lmtp {' "$scratch/out" || fail "the samples are still comments"
"$ctl" -c "$scratch/all/loft.conf" config --unused >"$scratch/out" 2>&1 || fail "$(cat "$scratch/out")"
! grep -v 'special_use$' "$scratch/out" || fail "the samples have what Loft doesn't use"

echo "- every sample shows the default"
cat "$srcdir"/conf.d/*.conf | sed -n 's/^#\([a-z_]* =.*\)/\1/p' | sort -u >"$scratch/samples"
while IFS='|' read -r module name default; do
	line=$(grep "^$name =" "$scratch/samples") || fail "$name has no sample ($module)"
	case $name in
	base_dir | state_dir | libexec_dir) continue ;;	# as configured
	esac
	value=${line#"$name ="}
	value=${value# }
	if [[ $value = \"*\" ]]; then
		value=${value#\"}
		value=${value%\"}
	fi
	[ "$value" = "$default" ] || fail "$name: the sample has '$value', the table '$default'"
done < <(awk -F'\t' '$2 == "" { print $1 "|" $4 "|" $5 }' "$scratch/tables")

while IFS='|' read -r kind name; do
	grep -qE "^[ #]*$name =" "$srcdir"/conf.d/*.conf "$srcdir"/conf.d/*.ext ||
		fail "$kind/$name has no sample"
done < <(awk -F'\t' '$2 != "" { print $2 "|" $4 }' "$scratch/tables")

echo "- no sample without a setting"
while read -r name rest; do
	awk -F'\t' -v n="$name" '$2 == "" && $4 == n { found = 1 } END { exit !found }' \
		"$scratch/tables" || fail "$name is no setting of Loft's"
done <"$scratch/samples"
