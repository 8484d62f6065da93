/*
 * Policy: how many workers should wait for clients? Pure arithmetic, without
 * processes; spawn.c has the mechanism.
 */
#ifndef LOFT_MASTER_AVAIL_H
#define LOFT_MASTER_AVAIL_H

#include <stdbool.h>

struct avail {
	unsigned min_avail;	/* process_min_avail */
	unsigned limit;		/* process_limit */
	unsigned total;		/* workers that live, or are being started */
	unsigned idle;		/* of them: waiting, or being started */
	bool client_waits;	/* in the backlog, with nobody idle to take it */
};

/* How many to start now. */
unsigned avail_start(const struct avail *a);

/* Should the master watch the listeners itself? Only while no worker does. */
bool avail_watch(const struct avail *a);

/* Do clients have to wait for a worker to become free? */
bool avail_exhausted(const struct avail *a);

/* How many of those idle for longer than idle_kill may be ended. */
unsigned avail_surplus(const struct avail *a);

#endif
