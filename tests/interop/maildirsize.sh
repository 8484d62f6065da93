#!/bin/bash
# maildirsize shared with Courier's deliverquota (package maildrop, unpacked): both deliver to one Maildir, both
# know the other's mail, and without a rule for `*` the limits that Courier wrote hold for Loft.
. "${srcdir:?}/tests/harness.sh"
. "$srcdir/tests/interop/packages-lib.sh"
packages_need maildrop
packages_unpack "$scratch/root" maildrop
deliverquota=$scratch/root/usr/sbin/deliverquota.maildrop
[ -x "$deliverquota" ] || skip "no deliverquota in maildrop"
command -v setpriv >/dev/null || skip "setpriv is not installed"

loft_conf <<CONF
mail_plugins = quota
plugin {
  quota = maildir:Shared
}
CONF
loft_start
dir=$loft_dir/mail/alice/Maildir
(umask 077 && mkdir -p "$dir"/{cur,new,tmp})
chown -R "$loft_uid:$loft_gid" "$loft_dir/mail"
{ printf 'Subject: x\n\n'; yes 'some words in a line' | head -n 140; } >"$scratch/3k"
chmod 644 "$scratch/3k"

courier() {
	setpriv --reuid="$loft_uid" --regid="$loft_gid" --clear-groups \
		"$deliverquota" -c "$dir" 40000S,100C <"$scratch/3k" >/dev/null 2>&1
}
loft() {
	"$builddir/ctl/loft-send" --socket "$loft_socket" -f s@x alice <"$scratch/3k" >"$scratch/out"
}
check_sum() {
	local real said
	real=$(find "$dir" -path '*/new/*' -printf '%s\n' | awk '{ b += $1 } END { print b + 0, NR }')
	said=$(awk 'NR > 1 { b += $1; n += $2 } END { print b + 0, n + 0 }' "$dir/maildirsize")
	[ "$real" = "$said" ] || fail "$1: there is $real, maildirsize says $said: $(cat "$dir/maildirsize")"
}

echo "- in turns"
courier || fail "deliverquota: $?"
for i in 1 2 3 4; do
	loft || fail "Loft refuses: $(cat "$scratch/out")"
	check_sum "Loft $i"
	courier || fail "deliverquota refuses"
	check_sum "Courier $i"
done
[ "$(head -n 1 "$dir/maildirsize")" = 40000S,100C ] || fail "Loft changed Courier's limits"
loft_ctl quota get -f tab -u alice | grep -q '^Shared	STORAGE	[0-9]*	40	' || fail "limits: $(loft_ctl quota get -u alice)"

echo "- up to the limit"
for i in 1 2 3 4 5 6 7 8; do
	loft || break
done
[ $i -gt 1 ] && [ $i -lt 8 ] || fail "Loft stored $i"
grep -q '^alice: 552 5.2.2 ' "$scratch/out" || fail "Loft says $(cat "$scratch/out")"
courier && fail "deliverquota goes on"
check_sum "at the end"
rm "$dir/new"/*
rm "$dir/maildirsize"
courier || fail "deliverquota doesn't see the room"
loft || fail "Loft doesn't see the room"
check_sum "after cleaning"
