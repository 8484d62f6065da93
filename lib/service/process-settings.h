/* Settings that every process of the daemon may need. */
#ifndef LOFT_SERVICE_PROCESS_SETTINGS_H
#define LOFT_SERVICE_PROCESS_SETTINGS_H

#include "conf/settings.h"

#define PROCESS_SETTINGS(X) \
	X(STR, base_dir, RUNSTATEDIR "/loft", \
	  "Run-time directory: sockets, pid file; relative socket paths lie " \
	  "below it.") \
	X(STR, state_dir, LOCALSTATEDIR "/lib/loft", \
	  "Directory for what must survive a reboot.") \
	X(STR, instance_name, "loft", \
	  "Name of this instance in process titles and logs.") \
	X(BOOL, verbose_proctitle, "no", \
	  "Show client, user and state in process titles.") \
	X(BOOL, shutdown_clients, "no", \
	  "End running sessions at a reload (never inside a message); no " \
	  "lets them finish with the old settings.") \
	X(STR, default_internal_user, "loft", \
	  "User of the processes that touch no mail; when unset and missing, " \
	  "dovecot or nobody.") \
	X(STR, default_internal_group, "loft", \
	  "Group of those processes; when unset, the user's own.") \
	X(STR, default_login_user, "dovenull", \
	  "User as which a root worker rests between deliveries; when unset " \
	  "and missing, nobody.")

SETTINGS_STRUCT(process_settings, PROCESS_SETTINGS);

#endif
