/*
 * A generation's processes, all services together: started, asked to end, and
 * freed with the last of them.
 */
#ifndef LOFT_MASTER_GENERATION_H
#define LOFT_MASTER_GENERATION_H

#include <stdbool.h>

#include "master/master.h"

/* Pipes for all, then the processes; not the log process of a reload, which
   waits until the old one is gone. False with lines in errors. */
bool generation_start(struct generation *gen, bool with_log,
		      struct str *errors);

/* Are templates and daemons ready? */
bool generation_ready(const struct generation *gen, bool with_log);

/* As many workers as each service wants. */
void generation_balance(struct generation *gen);

/* Ask all to end; sessions finish, unless end_sessions. It is an old one from
   now on. */
void generation_retire(struct generation *gen, bool end_sessions);

/* Workers that were asked for and aren't born yet; have all of the old
   generations' been? */
unsigned generation_unborn(const struct generation *gen);
bool generations_old_born(const struct master *m);

/* Old generations end with their last process. */
void generations_free_old(struct master *m);

#endif
