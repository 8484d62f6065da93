/*
 * From the local part of a recipient to the name of a user.
 */
#ifndef LOFT_SMTP_DETAIL_H
#define LOFT_SMTP_DETAIL_H

#include <stdbool.h>

struct pool;

/* Part a local part at the first of the delimiter's characters. */
void smtp_detail_split(const char *localpart, const char *delimiters,
		       struct pool *pool, const char **user_r,
		       const char **detail_r);

/* The name of that user in a domain (NULL: none), in pool. A user with an @
   of his own is quoted: "a@b"@c isn't a at b@c. */
const char *smtp_user_name(const char *user, const char *domain,
			   struct pool *pool);

/* Could the name lead elsewhere where it is put into a path? No part between
   slashes may be "." or "..", and none of it may be empty. */
bool smtp_name_is_safe(const char *name);

#endif
