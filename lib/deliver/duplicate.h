/*
 * What was done for a user and is not to be done again for a while: senders
 * who were told, answered or forwarded. The marks are in the user's home, in
 * the file (and form) in which Dovecot keeps its own, so that both may serve
 * the same user: .dovecot.lda-dupes. Nothing here ever fails a delivery: what
 * can't be read has not been done, what can't be written is forgotten, and
 * the log says why.
 *
 * All calls are made with the user's ids.
 */
#ifndef LOFT_DELIVER_DUPLICATE_H
#define LOFT_DELIVER_DUPLICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct duplicates;
struct logctx;

enum { DUPLICATE_ID_MAX = 1024 };	/* longer names are never marked */

/* One user's marks. home NULL means that there are none. log must live until
   the close. Nothing is opened yet. */
struct duplicates *duplicates_open(const char *home, const char *user,
				   const struct logctx *log);

/* Is there a mark of this name (any octets) that hasn't expired? From here to
   the close others who ask for the same wait for us, within a deadline. */
bool duplicates_has(struct duplicates *dups, const void *id, size_t len);

/* Mark it until then; written when closed. */
void duplicates_add(struct duplicates *dups, const void *id, size_t len,
		    time_t until);

/* Write what was added, let others in. */
void duplicates_close(struct duplicates **dupsp);

#endif
