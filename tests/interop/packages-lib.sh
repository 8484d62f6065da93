# Programs whose packages can't be installed beside the others: ./check leaves their .deb files in $LOFT_TEST_PACKAGES.
# Sourced after tests/harness.sh.
#
#   packages_need NAME…            or the test is skipped
#   packages_unpack DIR NAME…      below DIR; a library that isn't there is one that is installed
#   packages_etc DIR "USER UID"…   a copy of /etc with these users, in its place; unpacked libraries are found
#   packages_mount DIR TARGET      bind-mount; TARGET may be missing
#   packages_loft LINE…            Loft's configuration for them: alice and bob in a passwd-file, by name without domain;
#                                  the unix socket, and TCP on $port

packages_need() {
	local name
	[ "$(id -u)" = 0 ] || skip "$1 wants root"
	command -v dpkg >/dev/null || skip "dpkg is not installed"
	for name; do
		ls "${LOFT_TEST_PACKAGES:-/nonexistent}/${name}"_*.deb >/dev/null 2>&1 ||
			skip "no package $name in \$LOFT_TEST_PACKAGES"
	done
}

packages_unpack() {
	local root=$1 file
	shift
	for name; do
		for file in "$LOFT_TEST_PACKAGES/${name}"_*.deb; do
			[ ! -e "$file" ] || dpkg -x "$file" "$root" || fail "dpkg -x $file"
		done
	done
	packages_root=$root
}

packages_etc() {
	local etc=$1 entry
	shift
	cp -a /etc "$etc"
	for entry; do
		set -- $entry
		echo "$1:x:$2:$2::/nonexistent:/bin/false" >>"$etc/passwd"
		echo "$1:x:$2:" >>"$etc/group"
	done
	# Some are setuid, so LD_LIBRARY_PATH doesn't count.
	mkdir -p "$etc/ld.so.conf.d"
	ls -d "$packages_root"/usr/lib/*-linux-gnu* >"$etc/ld.so.conf.d/0-unpacked.conf" 2>/dev/null
	mount --bind "$etc" /etc || skip "cannot bind-mount"
	[ ! -d /var/cache/ldconfig ] || mount -t tmpfs none /var/cache/ldconfig || skip "cannot mount"
	ldconfig 2>/dev/null
}

packages_mount() {
	mkdir -p "$2" && mount --bind "$1" "$2"
}

packages_loft() {
	echo "alice::$loft_uid:$loft_gid::$loft_dir/mail/alice::
bob::$loft_uid:$loft_gid::$loft_dir/mail/bob::" >"$scratch/users"
	chmod 644 "$scratch/users"
	port=$(free_port)
	loft_conf <<-CONF
		first_valid_uid = 1
		auth_username_format = %n
		$(printf '%s\n' "$@")
		userdb {
		  driver = passwd-file
		  args = $scratch/users
		}
		service lmtp {
		  unix_listener lmtp {
		    mode = 0666
		  }
		  inet_listener lmtp {
		    address = 127.0.0.1
		    port = $port
		  }
		}
	CONF
}
