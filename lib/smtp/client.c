/*
 * LMTP and SMTP client; see client.h.
 */
#include "smtp/client.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "core/err.h"
#include "core/num.h"
#include "io/stream.h"

enum { REPLY_LINE_MAX = 4096 };

void
smtp_client_init(struct smtp_client *c, struct stream *stream, bool lmtp,
		 int64_t timeout_ms)
{
	memset(c, 0, sizeof(*c));
	c->stream = stream;
	c->lmtp = lmtp;
	c->timeout_ms = timeout_ms;
}

void
smtp_client_deinit(struct smtp_client *c)
{
	stream_free(&c->stream);
	str_free(&c->text);
	str_free(&c->line);
}

static int
lost(enum stream_status status, const char *what, struct err *err)
{
	switch (status) {
	case STREAM_EOF:
		return err_set(err, ERR_TEMP, "%s: Connection closed", what);
	case STREAM_TIMEOUT:
		return err_set(err, ERR_TEMP, "%s: Timed out", what);
	case STREAM_TOOLONG:
		return err_set(err, ERR_TEMP, "%s: Line too long", what);
	default:
		return err_set(err, ERR_TEMP, "%s: %s", what, strerror(errno));
	}
}

int
smtp_client_write(struct smtp_client *c, const char *data, size_t len,
		  struct err *err)
{
	enum stream_status status;
	deadline_t deadline = deadline_in(c->timeout_ms);

	status = stream_write(c->stream, data, len, deadline);
	while (status == STREAM_WAKE)
		status = stream_flush(c->stream, deadline);
	return status == STREAM_OK ? 0 : lost(status, "write", err);
}

int
smtp_client_send(struct smtp_client *c, struct err *err, const char *fmt, ...)
{
	struct str line = STR_INIT;
	va_list ap;
	int result;

	va_start(ap, fmt);
	str_vprintf(&line, fmt, ap);
	va_end(ap);
	if (c->trace != NULL)
		c->trace('>', str_c(&line), line.len);
	str_append(&line, "\r\n");
	result = smtp_client_write(c, str_c(&line), line.len, err);
	str_free(&line);
	return result;
}

int
smtp_client_read(struct smtp_client *c, struct err *err)
{
	deadline_t deadline = deadline_in(c->timeout_ms);
	enum stream_status status;
	char *line;
	size_t len;
	int more;

	str_reset(&c->text);
	c->reply = (struct smtp_reply){ 0, &c->text };
	do {
		do {
			status = stream_read_line(c->stream, REPLY_LINE_MAX,
						  deadline, &line, &len);
		} while (status == STREAM_WAKE);
		if (status != STREAM_OK)
			return lost(status, "read", err);
		if (c->trace != NULL)
			c->trace('<', line, len);
		more = smtp_reply_add_line(&c->reply, line, len, err);
	} while (more == 0);
	return more < 0 ? -1 : 0;
}

const char *
smtp_client_reply_line(struct smtp_client *c)
{
	str_reset(&c->line);
	str_printf(&c->line, "%03u %s", c->reply.code, str_c(&c->text));
	for (size_t i = 0; i < c->line.len; i++) {
		unsigned char ch = (unsigned char)c->line.data[i];

		if (ch < ' ' || ch == 0x7f)
			c->line.data[i] = ' ';
	}
	return str_c(&c->line);
}

static unsigned
ext_of(const char *line, size_t len)
{
	static const struct { const char *name; unsigned ext; } names[] = {
		{ "PIPELINING", SMTP_EXT_PIPELINING },
		{ "8BITMIME", SMTP_EXT_8BITMIME },
		{ "SIZE", SMTP_EXT_SIZE },
		{ "CHUNKING", SMTP_EXT_CHUNKING },
		{ "STARTTLS", SMTP_EXT_STARTTLS },
		{ "SMTPUTF8", SMTP_EXT_SMTPUTF8 },
		{ "DSN", SMTP_EXT_DSN },
		{ "IGNOREQUOTA", SMTP_EXT_IGNOREQUOTA },
		{ "ENHANCEDSTATUSCODES", SMTP_EXT_ENHANCEDSTATUSCODES },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t name_len = strlen(names[i].name);

		if (len >= name_len &&
		    strncasecmp(line, names[i].name, name_len) == 0 &&
		    (len == name_len || line[name_len] == ' '))
			return names[i].ext;
	}
	return 0;
}

/* "LIMITS MAILMAX=1 RCPTMAX=100" (RFC 9422) */
static unsigned
rcpt_max_of(const char *line, size_t len)
{
	static const char name[] = "RCPTMAX=";
	const size_t name_len = sizeof(name) - 1;
	const char *end = line + len;
	uint64_t n;

	if (len < 7 || strncasecmp(line, "LIMITS ", 7) != 0)
		return 0;
	for (const char *p = line; p < end; p++) {
		size_t word = strcspn(p, " \n");

		if (word > name_len && strncasecmp(p, name, name_len) == 0 &&
		    num_u64_n(p + name_len, word - name_len, &n))
			return n < UINT_MAX ? (unsigned)n : UINT_MAX;
		p += word;
	}
	return 0;
}

/* The first line is the greeting, then one extension per line. */
static void
parse_exts(struct smtp_client *c)
{
	const char *line = strchr(str_c(&c->text), '\n');

	c->exts = c->rcpt_max = 0;
	while (line != NULL) {
		size_t len = strcspn(++line, "\n");

		c->exts |= ext_of(line, len);
		if (c->rcpt_max == 0)
			c->rcpt_max = rcpt_max_of(line, len);
		line = strchr(line, '\n');
	}
}

static int
refused(struct smtp_client *c, struct err *err)
{
	return err_set(err, c->reply.code / 100 == 5 ? ERR_PERM : ERR_TEMP,
		       "%s", smtp_client_reply_line(c));
}

int
smtp_client_lhlo(struct smtp_client *c, const char *name, struct err *err)
{
	if (smtp_client_send(c, err, "%s %s", c->lmtp ? "LHLO" : "EHLO",
			     name) < 0 || smtp_client_read(c, err) < 0)
		return -1;
	if (c->reply.code / 100 == 5 && !c->lmtp &&
	    (smtp_client_send(c, err, "HELO %s", name) < 0 ||
	     smtp_client_read(c, err) < 0))
		return -1;
	if (c->reply.code / 100 != 2)
		return refused(c, err);
	parse_exts(c);
	return 0;
}

int
smtp_client_hello(struct smtp_client *c, const char *name, struct err *err)
{
	if (smtp_client_read(c, err) < 0)
		return -1;
	if (c->reply.code != 220)
		return refused(c, err);
	return smtp_client_lhlo(c, name, err);
}

int
smtp_client_starttls(struct smtp_client *c, struct err *err)
{
	if ((c->exts & SMTP_EXT_STARTTLS) == 0)
		return err_set(err, ERR_TEMP, "The server doesn't offer "
			       "STARTTLS");
	if (smtp_client_send(c, err, "STARTTLS") < 0 ||
	    smtp_client_read(c, err) < 0)
		return -1;
	if (c->reply.code != 220)
		return refused(c, err);
	/* Somebody wants it to be taken for what comes under TLS. */
	if (stream_buffered(c->stream) > 0)
		return err_set(err, ERR_TEMP, "Plain text behind the reply to "
			       "STARTTLS");
	return 0;
}
