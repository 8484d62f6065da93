/*
 * Listeners: from settings to descriptors, kept across a reload by key.
 */
#ifndef LOFT_MASTER_LISTEN_H
#define LOFT_MASTER_LISTEN_H

#include <stdbool.h>

#include "core/clock.h"

struct err;
struct generation;
struct listener;
struct service;
struct str;

/* Read the service's listeners out of the configuration; lines in errors. */
void listeners_configure(struct service *service, struct str *errors);

/* By key: in a service, in a generation; NULL when there is none. */
struct listener *listeners_find_in(const struct service *service,
				   const char *key);
struct listener *listeners_find(const struct generation *gen,
				const char *key);

/* Open one; an address in use is tried again until the deadline. -1 with
   err. */
int listener_open(struct listener *l, deadline_t deadline, struct err *err);

/* Give the file of a unix socket or fifo to its configured owner. */
int listener_set_owner(const struct listener *l, struct err *err);

/* Open all of a generation; those that `old` (NULL for none) has open under
   the same key are taken from there. False with lines in errors: nothing new
   is left open then. Waits up to half a second for addresses in use. */
bool listeners_open(struct generation *gen, struct generation *old,
		    struct str *errors);

/* This process is who listens from now on (after daemonize(): another master
   that finds the socket in use asks for the pid). */
void listeners_adopt(const struct generation *gen);

/* An open descriptor from the master that was executed before; closed when
   the generation has no such listener. */
void listeners_give(struct generation *gen, const char *key, int fd);

/* Open what nobody gave; failures are logged. */
void listeners_complete(struct generation *gen);

/* At a stop: nobody shall find a service's unix sockets any more. */
void listeners_unlink(const struct service *service);

/* After the swap: what was taken is the new generation's alone. */
void listeners_commit(struct generation *gen, struct generation *old);

/* Close what is open, and remove the files of unix sockets. */
void listeners_close(struct generation *gen);

/* Is a client waiting at one of them? Asks the kernel, does not wait. */
bool listeners_waiting(const struct service *service);

/* The addresses of one word of `address` or `listen`: "*", "::", "[::1]",
   numbers and names. Calls back for each; -1 with the reason. */
struct sockaddr;
int listen_addresses(const char *word, unsigned port,
		     void (*found)(void *arg, const struct sockaddr *sa,
				   unsigned len), void *arg,
		     struct err *err);

#endif
