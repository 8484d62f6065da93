#!/bin/sh
# Who may include whom (doc/architecture.md): reads the #include lines and
# fails on an arrow that turns.
set -u
cd "${srcdir:-.}" || exit 1

# what each folder may include, besides itself
allowed() {
	case $1 in
	lib/core) echo ;;
	lib/io | lib/conf) echo core ;;
	lib/service) echo core io conf ;;
	lib/mail) echo core io ;;
	lib/smtp) echo core io mail ;;
	lib/user) echo core io conf ;;
	lib/storage) echo core io conf mail ;;
	lib/quota) echo core io conf mail storage ;;
	lib/deliver) echo core io conf service mail smtp user storage quota ;;
	master | log) echo core io conf service ;;
	script) echo core io conf service user ;;
	auth) echo core io conf service user ;;
	quota-status) echo core io conf service smtp user storage quota deliver ;;
	lmtp | lda | ctl) echo core io conf service mail smtp user storage quota deliver ;;
	esac
}

bad=0
for dir in lib/core lib/io lib/conf lib/service lib/mail lib/smtp lib/user \
	lib/storage lib/quota lib/deliver master log script quota-status auth lmtp lda ctl; do
	may=$(allowed "$dir")
	for file in "$dir"/*.[ch]; do
		[ -f "$file" ] || continue
		# lists of settings only, no code: it must see every module
		[ "$file" = lib/conf/all-settings.c ] && continue
		for inc in $(sed -n 's/^#include "\([^"]*\)"$/\1/p' "$file"); do
			case $inc in
			config.h) continue ;;
			*/*) ;;
			*) continue ;;
			esac
			from=${inc%/*}
			[ "$from" = "${dir#lib/}" ] && continue
			case " $may " in
			*" $from "*) ;;
			*)
				echo "$file: may not include $inc"
				bad=1
				;;
			esac
		done
	done
done
exit $bad
