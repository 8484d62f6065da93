/*
 * A message as it stands in an mbox; see mbox-text.h.
 */
#include "storage/mbox-text.h"

#include <string.h>
#include <strings.h>

#include "storage/keywords.h"
#include "storage/storage.h"

enum { FROM_LEN = 5 };	/* "From " */

/* Readers keep flags, uids and lengths in these. From outside they would be
   believed. */
static const char *const dropped[] = {
	"Content-Length", "Status", "X-IMAP", "X-IMAPbase", "X-Keywords",
	"X-Status", "X-UID",
};

/* No blank or control character may be in it: the date follows. */
static void
put_sender(struct str *out, const char *sender)
{
	if (sender == NULL || *sender == '\0')
		sender = "MAILER-DAEMON";
	for (; *sender != '\0'; sender++) {
		unsigned char c = (unsigned char)*sender;

		str_append_c(out, c <= ' ' || c == 0x7f ? '_' : *sender);
	}
}

/* As asctime(3) writes it (RFC 4155), in local time as others do. */
static void
put_date(struct str *out, time_t when)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm;

	if (localtime_r(&when, &tm) == NULL)
		(void)memset(&tm, 0, sizeof(tm));
	str_printf(out, "%.3s %.3s %2d %02d:%02d:%02d %d",
		   days + 3 * tm.tm_wday, months + 3 * tm.tm_mon, tm.tm_mday,
		   tm.tm_hour, tm.tm_min, tm.tm_sec, 1900 + tm.tm_year);
}

void
mbox_text_begin(struct mbox_text *text, const char *sender, time_t when)
{
	str_append(&text->out, "From ");
	put_sender(&text->out, sender);
	str_append(&text->out, "  ");
	put_date(&text->out, when);
	str_append_c(&text->out, '\n');
	text->last = '\n';
	text->in_header = true;
}

void
mbox_text_flags(struct mbox_text *text, unsigned flags,
		const char *const *keywords)
{
	struct str *out = &text->out;

	if ((flags & MAIL_SEEN) != 0)
		str_append(out, "Status: RO\n");
	flags &= ~(unsigned)MAIL_SEEN;
	if (flags != 0) {
		str_printf(out, "X-Status: %s%s%s%s\n",
			   (flags & MAIL_ANSWERED) != 0 ? "A" : "",
			   (flags & MAIL_FLAGGED) != 0 ? "F" : "",
			   (flags & MAIL_DRAFT) != 0 ? "T" : "",
			   (flags & MAIL_DELETED) != 0 ? "D" : "");
	}
	if (keywords == NULL || *keywords == NULL)
		return;
	str_append(out, "X-Keywords:");
	for (; *keywords != NULL; keywords++) {
		if (keyword_valid(*keywords))
			str_printf(out, " %s", *keywords);
	}
	str_append_c(out, '\n');
}

static void
put(struct mbox_text *text, const char *data, size_t len)
{
	if (text->drop || len == 0)
		return;
	str_append_n(&text->out, data, len);
	text->last = data[len - 1];
}

static bool
is_dropped(const char *head, size_t len)
{
	for (size_t i = 0; i < sizeof(dropped) / sizeof(*dropped); i++) {
		size_t name = strlen(dropped[i]);

		if (len > name && strncasecmp(head, dropped[i], name) == 0 &&
		    strchr(": \t", head[name]) != NULL)
			return true;
	}
	return false;
}

/* Enough of the line is there to say what becomes of it. */
static void
judge(struct mbox_text *text)
{
	const char *head = text->head;
	size_t len = text->head_len;

	text->head_len = 0;
	text->in_line = true;
	if (text->in_header && len > 0) {
		if (*head != ' ' && *head != '\t')
			text->drop = is_dropped(head, len);
	} else {
		text->drop = false;	/* the header's end */
		text->in_header = false;
	}
	if (len >= FROM_LEN && memcmp(head, "From ", FROM_LEN) == 0)
		put(text, ">", 1);
	put(text, head, len);
}

/* Collect the beginning of a line; how much of data went there. */
static size_t
add_head(struct mbox_text *text, const char *data, size_t len)
{
	size_t want = text->in_header ? MBOX_HEAD_MAX : FROM_LEN;
	size_t i = 0;

	while (i < len && data[i] != '\n' && text->head_len < want)
		text->head[text->head_len++] = data[i++];
	if (i < len)
		judge(text);
	return i;
}

void
mbox_text_add(struct mbox_text *text, const char *data, size_t len)
{
	while (len > 0) {
		const char *end;
		size_t n;

		if (!text->in_line) {
			n = add_head(text, data, len);
			data += n;
			len -= n;
			continue;
		}
		end = memchr(data, '\n', len);
		n = end == NULL ? len : (size_t)(end - data) + 1;
		put(text, data, n);
		text->in_line = end == NULL;
		data += n;
		len -= n;
	}
}

void
mbox_text_end(struct mbox_text *text)
{
	if (text->head_len > 0)
		judge(text);
	text->drop = false;
	if (text->last != '\n')
		put(text, "\n", 1);
	if (text->in_header)
		put(text, "\n", 1);	/* it has no end of its own */
	put(text, "\n", 1);
}

/* "Fri Nov 20 12:00:00" anywhere behind the sender. */
static bool
is_time(const char *p)
{
	static const char form[] = "00:00";

	for (size_t i = 0; form[i] != '\0'; i++) {
		if (form[i] == ':' ? p[i] != ':' : p[i] < '0' || p[i] > '9')
			return false;
	}
	return true;
}

bool
mbox_is_from_line(const char *line, size_t len)
{
	const char *end = line + len;

	if (len < FROM_LEN || memcmp(line, "From ", FROM_LEN) != 0)
		return false;
	for (const char *p = line + FROM_LEN; end - p > 5; p++) {
		if (*p == ' ' && is_time(p + 1))
			return true;
	}
	return false;
}
