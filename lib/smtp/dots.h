/*
 * The message text behind DATA (RFC 5321 section 4.5.2): ends at CRLF.CRLF
 * and at nothing else, dots at line starts are taken off only behind CRLF.
 * A bare CR or LF never begins or ends a line here: what two programs could
 * read differently stays data (SMTP smuggling).
 */
#ifndef LOFT_SMTP_DOTS_H
#define LOFT_SMTP_DOTS_H

#include <stdbool.h>
#include <stddef.h>

struct str;

enum dots_state {
	DOTS_LINE_START,	/* at the beginning, or behind CRLF */
	DOTS_DOT,		/* behind a dot at a line start */
	DOTS_DOT_CR,		/* behind dot and CR at a line start */
	DOTS_MIDDLE,
	DOTS_CR,		/* behind a CR, which has been given out */
	DOTS_END,		/* CRLF.CRLF was seen */
};

struct dots {
	enum dots_state state;
};

#define DOTS_INIT ((struct dots){ DOTS_LINE_START })

/* Take the next piece of message out of the input at *datap, which moves on.
   True: *piece_r is message text (in the input, or static). False: the input
   is used up, or the text has ended (d->state is DOTS_END, and *datap stands
   behind its end). */
bool dots_next(struct dots *d, const char **datap, size_t *lenp,
	       const char **piece_r, size_t *piece_len_r);

/* The other direction: append text to out with a dot put before each dot at
   a line start, and bare LFs made CRLF. Begins as zeroes, kept between
   calls. */
struct dots_stuffer {
	bool in_line, last_cr;
};
void dots_stuff(struct dots_stuffer *st, const char *data, size_t len,
		struct str *out);

/* End a last line that has no end, and the text. */
void dots_stuff_end(struct dots_stuffer *st, struct str *out);

#endif
