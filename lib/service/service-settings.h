/*
 * What stands inside `service NAME { }` and its listeners. 0 means the
 * default_* setting of the same name where there is one.
 */
#ifndef LOFT_SERVICE_SERVICE_SETTINGS_H
#define LOFT_SERVICE_SERVICE_SETTINGS_H

#include "conf/settings.h"

#define SERVICE_SETTINGS(X) \
	X(STR, executable, "", \
	  "Program and arguments; relative to libexec_dir.") \
	X(STR, type, "", \
	  "Kind of service, as Dovecot names it; for information.") \
	X(STR, protocol, "", \
	  "Run the service only when protocols has this word.") \
	X(STR, user, "", \
	  "User the processes run as; empty means the master's.") \
	X(STR, group, "", \
	  "Group the processes run as; empty means the user's own.") \
	X(STR, privileged_group, "", \
	  "A further supplementary group.") \
	X(STR, extra_groups, "", \
	  "Further supplementary groups, separated by commas or blanks.") \
	X(STR, chroot, "", \
	  "Directory to chroot into, absolute or below base_dir.") \
	X(BOOL, drop_priv_before_exec, "no", \
	  "Change user before the program is executed.") \
	X(UINT, process_min_avail, "0", \
	  "Idle processes kept ahead of need.") \
	X(UINT, process_limit, "0", \
	  "Most processes at a time; 0 means default_process_limit.") \
	X(UINT, client_limit, "0", \
	  "Connections per process; 0 means default_client_limit.") \
	X(UINT, service_count, "0", \
	  "Connections after which a process ends; 0 means no limit.") \
	X(TIME, idle_kill, "0", \
	  "End processes that were idle for so long; 0 means " \
	  "default_idle_kill.") \
	X(SIZE, vsz_limit, "18446744073709551615 B", \
	  "Memory limit of a process; unset means default_vsz_limit.")

SETTINGS_STRUCT(service_settings, SERVICE_SETTINGS);

#define UNIX_LISTENER_SETTINGS(X) \
	X(MODE, mode, "0600", \
	  "Permissions of the socket; 0 turns the listener off.") \
	X(STR, user, "", "Owner of the socket; empty means the master's user.") \
	X(STR, group, "", "Group of the socket; empty means the owner's.")

SETTINGS_STRUCT(unix_listener_settings, UNIX_LISTENER_SETTINGS);

/* A fifo_listener has the same keys. */
#define FIFO_LISTENER_SETTINGS(X) UNIX_LISTENER_SETTINGS(X)
SETTINGS_STRUCT(fifo_listener_settings, FIFO_LISTENER_SETTINGS);

#define INET_LISTENER_SETTINGS(X) \
	X(STR, address, "", \
	  "Addresses or names, separated by blanks or commas; empty means " \
	  "the setting listen.") \
	X(PORT, port, "0", "TCP port; 0 turns the listener off.") \
	X(BOOL, ssl, "no", "Speak TLS from the first octet.") \
	X(BOOL, reuse_port, "no", "Set SO_REUSEPORT.") \
	X(BOOL, haproxy, "no", \
	  "Expect a PROXY header (from haproxy_trusted_networks only).")

SETTINGS_STRUCT(inet_listener_settings, INET_LISTENER_SETTINGS);

#endif
