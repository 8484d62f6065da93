/*
 * SMTP replies (RFC 5321 section 4.2) with enhanced status codes (RFC 2034):
 * writing them, and reading those of others.
 */
#ifndef LOFT_SMTP_REPLY_H
#define LOFT_SMTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct str;

/* Append "CODE ENHANCED text\r\n"; enhanced may be NULL. Lines in text (split
   by '\n') become a reply of several lines. */
void smtp_reply_append(struct str *out, unsigned code, const char *enhanced,
		       const char *text);

struct smtp_reply {
	unsigned code;		/* 0 before the first line */
	struct str *text;	/* the caller's: lines joined by '\n', without
				   the code */
};

/* Add one line (without its end) to a reply that begins with code 0 and an
   empty text. 1: it was the last, 0: more follow, -1: that is no reply. */
int smtp_reply_add_line(struct smtp_reply *reply, const char *line,
			size_t len, struct err *err);

#endif
