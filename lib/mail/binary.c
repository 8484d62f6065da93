/*
 * Binary parts become base64; see binary.h. The message is followed line by
 * line: headers for what they say of the body, bodies for the boundaries that
 * are open. A line is held only while it may be a field of interest or a
 * boundary, and the CRLF before a boundary belongs to that.
 */
#include "mail/binary.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "mail/content-field.h"

enum {
	DEPTH_MAX = 32,
	LINE_MAX_HELD = 1000,	/* RFC 5321 allows 998; a boundary is shorter */
	FIELD_MAX = 16384,
	COLUMNS = 76,
};

struct level {
	char boundary[CONTENT_BOUNDARY_MAX + 1];
	bool digest;
};

struct binary {
	struct level levels[DEPTH_MAX];	/* multiparts that are open */
	unsigned depth;
	bool in_header;

	/* The header so far. */
	struct str field;	/* one of interest, whole lines; or empty */
	enum content_kind kind;
	char boundary[CONTENT_BOUNDARY_MAX + 1];
	bool labelled;		/* binary; that field is kept back */

	/* Lines. */
	struct str line;	/* the present one, while it is held */
	bool in_line;		/* it passes by; nothing is held */
	bool first;		/* nothing of the body has come yet */
	char crlf[2];		/* of the line before, or a lone CR */
	size_t crlf_len;

	/* base64 */
	bool encoding;
	unsigned char group[3];
	size_t group_len;
	unsigned column;
};

static void
header_begin(struct binary *b, bool in_digest)
{
	b->in_header = true;
	b->kind = in_digest ? CONTENT_MESSAGE : CONTENT_LEAF;
	b->labelled = false;
	b->encoding = false;
	str_reset(&b->field);
}

struct binary *
binary_new(void)
{
	struct binary *b = mem_alloc(sizeof(*b));

	header_begin(b, false);
	return b;
}

void
binary_free(struct binary **bp)
{
	struct binary *b = *bp;

	if (b == NULL)
		return;
	*bp = NULL;
	str_free(&b->field);
	str_free(&b->line);
	free(b);
}

/* --- base64 --------------------------------------------------------------- */

static void
put_group(struct binary *b, struct str *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *g = b->group;
	char text[4] = {
		digits[g[0] >> 2], digits[(g[0] & 3) << 4 | g[1] >> 4],
		b->group_len > 1 ? digits[(g[1] & 15) << 2 | g[2] >> 6] : '=',
		b->group_len > 2 ? digits[g[2] & 63] : '=',
	};

	if (b->column == COLUMNS) {
		str_append(out, "\r\n");
		b->column = 0;
	}
	str_append_n(out, text, sizeof(text));
	b->column += sizeof(text);
	memset(b->group, 0, sizeof(b->group));
	b->group_len = 0;
}

/* Text of a body. */
static void
put(struct binary *b, const char *data, size_t len, struct str *out)
{
	if (!b->encoding) {
		str_append_n(out, data, len);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		b->group[b->group_len++] = (unsigned char)data[i];
		if (b->group_len == sizeof(b->group))
			put_group(b, out);
	}
}

static void
put_end(struct binary *b, struct str *out)
{
	if (b->group_len > 0)
		put_group(b, out);
	b->column = 0;
	b->encoding = false;
}

/* --- headers --------------------------------------------------------------- */

static const char *
field_value(const struct str *field, const char *name)
{
	size_t len = strlen(name);
	const char *text = field->data;

	return field->len > len && strncasecmp(text, name, len) == 0 &&
		text[len] == ':' ? text + len + 1 : NULL;
}

static bool
is_of_interest(const struct str *line)
{
	return field_value(line, "Content-Type") != NULL ||
		field_value(line, "Content-Transfer-Encoding") != NULL;
}

/* A field of interest is complete. */
static void
field_end(struct binary *b, struct str *out)
{
	const char *value;

	if (b->field.len == 0)
		return;
	(void)str_c(&b->field);		/* with a NUL behind it */
	value = field_value(&b->field, "Content-Transfer-Encoding");
	if (value != NULL && content_encoding_is(value, "binary")) {
		b->labelled = true;
	} else {
		str_append_n(out, b->field.data, b->field.len);
		value = field_value(&b->field, "Content-Type");
		if (value != NULL)
			b->kind = content_type_parse(value, b->boundary);
	}
	str_reset(&b->field);
}

static int
open_level(struct binary *b, struct err *err)
{
	struct level *level = &b->levels[b->depth];

	if (b->depth == DEPTH_MAX)
		return err_set(err, ERR_PERM, "Binary message with more than "
			       "%d parts inside each other", DEPTH_MAX);
	memcpy(level->boundary, b->boundary, sizeof(level->boundary));
	level->digest = b->kind == CONTENT_DIGEST;
	b->depth++;
	return 0;
}

/* The fields are told; what kind of body follows? */
static void
header_end(struct binary *b, struct str *out)
{
	field_end(b, out);
	if (b->labelled)
		str_append(out, b->kind == CONTENT_LEAF ?
			   "Content-Transfer-Encoding: base64\r\n" :
			   "Content-Transfer-Encoding: 8bit\r\n");
	b->encoding = b->labelled && b->kind == CONTENT_LEAF;
	b->in_header = false;
	b->first = true;
}

static int
empty_line(struct binary *b, struct str *out, struct err *err)
{
	header_end(b, out);
	str_append_n(out, b->line.data, b->line.len);
	if (b->kind == CONTENT_MESSAGE)
		header_begin(b, false);
	else if (b->kind != CONTENT_LEAF)
		return open_level(b, err);
	return 0;
}

