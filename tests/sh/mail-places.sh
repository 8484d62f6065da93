#!/bin/bash
# Mail directories that aren't what they should be: homes that are missing, files, links, somebody else's; a user who
# bends his Maildir to where he has no rights; ids that change. And messages of odd shapes.
. "${srcdir:?}/tests/harness.sh"

is_root=
[ "$(id -u)" != 0 ] || is_root=yes
mail=$loft_dir/mail
other=$((loft_uid + 1))
users() { # "USER UID HOME"...
	local line
	for line in "$@"; do
		set -- $line
		echo "$1::$2:$([ $2 = $loft_uid ] && echo $loft_gid || echo $2)::$3::"
	done >"$scratch/users.new"
	chmod 644 "$scratch/users.new"
	mv "$scratch/users.new" "$scratch/users"
}
mkdir -p "$loft_dir"
list=("bob $loft_uid $mail/bob" "dave $other $mail/dave")
users "alice $loft_uid $mail/alice" "${list[@]}"
loft_conf <<-CONF
	first_valid_uid = 1
	auth_username_format = %n
	lda_mailbox_autocreate = yes
	lda_mailbox_autosubscribe = yes
	lmtp_save_to_detail_mailbox = yes
	userdb {
	  driver = passwd-file
	  args = $scratch/users
	}
CONF
loft_start
as_user() {
	if [ -n "$is_root" ]; then
		setpriv --reuid "$loft_uid" --regid "$loft_gid" --clear-groups "$@"
	else
		"$@"
	fi
}
[ -z "$is_root" ] || command -v setpriv >/dev/null || skip "no setpriv"

fresh() {
	as_user rm -rf "$mail/alice"
}
maildir() { # DIR
	(umask 077 && as_user mkdir -p "$1"/{cur,new,tmp})
}
stored() { # DIR COUNT
	local n
	n=$(as_user find "$1" -path '*/new/*' -type f -size +60c | wc -l)
	[ "$n" = "$2" ] || fail "$n messages instead of $2 in $1: $(find "$1" | head -n 30)"
}
accepts() { # [RCPT]
	loft_send "${1:-alice}@t" >"$scratch/out" 2>&1 || fail "$what: refused: $(cat "$scratch/out")"
}
# 451, nothing else, and the log has a cause that an operator can use
refuses() { # WORDS [RCPT]
	loft_send "${2:-alice}@t" >"$scratch/out" 2>&1 && fail "$what: accepted"
	grep -q '451 4\.[23]\.0 <' "$scratch/out" || fail "$what: $(cat "$scratch/out")"
	wait_until 5 grep -q "Error: .*$1" "$loft_log"
	: >"$loft_log"
	# Nobody else suffers.
	loft_send bob@t >"$scratch/out" 2>&1 || fail "$what: bob suffers: $(cat "$scratch/out")"
}
begin() {
	what=$1
	echo "- $what"
	fresh
}

begin "a home that is missing, and its parents"
users "alice $loft_uid $mail/alice/deep/home" "${list[@]}"
accepts
stored "$mail/alice/deep/home" 1
users "alice $loft_uid $mail/alice" "${list[@]}"

begin "a home that is a file"
as_user touch "$mail/alice"
refuses 'Not a directory'
as_user rm "$mail/alice"
accepts
stored "$mail/alice" 1

begin "a Maildir that is a file"
as_user mkdir "$mail/alice"
as_user touch "$mail/alice/Maildir"
refuses 'Not a directory'

begin "a home that is a link to elsewhere"
as_user mkdir -p "$mail/elsewhere"
as_user ln -s elsewhere "$mail/alice"
accepts
stored "$mail/elsewhere" 1

begin "a home that is a link to nowhere"
as_user ln -s nowhere "$mail/alice"
refuses 'mkdir(.*alice.*File exists\|No such file'

begin "a link that leads to itself"
as_user ln -s alice "$mail/alice"
refuses 'Too many levels'

begin "fifos and files in place of directories"
for dir in cur new tmp; do
	fresh
	maildir "$mail/alice/Maildir"
	as_user rmdir "$mail/alice/Maildir/$dir"
	as_user mkfifo "$mail/alice/Maildir/$dir"
	case $dir in
	cur) accepts ;;
	*) refuses 'Not a directory\|File exists' ;;
	esac
done

