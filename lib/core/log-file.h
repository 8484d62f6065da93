/*
 * The sink that writes log files or syslog itself: used by the log process,
 * by `lmtp -L`, by loft-lda and by programs run by hand. Where lines go:
 * errors and warnings to log_path, info to info_log_path (default log_path),
 * debug to debug_log_path (default info_log_path). Each is a path, "syslog"
 * or "/dev/stderr".
 */
#ifndef LOFT_CORE_LOG_FILE_H
#define LOFT_CORE_LOG_FILE_H

#include "core/log.h"

struct err;

struct log_file_settings {
	const char *log_path;		/* "" counts as "syslog" */
	const char *info_log_path;	/* "" = log_path */
	const char *debug_log_path;	/* "" = info_log_path */
	const char *log_timestamp;	/* strftime(3); not used for syslog */
	const char *syslog_facility;	/* "mail", "local0", ... */
	const char *ident;		/* name in syslog; must outlive this */
};

/* Open what the settings name (strings are copied, except ident). -1 with
   the reason when a file can't be opened; nothing is changed then. */
int log_file_open(const struct log_file_settings *set, struct err *err);

/* Open the files anew under the same names (SIGUSR1 after a rotation);
   a file that can't be opened keeps its old descriptor. */
int log_file_reopen(struct err *err);

/* The sink, for log_set_sink(); usable after log_file_open(). Write errors
   are ignored (there is nowhere to tell them) but a full disk is tried again
   at the next line. */
void log_sink_file(enum log_level level, const char *line, size_t len);

/* Between these two, lines for files are gathered and then written with one
   call per file: for the log process, which reads many at once. */
void log_file_begin(void);
void log_file_end(void);

/* Is it the name of a syslog facility? */
bool log_file_facility(const char *name, int *facility_r);

#endif
