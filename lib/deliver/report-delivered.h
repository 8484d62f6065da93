/*
 * The report that a message was delivered (RFC 3461 section 6, RFC 3464), as
 * the sender asked for it with NOTIFY=SUCCESS.
 */
#ifndef LOFT_DELIVER_REPORT_DELIVERED_H
#define LOFT_DELIVER_REPORT_DELIVERED_H

#include <stddef.h>
#include <time.h>

struct message;
struct pool;
struct str;

struct report_recipient {
	const char *address;
	const char *orig_type, *orig;	/* ORCPT; NULL: none */
};

struct report_delivered {
	const char *hostname;
	const char *from;	/* as report_postmaster() has it */
	const char *to;		/* the sender of the message */
	const char *envid;	/* NULL: none */
	time_t arrived;
	const struct report_recipient *recipients;
	size_t recipient_count;
	struct message *message;
	struct pool *pool;
};

/* Append the whole report with LF line ends. */
void report_delivered_write(struct str *out,
			    const struct report_delivered *d);

#endif
