/*
 * A service at work: enough workers by the policy of avail.c, restarts after
 * deaths, and what happens at process_limit.
 */
#ifndef LOFT_MASTER_WORKERS_H
#define LOFT_MASTER_WORKERS_H

#include <stdbool.h>

struct service;

/* Pipes, timers, and the template, daemon or log process (not the last in a
   reload, where the old one must end first). -1 with err. */
struct err;
int workers_prepare(struct service *service, struct err *err);

/* Start what is missing, watch listeners where nobody else does. */
void workers_balance(struct service *service);

/* A process of the service died; `birth`: without having been of use, so
   the next one waits a little. */
void workers_lost(struct service *service, bool birth);

/* What workers have said so far, before somebody acts on it. */
void workers_read_reports(struct service *service);

/* A worker has died, of whatever generation: wake the idle ones if a client
   waits. */
void workers_look(struct service *service);

/* No more balance: stop watching and waiting. */
void workers_freeze(struct service *service);

/* Give back what workers_prepare() took. */
void workers_release(struct service *service);

#endif
