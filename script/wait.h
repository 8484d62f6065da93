/*
 * Waits of a script worker: for its client and for its program, both with an
 * eye on what the master wants.
 */
#ifndef LOFT_SCRIPT_WAIT_H
#define LOFT_SCRIPT_WAIT_H

#include <stdbool.h>

#include "core/clock.h"

enum wait_result {
	WAIT_READY,
	WAIT_TIMEOUT,
	WAIT_STOP,	/* the master stops, or is gone */
	WAIT_ERROR,	/* errno */
};

/* Until the descriptor reports one of these events (POLLIN, POLLOUT).
   WAIT_STOP comes only with heed_stop. */
enum wait_result wait_fd(int fd, short events, deadline_t deadline,
			 bool heed_stop);

#endif
