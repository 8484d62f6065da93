# A real Postfix in a scratch directory, for the interop tests: own configuration, queue and data
# directories, smtpd on a loopback port, started and stopped by hand. Sourced after tests/harness.sh.
#
#   postfix_setup DIR PORT      writes DIR/etc, DIR/queue; add settings with postfix_conf
#   postfix_conf NAME=VALUE…    sets main.cf parameters
#   postfix_start / postfix_stop
#   postfix_queue_empty SECONDS waits until nothing is queued

postfix_setup() {
	pf=$1 pf_port=$2
	mkdir -p "$pf/etc" "$pf/queue" "$pf/data"
	chmod 755 "$pf" "$pf/etc" "$pf/queue"
	chown postfix "$pf/data"
	touch "$pf/log"
	cat >"$pf/etc/main.cf" <<-CF
		compatibility_level = 3.6
		queue_directory = $pf/queue
		data_directory = $pf/data
		command_directory = /usr/sbin
		daemon_directory = /usr/lib/postfix/sbin
		maillog_file = $pf/log
		maillog_file_prefixes = $pf
		myhostname = mta.example
		mydomain = mta.example
		mydestination = sys.example
		mynetworks = 127.0.0.0/8
		inet_interfaces = 127.0.0.1
		inet_protocols = ipv4
		alias_maps =
		alias_database =
		local_recipient_maps =
		smtputf8_enable = no
		smtpd_client_connection_count_limit = 0
		default_process_limit = 40
	CF
	cat >"$pf/etc/master.cf" <<-CF
		127.0.0.1:$pf_port inet n - n - - smtpd
		pickup    unix  n - n 60 1 pickup
		cleanup   unix  n - n - 0 cleanup
		qmgr      unix  n - n 300 1 qmgr
		rewrite   unix  - - n - - trivial-rewrite
		bounce    unix  - - n - 0 bounce
		defer     unix  - - n - 0 bounce
		trace     unix  - - n - 0 bounce
		verify    unix  - - n - 1 verify
		flush     unix  n - n 1000? 0 flush
		proxymap  unix  - - n - - proxymap
		smtp      unix  - - n - - smtp
		relay     unix  - - n - - smtp
		showq     unix  n - n - - showq
		error     unix  - - n - - error
		retry     unix  - - n - - error
		discard   unix  - - n - - discard
		local     unix  - n n - - local
		virtual   unix  - n n - - virtual
		lmtp      unix  - - n - - lmtp
		anvil     unix  - - n - 1 anvil
		scache    unix  - - n - 1 scache
		postlog   unix-dgram n - n - 1 postlogd
	CF
}

postfix_conf() {
	postconf -c "$pf/etc" -e "$@"
}

# Make the queue's folders, so that a socket can be put into private/.
postfix_folders() {
	postfix -c "$pf/etc" check >"$pf/start" 2>&1 || { cat "$pf/start"; return 1; }
}

postfix_start() {
	postfix -c "$pf/etc" start >"$pf/start" 2>&1 || { cat "$pf/start" "$pf/log"; return 1; }
	for ((i = 0; i < 100; i++)); do
		(: <"/dev/tcp/127.0.0.1/$pf_port") 2>/dev/null && return 0
		sleep 0.1
	done
	cat "$pf/log"
	return 1
}

postfix_stop() {
	[ -z "${pf:-}" ] || [ ! -s "$pf/queue/pid/master.pid" ] ||
		postfix -c "$pf/etc" stop >/dev/null 2>&1
}

postfix_queue_empty() {
	for ((i = 0; i < $1 * 5; i++)); do
		[ -n "$(find "$pf"/queue/{maildrop,incoming,active,deferred} -type f 2>/dev/null | head -1)" ] ||
			return 0
		[ $((i % 10)) != 9 ] || postqueue -c "$pf/etc" -f	# what was deferred meanwhile
		sleep 0.2
	done
	postqueue -c "$pf/etc" -p | tail -n 20
	return 1
}

postfix_need() {
	[ "$(id -u)" = 0 ] || skip "Postfix wants root"
	for program in postfix postconf smtp-source swaks; do
		command -v $program >/dev/null || skip "$program is not installed"
	done
}
