/*
 * SMTP replies; see reply.h.
 */
#include "smtp/reply.h"

#include <string.h>

#include "core/err.h"
#include "core/str.h"

void
smtp_reply_append(struct str *out, unsigned code, const char *enhanced,
		  const char *text)
{
	for (;;) {
		size_t len = strcspn(text, "\n");
		bool last = text[len] == '\0';
		const char head[] = {
			(char)('0' + code / 100 % 10),
			(char)('0' + code / 10 % 10),
			(char)('0' + code % 10), last ? ' ' : '-',
		};

		str_append_n(out, head, sizeof(head));
		if (enhanced != NULL) {
			str_append(out, enhanced);
			str_append_c(out, ' ');
		}
		str_append_n(out, text, len);
		str_append(out, "\r\n");
		if (last)
			return;
		text += len + 1;
	}
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int
smtp_reply_add_line(struct smtp_reply *reply, const char *line, size_t len,
		    struct err *err)
{
	enum { TEXT_MAX = 65536 };	/* nobody says more in one reply */
	unsigned code;

	if (len < 3 || line[0] < '2' || line[0] > '5' || !is_digit(line[1]) ||
	    !is_digit(line[2]) || (len > 3 && line[3] != ' ' && line[3] != '-'))
		return err_set(err, ERR_PROTO, "Malformed reply: %.*s",
			       len > 200 ? 200 : (int)len, line);
	code = (unsigned)(line[0] - '0') * 100 + (unsigned)(line[1] - '0') * 10 +
		(unsigned)(line[2] - '0');
	if (reply->code != 0 && reply->code != code)
		return err_set(err, ERR_PROTO, "Reply changes its code from "
			       "%u to %u", reply->code, code);
	if (reply->text->len + len > TEXT_MAX)
		return err_set(err, ERR_PROTO, "Reply is too long");
	if (reply->code != 0)
		str_append_c(reply->text, '\n');
	reply->code = code;
	if (len > 4)
		str_append_n(reply->text, line + 4, len - 4);
	return len > 3 && line[3] == '-' ? 0 : 1;
}
