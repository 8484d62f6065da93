/*
 * Content-Type and Content-Transfer-Encoding; see content-field.h.
 */
#include "mail/content-field.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static bool
is_token_char(char c)
{
	return c > ' ' && c < 127 && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

/* Blanks, line ends and comments. */
static const char *
skip_blanks(const char *p)
{
	int depth = 0;

	for (; *p != '\0'; p++) {
		if (*p == '(')
			depth++;
		else if (*p == ')' && depth > 0)
			depth--;
		else if (*p == '\\' && depth > 0 && p[1] != '\0')
			p++;
		else if (depth == 0 && strchr(" \t\r\n", *p) == NULL)
			break;
	}
	return p;
}

static const char *
skip_token(const char *p)
{
	while (is_token_char(*p))
		p++;
	return p;
}

static bool
is_word(const char *p, const char *end, const char *word)
{
	return (size_t)(end - p) == strlen(word) &&
		strncasecmp(p, word, strlen(word)) == 0;
}

/* A parameter's value: a token or a quoted string. Behind it; NULL when it
   doesn't fit into out, or is none. */
static const char *
take_value(const char *p, char *out, size_t size)
{
	size_t len = 0;
	bool quoted = *p == '"';

	for (p += quoted; quoted ? *p != '"' : is_token_char(*p); p++) {
		if (quoted && *p == '\\')
			p++;
		if (*p == '\0' || len + 1 >= size)
			return NULL;
		out[len++] = *p;
	}
	out[len] = '\0';
	return p + quoted;
}

/* The boundary among the parameters behind p. */
static bool
find_boundary(const char *p, char boundary[CONTENT_BOUNDARY_MAX + 1])
{
	char other[1024];

	for (p = skip_blanks(p); *p == ';'; p = skip_blanks(p)) {
		const char *name = skip_blanks(p + 1), *end = skip_token(name);
		bool is = is_word(name, end, "boundary");

		p = skip_blanks(end);
		if (*p != '=')
			continue;
		p = take_value(skip_blanks(p + 1), is ? boundary : other,
			       is ? CONTENT_BOUNDARY_MAX + 1 : sizeof(other));
		if (p == NULL)
			return false;
		if (is)
			return *boundary != '\0';
	}
	return false;
}

enum content_kind
content_type_parse(const char *value,
		   char boundary[CONTENT_BOUNDARY_MAX + 1])
{
	const char *type = skip_blanks(value), *type_end = skip_token(type);
	const char *slash = skip_blanks(type_end), *sub, *sub_end;

	if (*slash != '/')
		return CONTENT_LEAF;
	sub = skip_blanks(slash + 1);
	sub_end = skip_token(sub);
	if (is_word(type, type_end, "message"))
		return is_word(sub, sub_end, "rfc822") ||
			is_word(sub, sub_end, "global") ||
			is_word(sub, sub_end, "news") ?
			CONTENT_MESSAGE : CONTENT_LEAF;
	if (!is_word(type, type_end, "multipart") ||
	    !find_boundary(sub_end, boundary))
		return CONTENT_LEAF;
	return is_word(sub, sub_end, "digest") ? CONTENT_DIGEST :
		CONTENT_MULTIPART;
}

bool
content_encoding_is(const char *value, const char *word)
{
	const char *p = skip_blanks(value);

	return is_word(p, skip_token(p), word);
}
