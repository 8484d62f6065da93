#!/bin/bash
# Start and stop: sockets, pid file, what is refused and how it is told.
. "${srcdir:?}/tests/harness.sh"

port=$(free_port)
root=
[ "$(id -u)" != 0 ] || root=yes

# Must refuse to start: status 89, one line that matches, nothing left behind.
refuses() {
	"$builddir/master/loft" -F -c "$loft_file" >"$scratch/out" 2>"$scratch/err" </dev/null &
	loft_pid=$!
	loft_wait
	[ $? = 89 ] || fail "status is not 89 for: $1"
	[ "$(wc -l <"$scratch/err")" = "${2:-1}" ] || fail "not one line: $(cat "$scratch/err")"
	grep -q -- "$1" "$scratch/err" || fail "expected '$1' in: $(cat "$scratch/err")"
	[ ! -S "$loft_socket" ] || fail "left a socket behind: $1"
}

echo "- a plain start and stop"
loft_conf <<CONF
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1, localhost, 127.0.0.1
    port = $port
  }
  unix_listener sub/deep/lmtp {
    mode = 0640
  }
}
CONF
loft_start
[ "$(cat "$loft_dir/run/master.pid")" = "$loft_pid" ] || fail "wrong pid file"
[ "$(stat -c %a "$loft_socket")" = 666 ] || fail "mode of the socket"
[ "$(stat -c %a "$loft_dir/run/master")" = 600 ] || fail "mode of the control socket"
[ "$(stat -c %a "$loft_dir/run")" = 755 ] || fail "mode of base_dir"
[ "$(stat -c %a "$loft_dir/run/sub/deep/lmtp")" = 640 ] || fail "mode of a socket below base_dir"
lmtp_open "$port" || fail "no connection"
lmtp_hear '^220 mx.test.example '
lmtp_say 'QUIT'
lmtp_hear '^221 '
lmtp_close
grep -q 'master: Info: Loft v.* starting up for lmtp' "$loft_log" || fail "no start line"
[ "$(cat "/proc/$loft_pid/comm")" = loft ] || fail "command name of the master"
for pid in $(loft_pids template); do
	[ "$(cat "/proc/$pid/comm")" = lmtp-template ] || fail "command name of the template"
done

echo "- a second instance"
"$builddir/master/loft" -F -c "$loft_file" >"$scratch/out" 2>&1
[ $? = 89 ] || fail "a second instance started"
grep -q "already running with PID $loft_pid" "$scratch/out" || fail "$(cat "$scratch/out")"
loft_ready || fail "the first instance suffered"

echo "- a live socket of somebody else"
sed "s|^base_dir.*|base_dir = $loft_dir/run2|" "$loft_file" >"$loft_dir/two.conf"
cat >>"$loft_dir/two.conf" <<CONF
service lmtp {
  inet_listener lmtp {
    port = 0
  }
  unix_listener $loft_socket {
  }
}
CONF
"$builddir/master/loft" -F -c "$loft_dir/two.conf" >"$scratch/out" 2>&1
[ $? = 89 ] || fail "took over a live socket"
grep -q "socket $loft_socket is in use: process $loft_pid" "$scratch/out" || fail "$(cat "$scratch/out")"

echo "- an address in use"
sed "s|^base_dir.*|base_dir = $loft_dir/run2|" "$loft_file" >"$loft_dir/two.conf"
"$builddir/master/loft" -F -c "$loft_dir/two.conf" >"$scratch/out" 2>&1
[ $? = 89 ] || fail "took over a port"
grep -q "127.0.0.1:$port.* in use" "$scratch/out" || fail "$(cat "$scratch/out")"
loft_ready || fail "the first instance suffered"
loft_stop || fail "status after SIGTERM"
[ ! -e "$loft_dir/run/master.pid" ] || fail "pid file is left"
[ ! -e "$loft_socket" ] || fail "socket is left"

