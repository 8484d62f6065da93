/*
 * The text of a maildirsize file; see maildirsize.h. Others write it too:
 * Courier pads its numbers, and anything may stand behind them.
 */
#include "quota/maildirsize.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/num.h"

/* A number at *p, at most up to end; blanks in front are skipped. */
static bool
take_number(const char **p, const char *end, int64_t *n_r)
{
	const char *s = *p;
	bool negative;
	uint64_t n;
	size_t len = 0;

	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	negative = s < end && *s == '-';
	if (s < end && (*s == '-' || *s == '+'))
		s++;
	while (s + len < end && s[len] >= '0' && s[len] <= '9')
		len++;
	if (!num_u64_n(s, len, &n) || n > INT64_MAX)
		return false;
	*n_r = negative ? -(int64_t)n : (int64_t)n;
	*p = s + len;
	return true;
}

static bool
parse_limit_word(const char *word, const char *end, struct quota_limit *limit)
{
	int64_t n;

	if (!take_number(&word, end, &n) || n < 0 || end - word != 1)
		return false;
	if (*word == 'S')
		limit->bytes = n;
	else if (*word == 'C')
		limit->messages = n;
	return *word == 'S' || *word == 'C';
}

bool
maildirsize_parse_limit(const char *text, size_t len,
			struct quota_limit *limit_r)
{
	const char *end = text + len, *comma;
	bool all = true;

	*limit_r = (struct quota_limit){ 0, 0 };
	if (len == strlen("NOQUOTA") && memcmp(text, "NOQUOTA", len) == 0)
		return true;
	do {
		comma = memchr(text, ',', (size_t)(end - text));
		if (comma == NULL)
			comma = end;
		all = parse_limit_word(text, comma, limit_r) && all;
		text = comma + 1;
	} while (comma < end);
	return all;
}

/* "OCTETS MESSAGES" */
static bool
add_line(const char *line, const char *end, int64_t *bytes, int64_t *messages)
{
	int64_t b, m;

	return take_number(&line, end, &b) && take_number(&line, end, &m) &&
		!__builtin_add_overflow(*bytes, b, bytes) &&
		!__builtin_add_overflow(*messages, m, messages);
}

bool
maildirsize_parse(const char *text, size_t len, struct maildirsize *m_r)
{
	int64_t bytes = 0, messages = 0;
	const char *end = text + len, *lf;

	*m_r = (struct maildirsize){ .lines = 0 };
	lf = memchr(text, '\n', len);
	if (lf == NULL)
		return false;
	(void)maildirsize_parse_limit(text, (size_t)(lf - text),
				      &m_r->limit);	/* as far as it goes */
	if (memchr(text, '\0', len) != NULL)
		return false;
	for (text = lf + 1; text < end; text = lf + 1) {
		lf = memchr(text, '\n', (size_t)(end - text));
		if (lf == NULL)
			break;
		if (!add_line(text, lf, &bytes, &messages))
			return false;
		m_r->lines++;
	}
	if (bytes < 0 || messages < 0)
		return false;
	m_r->usage.bytes = (uint64_t)bytes;
	m_r->usage.messages = (uint64_t)messages;
	return true;
}

void
maildirsize_format_limit(char out[MAILDIRSIZE_LINE_MAX],
			 const struct quota_limit *limit)
{
	size_t used = 0;

	out[0] = '\0';
	if (limit->bytes != 0 || limit->messages == 0)
		used = (size_t)snprintf(out, MAILDIRSIZE_LINE_MAX,
					"%" PRId64 "S", limit->bytes);
	if (limit->messages != 0)
		(void)snprintf(out + used, MAILDIRSIZE_LINE_MAX - used,
			       "%s%" PRId64 "C", used > 0 ? "," : "",
			       limit->messages);
}
