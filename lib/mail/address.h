/*
 * Addresses in header fields (RFC 5322 section 3.4, with the obsolete forms
 * that mail in the wild has). For what comes in SMTP commands see
 * smtp/path.h.
 */
#ifndef LOFT_MAIL_ADDRESS_H
#define LOFT_MAIL_ADDRESS_H

#include <stdbool.h>

struct pool;

struct address {
	const char *local;	/* unquoted; "" when missing */
	const char *domain;	/* "" when missing */
};

/* The next mailbox of a list: *p begins as the field's value and moves on.
   Display names, comments, routes and names of groups are passed over; what
   can't be parsed is skipped up to the next comma. False at the end. */
bool address_next(const char **p, struct pool *pool, struct address *addr_r);

/* "local@domain" of the first complete mailbox in a field, in pool; NULL
   when there is none. */
const char *address_first(const char *value, struct pool *pool);

#endif
