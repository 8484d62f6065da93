/*
 * The line format of the auth protocols; see wire.h.
 */
#include "user/wire.h"

#include <string.h>

#include "core/pool.h"
#include "core/str.h"

enum { ESCAPE = '\001' };

/* Octets and what stands for them behind ESCAPE, in the same order. */
static const char plain[] = { ESCAPE, '\0', '\t', '\r', '\n' };
static const char coded[] = { '1', '0', 't', 'r', 'n' };

void
wire_append(struct str *line, const char *word)
{
	static const char special[] = { ESCAPE, '\t', '\r', '\n', '\0' };

	for (;;) {
		size_t len = strcspn(word, special);
		const char *p;

		str_append_n(line, word, len);
		word += len;
		if (*word == '\0')
			return;
		p = memchr(plain, *word++, sizeof(plain));
		str_append_c(line, ESCAPE);
		str_append_c(line, coded[p - plain]);
	}
}

void
wire_append_word(struct str *line, const char *word)
{
	str_append_c(line, '\t');
	wire_append(line, word);
}

/* The octet behind an ESCAPE; '\0' for what can't stand in a word. */
static char
decode(char c)
{
	const char *p = memchr(coded, c, sizeof(coded));

	return p != NULL ? plain[p - coded] : '\0';
}

/* Unescape the NUL-terminated text where it stands, tabs become NULs. The
   number of words, or 0 when it is broken. */
static size_t
unescape(char *text, size_t len)
{
	char *to = text;
	size_t words = 1;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '\0')
			return 0;
		if (c == '\t') {
			c = '\0';
			words++;
		} else if (c == ESCAPE) {
			/* the NUL behind the text decodes to nothing */
			c = decode(text[++i]);
			if (c == '\0')
				return 0;
		}
		*to++ = c;
	}
	*to = '\0';
	return words;
}

const char **
wire_split(const char *line, size_t len, struct pool *pool, size_t *count_r)
{
	const char **words;
	char *text;
	size_t count;

	if (len > 0 && line[len - 1] == '\r')
		len--;
	text = pool_memdup(pool, line, len);
	count = unescape(text, len);
	if (count == 0 || count > WIRE_WORDS_MAX)
		return NULL;
	words = pool_new_array(pool, const char *, count + 1);
	for (size_t i = 0; i < count; i++) {
		words[i] = text;
		text += strlen(text) + 1;
	}
	*count_r = count;
	return words;
}

const char *
wire_find(const char *const *words, const char *key)
{
	size_t len = strlen(key);

	for (; *words != NULL; words++) {
		if (strncmp(*words, key, len) != 0)
			continue;
		if ((*words)[len] == '=')
			return *words + len + 1;
		if ((*words)[len] == '\0')
			return "";
	}
	return NULL;
}

/* "." or ".." from here to the end or an '@' */
static bool
is_dots(const char *part)
{
	size_t dots = strspn(part, ".");

	return dots >= 1 && dots <= 2 &&
		(part[dots] == '\0' || part[dots] == '@');
}

bool
wire_user_ok(const char *name)
{
	const char *part = name;

	if (*name == '\0')
		return false;
	for (const char *p = name; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == '/')
			return false;
	while (!is_dots(part)) {
		part = strchr(part, '@');
		if (part == NULL)
			return true;
		part++;
	}
	return false;
}

bool
wire_match(const char *mask, const char *name)
{
	const char *star = NULL, *again = NULL;

	while (*name != '\0') {
		if (*mask == '*') {
			star = ++mask;
			again = name;
		} else if (*mask != '\0' && (*mask == '?' || *mask == *name)) {
			mask++;
			name++;
		} else if (star != NULL) {
			mask = star;
			name = ++again;
		} else {
			return false;
		}
	}
	return mask[strspn(mask, "*")] == '\0';
}
