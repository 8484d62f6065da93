/*
 * A received message to look at: sizes and header fields. The content stays
 * in the spool; the header is parsed once, when first asked for.
 */
#ifndef LOFT_MAIL_MESSAGE_H
#define LOFT_MAIL_MESSAGE_H

#include <stdbool.h>

struct message;
struct pool;
struct spool;

/* A view on a finished spool, which must outlive it. Lives in pool. */
struct message *message_open(struct spool *spool, struct pool *pool);

struct spool *message_spool(const struct message *msg);

/* The first field of that name (any case), unfolded, without blanks around;
   NULL when there is none. Lives in the message's pool. */
const char *message_header(struct message *msg, const char *name);

/* Fields of that name one after the other: *at begins as 0 and is where the
   next look goes on; false when there are no more. Values are as above, and
   are not read at all when value_r is NULL. */
bool message_header_next(struct message *msg, const char *name, unsigned *at,
			 const char **value_r);

/* Is there a field whose name begins with this, in any case? */
bool message_has_prefix(struct message *msg, const char *prefix);

/* The Message-ID for logs, or NULL. */
const char *message_id(struct message *msg);

#endif
