/*
 * ESMTP parameters behind a path (RFC 5321 section 4.1.2) and the xtext and
 * typed addresses that DSN puts into them (RFC 3461 section 4).
 */
#ifndef LOFT_SMTP_PARAMS_H
#define LOFT_SMTP_PARAMS_H

struct err;
struct pool;

struct smtp_param {
	const char *name;	/* in upper case; NULL ends the array */
	const char *value;	/* NULL: without '=' */
};

/* "NAME=value" or "NAME", in place. NULL, or what is wrong with it. */
const char *smtp_param_parse(char *word, struct smtp_param *param);

/* Parse what stands behind a path ("" or " A=b C"). 0, or -1 with ERR_PROTO:
   grammar, or a parameter that comes twice. UTF-8 in values is let through:
   whether it may be there depends on SMTPUTF8. Lives in pool. */
int smtp_params_parse(const char *text, const char *command,
		      struct pool *pool, struct smtp_param **params_r,
		      struct err *err);

/* xtext: "+2B" is "+". NULL when it is none. */
char *smtp_xtext_decode(const char *text, struct pool *pool);
char *smtp_xtext_encode(const char *text, struct pool *pool);

struct smtp_orcpt {
	const char *type;	/* "rfc822" */
	const char *addr;	/* decoded */
};

/* The value of ORCPT=. -1 with ERR_PROTO. */
int smtp_orcpt_parse(const char *value, struct pool *pool,
		     struct smtp_orcpt *orcpt_r, struct err *err);

/* The value of ENVID=, decoded; NULL when it is none. */
const char *smtp_envid_parse(const char *value, struct pool *pool);

enum smtp_notify {
	SMTP_NOTIFY_NEVER = 1 << 0,
	SMTP_NOTIFY_SUCCESS = 1 << 1,
	SMTP_NOTIFY_FAILURE = 1 << 2,
	SMTP_NOTIFY_DELAY = 1 << 3,
};

/* The value of NOTIFY= as flags; 0 when it is wrong. */
unsigned smtp_notify_parse(const char *value);

#endif