echo "- a stale socket and the pid file of another process"
loft_conf </dev/null
loft_start
kill -KILL "$loft_pid"
loft_wait
[ -S "$loft_socket" ] || fail "no stale socket to try with"
echo $$ >"$loft_dir/run/master.pid"
loft_start
"$builddir/master/loft" -c "$loft_file" stop || fail "loft stop"
loft_wait || fail "status after loft stop"
"$builddir/master/loft" -c "$loft_file" stop 2>"$scratch/err" && fail "stopped what does not run"
grep -q 'not running' "$scratch/err" || fail "$(cat "$scratch/err")"

if [ -n "$root" ]; then
	echo "- owners of sockets"
	loft_conf <<-CONF
	service lmtp {
	  unix_listener owner {
	    mode = 0660
	    user = nobody
	  }
	  unix_listener number {
	    mode = 0600
	    user = 61239
	  }
	  unix_listener group {
	    mode = 0660
	    group = $loft_gid
	  }
	}
	CONF
	loft_start
	[ "$(stat -c %u:%g "$loft_dir/run/owner")" = "$(id -u nobody):$(id -g)" ] || fail "owner of a socket"
	[ "$(stat -c %u:%g "$loft_dir/run/number")" = "61239:$(id -g)" ] || fail "owner without a name"
	[ "$(stat -c %u:%g "$loft_dir/run/group")" = "0:$loft_gid" ] || fail "group of a socket"
	loft_stop || fail "status after SIGTERM"
fi

echo "- a file in the socket's place, a missing directory, a path too long"
: >"$loft_dir/file"
loft_conf <<CONF
service lmtp {
  unix_listener $loft_dir/file {
  }
}
CONF
refuses "loft.conf line [0-9]*: service(lmtp): .*$loft_dir/file exists and is no socket"
loft_conf <<CONF
service lmtp {
  unix_listener $loft_dir/none/such/lmtp {
  }
}
CONF
refuses "loft.conf line [0-9]*: .*the directory $loft_dir/none/such doesn't exist"
loft_conf <<CONF
service lmtp {
  unix_listener $loft_dir/$(printf 'x%.0s' {1..120}) {
  }
}
CONF
refuses "loft.conf line [0-9]*: .*path is too long"
port=$(free_port)
loft_conf <<CONF
listen = 127.0.0.1
service lmtp {
  inet_listener a {
    port = $port
  }
  inet_listener b {
    port = $port
  }
}
CONF
refuses "loft.conf line [0-9]*: service(lmtp): listener b: .* is already the address of listener a"

echo "- programs, addresses, logs that are not there"
loft_conf <<CONF
service lmtp {
  executable = $loft_dir/no-such-lmtp -x
}
CONF
refuses "loft.conf line [0-9]*: service(lmtp): executable $loft_dir/no-such-lmtp doesn't exist"
loft_conf <<CONF
service lmtp {
  inet_listener lmtp {
    address = no-such-host.invalid
    port = $port
  }
}
CONF
refuses "loft.conf line [0-9]*: .*no-such-host.invalid"
loft_conf <<CONF
log_path = $loft_dir/no/such/log
CONF
refuses "log_path: open($loft_dir/no/such/log) failed"

echo "- settings that are wrong, all at once"
loft_conf <<CONF
no_such_setting = 1
mail_debug = perhaps
CONF
refuses "unknown" 2
loft_conf <<CONF
hostname = <$loft_dir/no/such/name
CONF
refuses "loft.conf line [0-9]*: hostname: open($loft_dir/no/such/name) failed"

if [ -n "$root" ]; then
	echo "- users and groups that are not there"
	loft_conf <<-CONF
		service lmtp {
		  user = no-such-user
		}
	CONF
	refuses "loft.conf line [0-9]*: service(lmtp): user doesn't exist: no-such-user"
	loft_conf <<-CONF
		service lmtp {
		  unix_listener lmtp {
		    user = no-such-user
		    group = no-such-group
		  }
		  extra_groups = no-such-group
		}
	CONF
	refuses "loft.conf line [0-9]*: service(lmtp): unix_listener lmtp: user doesn't exist: no-such-user" 3
	grep -q "group doesn't exist: no-such-group" "$scratch/err" || fail "only one of the two is told"
	loft_conf <<-CONF
		default_internal_user = no-such-user
	CONF
	refuses "loft.conf line [0-9]*: default_internal_user: user doesn't exist: no-such-user"
fi
exit 0
