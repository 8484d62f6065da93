/*
 * The client side of LMTP and SMTP: one connection, commands sent ahead and
 * their replies read in order, a deadline on every wait. Used by loft-send;
 * it decides nothing about what a reply means for a message.
 */
#ifndef LOFT_SMTP_CLIENT_H
#define LOFT_SMTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/clock.h"
#include "core/str.h"
#include "smtp/reply.h"

struct err;
struct stream;

enum smtp_ext {
	SMTP_EXT_PIPELINING = 1 << 0,
	SMTP_EXT_8BITMIME = 1 << 1,
	SMTP_EXT_SIZE = 1 << 2,
	SMTP_EXT_CHUNKING = 1 << 3,
	SMTP_EXT_STARTTLS = 1 << 4,
	SMTP_EXT_SMTPUTF8 = 1 << 5,
	SMTP_EXT_DSN = 1 << 6,
	SMTP_EXT_ENHANCEDSTATUSCODES = 1 << 7,
	SMTP_EXT_IGNOREQUOTA = 1 << 8,
};

struct smtp_client {
	struct stream *stream;	/* owned */
	bool lmtp;
	int64_t timeout_ms;	/* for each wait */
	unsigned exts;		/* after smtp_client_hello() */
	unsigned rcpt_max;	/* LIMITS RCPTMAX=, 0: nothing was said */
	struct smtp_reply reply;	/* the last one read */
	struct str text;	/* its text */
	struct str line;	/* of smtp_client_reply_line() */
	/* Shown what goes over the wire, line by line; may be NULL. */
	void (*trace)(char direction, const char *line, size_t len);
};

/* Takes over the stream. */
void smtp_client_init(struct smtp_client *c, struct stream *stream,
		      bool lmtp, int64_t timeout_ms);
void smtp_client_deinit(struct smtp_client *c);

/* Queue a command line (without CRLF) or raw data; sent when the queue is
   long and before a reply is read. */
int smtp_client_send(struct smtp_client *c, struct err *err, const char *fmt,
		     ...) __attribute__((format(printf, 3, 4)));
int smtp_client_write(struct smtp_client *c, const char *data, size_t len,
		      struct err *err);

/* Read one whole reply into c->reply. 0, or -1: the connection is lost. */
int smtp_client_read(struct smtp_client *c, struct err *err);

/* Say LHLO or EHLO (HELO where that is refused); fills exts. -1 with the
   server's words when it won't have us. */
int smtp_client_lhlo(struct smtp_client *c, const char *name,
		     struct err *err);

/* Send STARTTLS and read the reply; TLS is the caller's business then. -1
   also where it isn't offered. */
int smtp_client_starttls(struct smtp_client *c, struct err *err);

/* Read the greeting, then the same. */
int smtp_client_hello(struct smtp_client *c, const char *name,
		      struct err *err);

/* The reply as one line, "550 5.1.1 …", valid until the next one. */
const char *smtp_client_reply_line(struct smtp_client *c);

#endif
