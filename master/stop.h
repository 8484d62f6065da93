/*
 * The end of the daemon: who serves goes first, who is asked next, who writes
 * logs last; who doesn't go is killed.
 */
#ifndef LOFT_MASTER_STOP_H
#define LOFT_MASTER_STOP_H

struct master;

/* Those who wait in the backlog get an answer, from a worker made for it if
   there is none; before anybody is told to end. */
void stop_answer_backlog(struct master *m);

/* Tell all sessions, and begin to wait. */
void stop_begin(struct master *m);

/* Somebody is gone: ask the next. */
void stop_step(struct master *m);

#endif
