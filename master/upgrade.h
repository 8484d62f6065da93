/*
 * Upgrade: when the master's program file is another than the one that runs,
 * a reload ends with executing it in place. Pid, children, listeners, pipes
 * and the checked configuration pass through a memfd; nobody else notices.
 */
#ifndef LOFT_MASTER_UPGRADE_H
#define LOFT_MASTER_UPGRADE_H

#include <stdbool.h>

struct err;
struct master;

/* Remember which program this is; at the start. */
void upgrade_init(struct master *m, const char *argv0);

/* Is there another program in its place that can be executed? */
bool upgrade_wanted(const struct master *m);

/* Execute it. Returns only when that failed, with everything as it was. */
void upgrade_execute(struct master *m);

/* The other side: the descriptor of the state, or -1 in a fresh start. */
int upgrade_state_fd(void);

/* Take over. The loop exists; afterwards m->now and the children do. -1 with
   err: the children end, because nobody knows them any more. */
int upgrade_resume(struct master *m, int state_fd, struct err *err);

#endif
