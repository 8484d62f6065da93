/*
 * What Postfix asks (its policy delegation protocol): lines "name=value", an
 * empty line at the end. Only the recipient and the size count here.
 */
#ifndef LOFT_QUOTA_STATUS_POLICY_H
#define LOFT_QUOTA_STATUS_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct pool;

enum {
	POLICY_LINE_MAX = 16 << 10,	/* longer ones are passed over */
	POLICY_LINES_MAX = 1000,	/* in a request */
};

struct policy_request {
	const char *recipient;	/* NULL: not said, or empty; in pool */
	bool recipient_seen;	/* the first one counts */
	uint64_t size;		/* 0: not known */
	unsigned lines;
};

/* One line without its end. 1: the request is whole, 0: more is to come, -1:
   there are too many lines. */
int policy_line(struct policy_request *req, const char *line, size_t len,
		struct pool *pool);

/* Whom a recipient's mail is for: the name to look up, without detail; ""
   when nobody can be called so. Postfix sends addresses as it has them inside,
   without quotes; with quotes or brackets they are understood, too. -1: it is
   no address. */
int policy_user(const char *recipient, const char *delimiters,
		struct pool *pool, const char **name_r, struct err *err);

#endif
