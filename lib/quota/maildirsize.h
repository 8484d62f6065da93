/*
 * The text of a maildirsize file (Maildir++): the limits in the first line,
 * then a line "OCTETS MESSAGES" for the sum at the last count and for each
 * change since.
 */
#ifndef LOFT_QUOTA_MAILDIRSIZE_H
#define LOFT_QUOTA_MAILDIRSIZE_H

#include <stdbool.h>
#include <stddef.h>

#include "quota/rules.h"

enum {
	MAILDIRSIZE_MAX = 5120,		/* octets; beyond: count anew */
	MAILDIRSIZE_STALE = 15 * 60,	/* seconds; so old, and over: too */
	MAILDIRSIZE_LINE_MAX = 64,
};

struct maildirsize {
	struct quota_limit limit;
	struct quota_usage usage;
	unsigned lines;		/* behind the first */
};

/* "1000000S,10C", as in the first line; "NOQUOTA" is none. What can be read
   of it is set; false when that isn't all. */
bool maildirsize_parse_limit(const char *text, size_t len,
			     struct quota_limit *limit_r);

/* The whole file. False when it is broken; a last line without its end (just
   being written) doesn't count. The limit is set even then. */
bool maildirsize_parse(const char *text, size_t len, struct maildirsize *m_r);

/* The limits of a first line, without its end. */
void maildirsize_format_limit(char out[MAILDIRSIZE_LINE_MAX],
			      const struct quota_limit *limit);

#endif
