/*
 * Dot-stuffing, both ways; see dots.h.
 */
#include "smtp/dots.h"

#include <string.h>

#include "core/str.h"

/* Text up to a line start at which something other than text may stand. How
   much of data is text that can be given out as it is? Dots are what is
   looked for, for there are fewer of them than of lines. */
static size_t
plain_len(struct dots *d, const char *data, size_t len)
{
	const char *p = data, *end = data + len;

	if (d->state == DOTS_CR && *p == '\n') {
		d->state = DOTS_LINE_START;
		p++;
		if (p == end || *p == '.')
			return (size_t)(p - data);
	}
	while ((p = memchr(p, '.', (size_t)(end - p))) != NULL) {
		if (p - data >= 2 && p[-1] == '\n' && p[-2] == '\r') {
			d->state = DOTS_LINE_START;
			return (size_t)(p - data);
		}
		p++;
	}
	if (len >= 2 && end[-1] == '\n' && end[-2] == '\r')
		d->state = DOTS_LINE_START;
	else
		d->state = end[-1] == '\r' ? DOTS_CR : DOTS_MIDDLE;
	return len;
}

static void
take(const char **datap, size_t *lenp, size_t n)
{
	*datap += n;
	*lenp -= n;
}

/* Dots at a line start, and what follows them until it is clear whether it
   is the end. True: a CR turned out to be text. */
static bool
line_start(struct dots *d, const char **datap, size_t *lenp)
{
	if (d->state == DOTS_LINE_START && **datap == '.') {
		d->state = DOTS_DOT;
		take(datap, lenp, 1);
	}
	if (d->state == DOTS_DOT && *lenp > 0) {
		if (**datap == '\r') {
			d->state = DOTS_DOT_CR;
			take(datap, lenp, 1);
		} else {
			d->state = DOTS_MIDDLE;
		}
	}
	if (d->state == DOTS_DOT_CR && *lenp > 0) {
		if (**datap == '\n') {
			d->state = DOTS_END;
			take(datap, lenp, 1);
		} else {
			d->state = DOTS_CR;
			return true;
		}
	}
	return false;
}

bool
dots_next(struct dots *d, const char **datap, size_t *lenp,
	  const char **piece_r, size_t *piece_len_r)
{
	size_t n;

	if (*lenp == 0 || d->state == DOTS_END)
		return false;
	if (line_start(d, datap, lenp)) {
		*piece_r = "\r";
		*piece_len_r = 1;
		return true;
	}
	if (*lenp == 0 || d->state == DOTS_END)
		return false;
	n = plain_len(d, *datap, *lenp);
	*piece_r = *datap;
	*piece_len_r = n;
	take(datap, lenp, n);
	return true;
}

void
dots_stuff(struct dots_stuffer *st, const char *data, size_t len,
	   struct str *out)
{
	const char *end = data + len;

	while (data < end) {
		const char *lf = memchr(data, '\n', (size_t)(end - data));
		const char *text_end = lf != NULL ? lf : end;

		if (!st->in_line && *data == '.')
			str_append_c(out, '.');
		if (text_end > data) {
			str_append_n(out, data, (size_t)(text_end - data));
			st->last_cr = text_end[-1] == '\r';
		}
		st->in_line = true;
		if (lf == NULL)
			return;
		str_append(out, st->last_cr ? "\n" : "\r\n");
		*st = (struct dots_stuffer){ false, false };
		data = lf + 1;
	}
}

void
dots_stuff_end(struct dots_stuffer *st, struct str *out)
{
	if (st->in_line)
		str_append(out, st->last_cr ? "\n" : "\r\n");
	str_append(out, ".\r\n");
	*st = (struct dots_stuffer){ false, false };
}
