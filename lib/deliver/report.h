/*
 * What reports about mail have in common (RFC 6522): the fields at the top,
 * a part for readers, a part for programs, and the header of the message that
 * is reported on. Used for delivery reports (report-delivered.c) and for
 * rejections (reject.c), which write the middle themselves.
 */
#ifndef LOFT_DELIVER_REPORT_H
#define LOFT_DELIVER_REPORT_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct message;
struct pool;
struct str;
struct vars;

struct report {
	const char *hostname;
	const char *from;	/* a whole mailbox, see report_postmaster() */
	const char *to;		/* an address */
	const char *subject;	/* one line, in UTF-8 */
	const char *auto_submitted;	/* "auto-replied" and what follows */
	bool is_bulk;		/* say so to programs that answer mail */
	const char *type;	/* "delivery-status" */
	bool utf8;		/* an address in it needs RFC 6533's types */
	struct message *message;	/* the one that is reported on */
	struct pool *pool;
	const char *boundary;	/* filled by report_begin() */
};

/* postmaster_address as a mailbox for From: a name, "Postmaster" where it has
   none, and the address. -1 when it holds no address. */
int report_postmaster(const char *setting, const char *hostname,
		      const struct vars *vars, struct pool *pool,
		      const char **from_r, struct err *err);

/* The message's Message-ID, if it can stand in a header of ours; or NULL. */
const char *report_message_id(struct message *msg);

/* The header and a beginning that readers without MIME see. LF line ends. */
void report_begin(struct str *out, struct report *r);

/* Begin the part for readers, with text in UTF-8 to follow. */
void report_text_part(struct str *out, const struct report *r);

/* Begin the part for programs: message/TYPE, an empty line to be its end. */
void report_status_part(struct str *out, const struct report *r);

/* "rfc822; a@b", or "utf-8; …": how such a part names an address. */
void report_address(struct str *out, const char *field, const char *address);

/* The header of the message, and the end. Whole: as a message without body
   (and therefore without its Content-Type), as Dovecot does it; else as
   text/rfc822-headers. */
void report_end(struct str *out, const struct report *r, bool as_message);

#endif
