# For the tests that give the same mail to dovecot-lda and to loft-lda. Sets $dovecot, $scratch with a copy of
# loft-lda, and $as_user, which runs a command as an ordinary user where we are root. Skips where Dovecot isn't installed.
set -u
: "${builddir:?}"
dovecot=
for dir in /usr/lib/dovecot /usr/libexec/dovecot /usr/local/libexec/dovecot; do
	[ -x "$dir/dovecot-lda" ] && dovecot=$dir/dovecot-lda
done
[ -n "$dovecot" ] || { echo "dovecot-lda is not installed"; exit 77; }
as_user=
if [ "$(id -u)" = 0 ]; then
	command -v setpriv >/dev/null || { echo "setpriv is not installed"; exit 77; }
	as_user='setpriv --reuid 65534 --regid 65534 --clear-groups'
fi
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
cp "$builddir/lda/loft-lda" "$scratch" || exit 99