begin "fifos and links in place of what Loft writes beside mail"
maildir "$mail/alice/Maildir"
as_user mkfifo "$mail/alice/Maildir/subscriptions"
maildir "$mail/alice/Maildir/.folder"
as_user rm -r "$mail/alice/Maildir/.folder/tmp"
as_user mkfifo "$mail/alice/Maildir/.folder/maildirfolder"
refuses 'No such device\|File exists' alice+folder
accepts alice+another
as_user rm "$mail/alice/Maildir/subscriptions"
as_user ln -s /etc/hostname "$mail/alice/Maildir/subscriptions"
accepts alice+third

begin "a folder that is a file"
maildir "$mail/alice/Maildir"
as_user touch "$mail/alice/Maildir/.folder"
accepts alice+folder
stored "$mail/alice/Maildir/new" 1

if [ -n "$is_root" ]; then
	# What root could write to, the user not.
	mkdir -m 755 "$scratch/roots" && mkdir "$scratch"/roots/{cur,new,tmp}
	chmod 755 "$scratch"/roots/*
	for part in . new tmp cur; do
		begin "a user who bends $part of his Maildir to root's directory"
		maildir "$mail/alice/Maildir"
		as_user rm -r "$mail/alice/Maildir${part#.}" 2>/dev/null || as_user rm -r "$mail/alice/Maildir/$part"
		as_user ln -s "$scratch/roots/${part#.}" "$mail/alice/Maildir/${part#.}" 2>/dev/null ||
			as_user ln -s "$scratch/roots" "$mail/alice/Maildir"
		case $part in
		cur) accepts ;;
		*) refuses 'Permission denied\|cross-device' ;;
		esac
		[ -z "$(find "$scratch/roots" -type f)" ] || fail "written to root's: $(find "$scratch/roots")"
	done

	begin "a Maildir that is root's"
	maildir "$mail/alice/Maildir"
	chown -R 0:0 "$mail/alice/Maildir"
	chmod 700 "$mail/alice/Maildir"
	refuses 'Permission denied.*Maildir'
	chown -R "$loft_uid:$loft_gid" "$mail/alice/Maildir"
	accepts
	stored "$mail/alice" 1

	begin "a user whose uid changes"
	accepts
	users "alice $other $mail/alice" "${list[@]}"
	refuses 'Permission denied'
	chown -R $other:$other "$mail/alice"
	accepts
	n=$(find "$mail/alice/Maildir/new" -type f -user $other | wc -l)
	[ "$n" = 2 ] || fail "$n messages belong to the new uid"
	users "alice $loft_uid $mail/alice" "${list[@]}"
	rm -rf "$mail/alice"

	begin "another user's Maildir"
	mkdir -m 700 "$mail/dave" && chown $other:$other "$mail/dave"
	accepts dave
	as_user ln -s dave "$mail/alice"
	refuses 'Permission denied'
	[ "$(find "$mail/dave" -type f -path '*/new/*' | wc -l)" = 1 ] || fail "dave has alice's mail"
fi

# send FILE: as it is; the stored message, without what Loft puts in front, must be the same
same() { # FILE
	local file
	fresh
	"$builddir/ctl/loft-send" --socket "$loft_socket" -f s@t alice@t <"$1" >"$scratch/out" 2>&1 ||
		fail "$what: $(cat "$scratch/out")"
	file=$(find "$mail/alice/Maildir/new" -type f)
	tail -c "$(stat -c %s "$1")" "$file" | cmp - "$1" || fail "$what: changed"
	head -c "$(($(stat -c %s "$file") - $(stat -c %s "$1")))" "$file" | sed '/^[A-Z][A-Za-z-]*: \|^\t/d' >"$scratch/rest"
	[ ! -s "$scratch/rest" ] || fail "$what: in front of it: $(head -n 3 "$scratch/rest")"
}
begin "a header of 10 MB"
{
	printf 'From: a@b\n'
	head -c 5000000 /dev/zero | tr '\0' h | fold -w 900 | sed 's/^/X-Many: /'
	printf 'X-Long: '
	head -c 5000000 /dev/zero | tr '\0' l
	printf '\nMessage-ID: <x@y>\n\nbody\n'
} >"$scratch/message"
same "$scratch/message"
begin "a message that is only body"
printf '\nthis is all\n' >"$scratch/message"
same "$scratch/message"
begin "a message that is only header"
printf 'Subject: this is all\n' >"$scratch/message"
same "$scratch/message"
begin "an empty message"
: >"$scratch/message"
same "$scratch/message"
loft_stop || fail "status of the daemon"
! grep -q 'Panic\|killed with signal' "$loft_log" || fail "a process died"
echo ok
