/* Where log lines go (core/log-file.h writes them). */
#ifndef LOFT_SERVICE_LOG_SETTINGS_H
#define LOFT_SERVICE_LOG_SETTINGS_H

#include "conf/settings.h"

#define LOG_SETTINGS(X) \
	X(STR, log_path, "syslog", \
	  "File for errors and warnings, or syslog, or /dev/stderr.") \
	X(STR, info_log_path, "", \
	  "File for informational lines; empty means log_path.") \
	X(STR, debug_log_path, "", \
	  "File for debug lines; empty means info_log_path.") \
	X(STR, log_timestamp, "%b %d %H:%M:%S ", \
	  "strftime(3) format in front of each line of a log file.") \
	X(STR, syslog_facility, "mail", \
	  "Facility of syslog lines.")

SETTINGS_STRUCT(log_settings, LOG_SETTINGS);

#endif
