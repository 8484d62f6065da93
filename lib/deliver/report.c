/*
 * The frame of reports; see report.h. Of the message they have the header
 * alone: its body is no business of those on whose hosts a report is kept.
 */
#include "deliver/report.h"

#include <string.h>
#include <strings.h>

#include "conf/vars.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/pool.h"
#include "core/session-id.h"
#include "core/str.h"
#include "io/spool.h"
#include "mail/date.h"
#include "mail/encoded-word.h"
#include "mail/message.h"
#include "mail/msgid.h"
#include "smtp/path.h"
#include "smtp/utf8.h"

enum { HEADER_MAX = 65536, REFERENCES_MAX = 900 };

/* --- the top --- */

/* "Some One" of "Some One <a@b>", as a quoted string; with a blank behind. */
static void
append_name(struct str *out, const char *text, size_t len)
{
	while (len > 0 && strchr(" \t", text[len - 1]) != NULL)
		len--;
	if (len == 0) {
		str_append(out, "Postmaster ");
		return;
	}
	if (*text == '"' || memmem(text, len, "=?", 2) != NULL) {
		str_append_n(out, text, len);
		str_append_c(out, ' ');
		return;
	}
	str_append_c(out, '"');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"' || text[i] == '\\')
			str_append_c(out, '\\');
		str_append_c(out, text[i]);
	}
	str_append(out, "\" ");
}

int
report_postmaster(const char *setting, const char *hostname,
		  const struct vars *vars, struct pool *pool,
		  const char **from_r, struct err *err)
{
	const struct vars_entry entries[] = {
		{ '\0', "hostname", hostname },
		{ '\0', NULL, NULL },
	};
	const struct vars all = { .entries = entries, .parent = vars };
	const char *text, *addr, *angle;
	struct str out = STR_INIT;

	if (vars_expand(setting, &all, pool, &text, err) < 0)
		return -1;
	addr = smtp_path_of_field(text, pool);
	if (addr == NULL || strpbrk(text, "\r\n") != NULL)
		return err_set(err, ERR_CONFIG, "invalid address `%s' "
			       "specified for the postmaster_address setting",
			       text);
	angle = strrchr(text, '<');
	append_name(&out, text, angle != NULL ? (size_t)(angle - text) : 0);
	str_printf(&out, "<%s>", addr);
	*from_r = pool_strdup(pool, str_c(&out));
	str_free(&out);
	return 0;
}

/* Nothing that ends a line for somebody, and no more than a line may have. */
static bool
is_plain(const char *text, size_t max)
{
	size_t len = 0;

	for (; text[len] != '\0'; len++) {
		unsigned char c = (unsigned char)text[len];

		if (len >= max || (c < ' ' && c != '\t') || c >= 0x7f)
			return false;
	}
	return true;
}

const char *
report_message_id(struct message *msg)
{
	const char *id = message_id(msg);

	return id != NULL && is_plain(id, REFERENCES_MAX) ? id : NULL;
}

/* Threads of mail readers keep the report with the message. */
static void
append_references(struct str *out, struct message *msg)
{
	const char *id = report_message_id(msg);
	const char *references = message_header(msg, "References");

	if (id == NULL)
		return;
	str_printf(out, "In-Reply-To: %s\nReferences: ", id);
	if (references != NULL &&
	    is_plain(references, REFERENCES_MAX - strlen(id)))
		str_printf(out, "%s\n ", references);
	str_printf(out, "%s\n", id);
}

void
report_begin(struct str *out, struct report *r)
{
	char date[MAIL_DATE_MAX];

	/* Nobody can guess it and end a part from within. */
	r->boundary = pool_printf(r->pool, "%s/%s", session_id_new(r->pool),
				  r->hostname);
	str_printf(out, "Message-ID: %s\nDate: %s\n",
		   msgid_new(r->hostname, r->pool),
		   mail_date(clock_wall().tv_sec, date));
	str_printf(out, "From: %s\nTo: <%s>\n", r->from, r->to);
	append_references(out, r->message);
	str_append(out, "MIME-Version: 1.0\n");
	str_printf(out, "Content-Type: multipart/report; report-type=%s;\n"
		   "\tboundary=\"%s\"\n", r->type, r->boundary);
	str_printf(out, "Subject: %s\n",
		   encoded_words_encode(r->subject, r->pool));
	str_printf(out, "Auto-Submitted: %s\n", r->auto_submitted);
	if (r->is_bulk)
		str_append(out, "Precedence: bulk\n");
	str_append(out, "\nThis is a MIME-encapsulated message\n");
}

/* --- the parts --- */

static void
begin_part(struct str *out, const struct report *r, const char *type)
{
	str_printf(out, "\n--%s\nContent-Type: %s\n", r->boundary, type);
}

void
report_text_part(struct str *out, const struct report *r)
{
	begin_part(out, r, "text/plain; charset=utf-8");
	str_append(out, "Content-Disposition: inline\n"
		   "Content-Transfer-Encoding: 8bit\n\n");
}

void
report_status_part(struct str *out, const struct report *r)
{
	begin_part(out, r, pool_printf(r->pool, "message/%s%s",
				       r->utf8 ? "global-" : "", r->type));
	if (r->utf8)
		str_append(out, "Content-Transfer-Encoding: 8bit\n");
	str_append_c(out, '\n');
}

void
report_address(struct str *out, const char *field, const char *address)
{
	str_printf(out, "%s: %s; %s\n", field,
		   smtp_has_8bit(address) ? "utf-8" : "rfc822", address);
}

/* --- the header --- */

/* Where the header ends, with its last line end. */
static size_t
header_length(const char *data, size_t len)
{
	const char *end = len > 0 && *data == '\n' ? data :
		memmem(data, len, "\n\n", 2);

	if (end == data)
		return 0;
	if (end != NULL)
		return (size_t)(end - data) + 1;
	end = memrchr(data, '\n', len);
	return end == NULL ? 0 : (size_t)(end - data) + 1;
}

static bool
is_content_type(const char *line, size_t len)
{
	static const char name[] = "Content-Type";
	size_t n = strlen(name);

	if (len <= n || strncasecmp(line, name, n) != 0)
		return false;
	while (n < len && (line[n] == ' ' || line[n] == '\t'))
		n++;
	return n < len && line[n] == ':';
}

static void
append_header(struct str *out, const char *data, size_t len,
	      bool with_content_type)
{
	const char *end = data + len;
	bool skip = false;

	while (data < end) {
		const char *lf = memchr(data, '\n', (size_t)(end - data));
		const char *next = lf != NULL ? lf + 1 : end;

		if (*data != ' ' && *data != '\t')
			skip = !with_content_type &&
				is_content_type(data, (size_t)(next - data));
		if (!skip)
			str_append_n(out, data, (size_t)(next - data));
		data = next;
	}
}

void
report_end(struct str *out, const struct report *r, bool as_message)
{
	char *buf = pool_alloc(r->pool, HEADER_MAX);
	struct err err;
	ssize_t n;

	if (as_message)
		begin_part(out, r, r->utf8 ? "message/global" :
			   "message/rfc822");
	else
		begin_part(out, r, r->utf8 ? "message/global-headers" :
			   "text/rfc822-headers");
	str_append(out, r->utf8 || !as_message ?
		   "Content-Transfer-Encoding: 8bit\n\n" : "\n");
	/* A report without the header is one, too. */
	n = spool_read(message_spool(r->message), 0, buf, HEADER_MAX, &err);
	if (n > 0)
		append_header(out, buf, header_length(buf, (size_t)n),
			      !as_message);
	str_printf(out, "\n\n--%s--\n", r->boundary);
}
