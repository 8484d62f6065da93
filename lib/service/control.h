/*
 * Asking the master, over $base_dir/master: one line goes, "OK" or "FAIL"
 * and further lines come back, then the end of file. Used by `loft reload`,
 * `loft stop` and loftctl; the master's side is master/control.c.
 */
#ifndef LOFT_SERVICE_CONTROL_H
#define LOFT_SERVICE_CONTROL_H

struct err;
struct pool;
struct str;

/* 1 when it was done, 0 when the master refused (the reasons are in answer),
   -1 when nobody could be asked. answer gets the lines after the first. A
   STOP is answered when the master is gone. */
int control_ask(const char *base_dir, const char *command,
		unsigned timeout_secs, struct str *answer, struct err *err);

/* The base_dir that the file's own lines tell, else the default: for when
   the configuration as a whole can't be read. In pool. */
const char *control_guess_dir(const char *file, struct pool *pool);

#endif
