/*
 * The trace field that a delivery puts in front of a message (RFC 5321
 * section 4.4), in the shape in which Dovecot writes it.
 */
#ifndef LOFT_MAIL_TRACE_H
#define LOFT_MAIL_TRACE_H

#include <time.h>

struct str;

struct trace {
	const char *client;	/* the name given with LHLO */
	const char *client_ip;	/* as text; NULL for unix sockets and pipes */
	const char *hostname;	/* ours */
	const char *protocol;	/* "LMTP", "LMTPS" */
	const char *session_id;
	const char *sender;	/* envelope; "" is the null sender */
	const char *recipient;	/* NULL: several, so that none is told */
	const char *tls;	/* "TLSv1.3 with cipher X (256/256 bits)", or
				   NULL without TLS */
	time_t when;
};

/* Append a whole Received field, folded, with LF line ends. */
void header_received(struct str *out, const struct trace *trace);

#endif
