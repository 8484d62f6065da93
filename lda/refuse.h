/*
 * What becomes of a message that can't be delivered for good: its sender is
 * told, or the caller is (-e).
 */
#ifndef LOFT_LDA_REFUSE_H
#define LOFT_LDA_REFUSE_H

#include <stdbool.h>

struct delivery;
struct pool;

/* Is this failure one that will not go away? */
bool refuse_is_due(const struct delivery *d);

/* Tell them; the exit status. reply_to is whom a mail goes to, "" is nobody;
   with_status: no mail, but a line on standard error and status 77. */
int refuse(const struct delivery *d, const char *reply_to, bool with_status,
	   struct pool *pool);

#endif
