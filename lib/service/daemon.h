/*
 * The life of a process that stays and serves many at once over an event
 * loop (auth, log, stats): inherit, set up, drop privileges, run, end.
 */
#ifndef LOFT_SERVICE_DAEMON_H
#define LOFT_SERVICE_DAEMON_H

#include <stdbool.h>

#include "service/inherit.h"	/* struct service_listener */

struct conf;
struct err;
struct loop;

struct service_daemon {
	const char *name;	/* "auth" */
	/* Once, with the ids the process was started with (root): open what
	   only root may. -1 ends the process with status 89. May be NULL. */
	int (*init)(const struct conf *conf, struct err *err);
	/* As the service's user: watch the listeners (non-blocking, to be
	   accepted from by the daemon) in the loop. -1 as above. */
	int (*start)(const struct conf *conf, struct loop *loop,
		     const struct service_listener *listeners, unsigned count,
		     struct err *err);
	/* Told to end, or the master died: finish and call loop_stop(). NULL
	   stops the loop at once. */
	void (*stop)(bool orphan);
	/* The loop has ended: free what start() made in it. May be NULL. */
	void (*finish)(void);
	/* SIGUSR1; may be NULL. */
	void (*reopen)(void);
	bool no_limit;		/* vsz_limit doesn't count (log) */
};

/* Called from init(): stay what the process was started as (auth with a
   driver that reads shadow). */
void service_daemon_keep_ids(void);

/* Under the master (service_inherited()); returns the exit status. */
int service_daemon_run(const struct service_daemon *daemon);

#endif
