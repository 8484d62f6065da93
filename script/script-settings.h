/* Settings of the services that run programs. */
#ifndef LOFT_SCRIPT_SCRIPT_SETTINGS_H
#define LOFT_SCRIPT_SCRIPT_SETTINGS_H

#include "conf/settings.h"

#define SCRIPT_SETTINGS(X) \
	X(TIME, script_timeout, "5 mins", \
	  "How long the program of a script service may run when its client " \
	  "names no time; 0 means no limit.")

SETTINGS_STRUCT(script_settings, SCRIPT_SETTINGS);

#endif
