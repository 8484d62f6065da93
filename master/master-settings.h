/* Settings of the master alone. */
#ifndef LOFT_MASTER_SETTINGS_H
#define LOFT_MASTER_SETTINGS_H

#include "conf/settings.h"

#define MASTER_SETTINGS(X) \
	X(STR, libexec_dir, LIBEXECDIR, \
	  "Directory of the programs that services execute.") \
	X(STR, protocols, "", \
	  "Protocols to serve; unset acts as lmtp.") \
	X(STR, listen, "*, ::", \
	  "Default addresses of inet listeners: *, ::, addresses, names.") \
	X(STR, loft_services, "lmtp auth stats quota-status script", \
	  "Services whose listeners Loft binds; script stands for all that " \
	  "run the program script.") \
	X(UINT, default_process_limit, "100", \
	  "process_limit of services that don't set it.") \
	X(UINT, default_client_limit, "1000", \
	  "client_limit of services that don't set it.") \
	X(SIZE, default_vsz_limit, "256 M", \
	  "vsz_limit of services that don't set it.") \
	X(TIME, default_idle_kill, "1 mins", \
	  "idle_kill of services that don't set it.") \
	X(STR, import_environment, \
	  "TZ CORE_OUTOFMEM CORE_ERROR LISTEN_PID LISTEN_FDS NOTIFY_SOCKET", \
	  "Environment variables that pass to the services; NAME=value sets " \
	  "one.")

SETTINGS_STRUCT(master_settings, MASTER_SETTINGS);

#endif
