/*
 * The table of children: who lives, what they said, how they died.
 */
#ifndef LOFT_MASTER_PROCESS_H
#define LOFT_MASTER_PROCESS_H

#include "master/master.h"

/* A child of that service; pid 0 is a worker asked for and not yet born. */
struct process *process_new(struct service *service, enum process_kind kind,
			    pid_t pid);

/* Our end of a template's or daemon's socket; the process owns it. */
void process_set_control(struct process *p, int fd);

/* A worker's state; idle workers are counted. */
void process_set_state(struct process *p, enum process_state state);

/* Send a signal; told: its end will be no news. */
void process_signal(struct process *p, int signo, bool told);

/* A template is to end after what it was asked so far. */
void process_retire_template(struct service *service);

/* Read what templates said, then wait for all who died. */
void process_reap(struct master *m);

/* A worker reported: find it, or adopt it, or NULL when it is a stranger. */
struct process *process_reported(struct service *service, pid_t pid,
				 unsigned slot);

#endif
