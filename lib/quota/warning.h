/*
 * Starting a script service, as quota warnings do: its socket takes the
 * arguments, and the answer isn't waited for.
 */
#ifndef LOFT_QUOTA_WARNING_H
#define LOFT_QUOTA_WARNING_H

struct err;
struct pool;

/* command is "SOCKET ARG ARG…", the socket's path below base_dir unless it is
   absolute ("unix:" in front is allowed); `last` is one more argument, or
   NULL. -1 with ERR_TEMP. */
int script_start(const char *command, const char *last, const char *base_dir,
		 struct pool *pool, struct err *err);

#endif
