/*
 * What a worker is doing: its slot in the shared board (read by the master
 * for `loftctl who` and `process status`) and, with verbose_proctitle, its
 * title. Cheap enough for every command: no system call but for a title.
 */
#ifndef LOFT_SERVICE_STATUS_H
#define LOFT_SERVICE_STATUS_H

enum status_state {
	STATUS_IDLE,		/* waits for a client */
	STATUS_SESSION,		/* has one, outside a transaction */
	STATUS_TRANSACTION,	/* MAIL was accepted */
	STATUS_DATA,		/* a message is in flight */
};

/* user, peer and what ("RCPT TO", "DATA") may be NULL. Does nothing in a
   process that has no board (run by hand). */
void status_set(enum status_state state, const char *user, const char *peer,
		const char *what);

/* Deliveries to a user that this process has begun, for limits that hold over
   all workers. add: how many there are now, with this one; 0 where they can't
   be counted. drop: not that one after all. clear: all are finished. */
unsigned status_user_add(const char *user);
void status_user_drop(void);
void status_users_clear(void);

#endif
