/*
 * Paths as MAIL and RCPT carry them: RFC 5321 section 4.1.2 with the UTF-8
 * of RFC 6531. Where Dovecot is laxer without harm, so is this: dots may
 * stand anywhere in a local part, and domain names may hold underscores.
 */
#ifndef LOFT_SMTP_PATH_H
#define LOFT_SMTP_PATH_H

#include <stdbool.h>

struct err;
struct pool;

enum smtp_path_flags {
	SMTP_PATH_EMPTY = 1,		/* "<>" is one */
	SMTP_PATH_SPACE = 2,		/* blanks may stand before it */
	SMTP_PATH_BARE = 4,		/* brackets may be missing */
	/* What has brackets around it but is no address counts as "<>": a
	   sender whom nobody could answer is no reason to bounce a mail. */
	SMTP_PATH_IGNORE_BROKEN = 8,
};

enum { SMTP_PATH_MAX = 1024 };

struct smtp_path {
	const char *localpart;	/* unquoted; "" for the null path */
	const char *domain;	/* literals with brackets; NULL: none given */
	/* As it is written between < and >: without source route, quoted only
	   where it must be. "" for the null path. */
	const char *text;
	bool utf8;		/* SMTPUTF8 is needed for it */
};

/* Parse the path at *textp, up to a blank or the end, and move *textp behind
   it. 0, or -1 with ERR_PROTO and Dovecot's words. Lives in pool. */
int smtp_path_parse(const char **textp, unsigned flags, struct pool *pool,
		    struct smtp_path *path_r, struct err *err);

/* "local@domain" with local quoted where it must be; domain may be NULL. */
const char *smtp_path_text(const char *localpart, const char *domain,
			   struct pool *pool);

/* The first complete address of a header field, written so; NULL when there
   is none. */
const char *smtp_path_of_field(const char *value, struct pool *pool);

/* Is it a domain or address literal, as LHLO should give? */
bool smtp_domain_valid(const char *domain);

#endif
