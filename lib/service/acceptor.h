/*
 * Where a worker waits for its next client. All idle workers of a service
 * wait at the same listeners, and the kernel wakes one of them for a client
 * (EPOLLEXCLUSIVE), the same few again and again while they suffice: their
 * caches are warm.
 *
 * Who is woken must take the client, or end: the others sleep on. After a
 * worker's end the master looks whether a client waits, and wakes the idle
 * ones by a signal (workers_look() in master/workers.c). A signal therefore
 * means: try all listeners. Who comes from a client tries them, too.
 */
#ifndef LOFT_SERVICE_ACCEPTOR_H
#define LOFT_SERVICE_ACCEPTOR_H

#include <signal.h>
#include <stdbool.h>

struct acceptor;
struct err;
struct service_client;
struct service_listener;

/* In the worker itself, not before its fork. watch_fd ends a wait, too.
   Descriptors above the listeners' are taken. NULL with err. */
struct acceptor *acceptor_new(const struct service_listener *listeners,
			      unsigned count, int watch_fd, struct err *err);
void acceptor_free(struct acceptor **ap);

/* Wait at most so long (-1: for ever) with this mask. True when a client may
   be there. */
bool acceptor_wait(struct acceptor *a, int wait_ms, const sigset_t *mask);

/* The next wait is none: its answer is that a client may be anywhere. */
void acceptor_try_all(struct acceptor *a);

/* Take a client where the last wait saw one, the listeners in turn. 1, or 0
   when none was there after all, or -1 when there is no room for one (errno
   tells; clients wait). */
int acceptor_take(struct acceptor *a, struct service_client *client);

#endif