/* A line of a header, or its first octets. */
static int
header_line(struct binary *b, struct str *out, struct err *err)
{
	const char *text = b->line.data;
	size_t len = b->line.len;

	if (*text == '\n' || (len == 2 && text[0] == '\r' && text[1] == '\n'))
		return empty_line(b, out, err);
	if (*text != ' ' && *text != '\t')
		field_end(b, out);
	if (b->field.len == 0 && !is_of_interest(&b->line)) {
		str_append_n(out, text, len);
		return 0;
	}
	if (b->field.len + len > FIELD_MAX || text[len - 1] != '\n')
		return err_set(err, ERR_PERM, "Content fields of a binary "
			       "message are too long");
	str_append_n(&b->field, text, len);
	return 0;
}

/* --- boundaries ------------------------------------------------------------ */

static bool
is_blank(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' ||
			   *p == '\n'))
		p++;
	return p == end;
}

/* Which level's boundary is this line? -1: none. */
static int
find_level(const struct binary *b, bool *close_r)
{
	const char *text = b->line.data, *end = text + b->line.len;

	if (b->line.len < 3 || text[0] != '-' || text[1] != '-')
		return -1;
	for (int i = (int)b->depth - 1; i >= 0; i--) {
		size_t len = strlen(b->levels[i].boundary);
		const char *rest = text + 2 + len;

		if (b->line.len < len + 2 ||
		    memcmp(text + 2, b->levels[i].boundary, len) != 0)
			continue;
		*close_r = end - rest >= 2 && rest[0] == '-' && rest[1] == '-';
		if (is_blank(*close_r ? rest + 2 : rest, end))
			return i;
	}
	return -1;
}

/* A boundary ends what is open inside its level. False: the line is none. */
static bool
boundary_line(struct binary *b, struct str *out)
{
	bool closes = false;
	int level = find_level(b, &closes);

	if (level < 0)
		return false;
	/* Octets of a binary part end where CRLF and a boundary stand. */
	if (b->encoding && !b->first && b->crlf_len != 2)
		return false;
	if (b->in_header)
		header_end(b, out);
	put_end(b, out);
	str_append_n(out, b->crlf, b->crlf_len);
	b->crlf_len = 0;
	str_append_n(out, b->line.data, b->line.len);
	b->depth = (unsigned)level + !closes;
	if (closes)
		b->first = true;
	else
		header_begin(b, b->levels[level].digest);
	return true;
}

/* --- bodies ---------------------------------------------------------------- */

/* All but a CRLF at its end, or a CR that may become one: whether that is
   text is seen at the next line. */
static void
body_text(struct binary *b, const char *data, size_t len, struct str *out)
{
	size_t keep = 0;

	b->first = false;
	if (b->crlf_len == 1 && *data == '\n') {
		b->crlf[b->crlf_len++] = '\n';
		data++;
		len--;
	}
	if (len == 0)
		return;
	put(b, b->crlf, b->crlf_len, out);
	if (data[len - 1] == '\r')
		keep = 1;
	else if (len > 1 && data[len - 1] == '\n' && data[len - 2] == '\r')
		keep = 2;
	put(b, data, len - keep, out);
	memcpy(b->crlf, data + len - keep, keep);
	b->crlf_len = keep;
}

/* --- lines ----------------------------------------------------------------- */

/* Must the line be held on, for it may be of interest? */
static bool
may_matter(const struct binary *b)
{
	const char *text = b->line.data;
	size_t len = b->line.len;

	if (len == 0)
		return true;
	if (text[len - 1] == '\n' || len >= LINE_MAX_HELD)
		return false;
	return b->in_header || (text[0] == '-' && (len < 2 || text[1] == '-'));
}

/* The line is held no longer. */
static int
release(struct binary *b, struct str *out, struct err *err)
{
	int result = 0;

	b->in_line = b->line.data[b->line.len - 1] != '\n';
	if (!boundary_line(b, out)) {
		if (b->in_header)
			result = header_line(b, out, err);
		else
			body_text(b, b->line.data, b->line.len, out);
	}
	str_reset(&b->line);
	return result;
}

/* The rest of a line that isn't held. */
static size_t
pass_by(struct binary *b, const char *data, size_t len, struct str *out)
{
	const char *lf = memchr(data, '\n', len);
	size_t n = lf != NULL ? (size_t)(lf - data) + 1 : len;

	if (b->in_header)
		str_append_n(out, data, n);
	else
		body_text(b, data, n, out);
	b->in_line = lf == NULL;
	return n;
}

int
binary_feed(struct binary *b, const void *data, size_t len, struct str *out,
	    struct err *err)
{
	const char *p = data, *end = p + len;

	while (p < end) {
		if (b->in_line) {
			p += pass_by(b, p, (size_t)(end - p), out);
			continue;
		}
		str_append_c(&b->line, *p++);
		if (!may_matter(b) && release(b, out, err) < 0)
			return -1;
	}
	return 0;
}

int
binary_end(struct binary *b, struct str *out, struct err *err)
{
	bool encoded;

	if (b->line.len > 0 && release(b, out, err) < 0)
		return -1;
	if (b->in_header)
		header_end(b, out);
	encoded = b->encoding;
	put(b, b->crlf, b->crlf_len, out);
	put_end(b, out);
	if (encoded)
		str_append(out, "\r\n");
	return 0;
}
