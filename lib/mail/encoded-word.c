/*
 * Encoded words; see encoded-word.h.
 */
#include "mail/encoded-word.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "core/pool.h"
#include "core/str.h"

enum { WORD_OCTETS = 45 };	/* in base64 a word has at most 75 characters */

/* "=?charset?Q?text?=" */
struct word {
	const char *charset, *text, *end;
	size_t charset_len, text_len;
	char encoding;
};

static bool
word_parse(const char *p, struct word *w)
{
	const char *mark;

	if (p[0] != '=' || p[1] != '?')
		return false;
	w->charset = p + 2;
	mark = strchr(w->charset, '?');
	if (mark == NULL || mark[1] == '\0' || mark[2] != '?')
		return false;
	/* RFC 2231: a language may follow the character set. */
	w->charset_len = strcspn(w->charset, "*?");
	w->encoding = mark[1];
	w->text = mark + 3;
	w->text_len = strcspn(w->text, "? \t");
	w->end = w->text + w->text_len + 2;
	return strncmp(w->text + w->text_len, "?=", 2) == 0;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
decode_q(const struct word *w, struct str *out)
{
	for (size_t i = 0; i < w->text_len; i++) {
		char c = w->text[i];

		if (c == '=') {
			int high, low;

			if (i + 2 >= w->text_len)
				return false;
			high = hex_digit(w->text[++i]);
			low = hex_digit(w->text[++i]);
			if (high < 0 || low < 0)
				return false;
			c = (char)(high << 4 | low);
		}
		str_append_c(out, c == '_' ? ' ' : c);
	}
	return true;
}

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	"abcdefghijklmnopqrstuvwxyz0123456789+/";

static bool
decode_b(const struct word *w, struct str *out)
{
	unsigned bits = 0, count = 0;

	for (size_t i = 0; i < w->text_len && w->text[i] != '='; i++) {
		const char *digit = strchr(digits, w->text[i]);

		if (digit == NULL)
			return false;
		bits = bits << 6 | (unsigned)(digit - digits);
		count += 6;
		if (count >= 8) {
			count -= 8;
			str_append_c(out, (char)(bits >> count));
			bits &= (1u << count) - 1;
		}
	}
	return true;
}

static bool
charset_is(const struct word *w, const char *name)
{
	return w->charset_len == strlen(name) &&
		strncasecmp(w->charset, name, w->charset_len) == 0;
}

/* Raw octets of the word's character set as UTF-8. */
static bool
to_utf8(const struct word *w, const struct str *raw, struct str *out)
{
	bool latin1 = charset_is(w, "iso-8859-1");

	if (!latin1 && !charset_is(w, "utf-8") && !charset_is(w, "us-ascii"))
		return false;
	for (size_t i = 0; i < raw->len; i++) {
		unsigned char c = (unsigned char)raw->data[i];

		if (latin1 && c >= 0x80) {
			str_append_c(out, (char)(0xc0 | c >> 6));
			str_append_c(out, (char)(0x80 | (c & 0x3f)));
		} else {
			str_append_c(out, c != '\0' ? (char)c : '?');
		}
	}
	return true;
}

static bool
word_decode(const struct word *w, struct str *out)
{
	struct str raw = STR_INIT;
	bool ok = false;

	if (w->encoding == 'q' || w->encoding == 'Q')
		ok = decode_q(w, &raw);
	else if (w->encoding == 'b' || w->encoding == 'B')
		ok = decode_b(w, &raw);
	ok = ok && to_utf8(w, &raw, out);
	str_free(&raw);
	return ok;
}

const char *
encoded_words_decode(const char *value, struct pool *pool)
{
	struct str out = STR_INIT;
	const char *p = value, *result;
	size_t after_word = 0;	/* length when only blanks came since */

	if (strstr(value, "=?") == NULL)
		return value;
	while (*p != '\0') {
		struct word w;
		size_t len = out.len;

		if (word_parse(p, &w)) {
			/* Blanks between two encoded words are none. */
			if (after_word > 0)
				str_truncate(&out, after_word);
			if (word_decode(&w, &out)) {
				after_word = out.len;
				p = w.end;
				continue;
			}
			str_truncate(&out, after_word > 0 ? after_word : len);
			while (out.len < len)
				str_append_c(&out, ' ');
		}
		if (*p != ' ' && *p != '\t')
			after_word = 0;
		str_append_c(&out, *p++);
	}
	result = pool_strdup(pool, str_c(&out));
	str_free(&out);
	return result;
}

static void
encode_b(const char *text, size_t len, struct str *out)
{
	for (size_t i = 0; i < len; i += 3) {
		const unsigned char *p = (const unsigned char *)text + i;
		unsigned bits = (unsigned)p[0] << 16 |
			(i + 1 < len ? (unsigned)p[1] << 8 : 0) |
			(i + 2 < len ? p[2] : 0);

		str_append_c(out, digits[bits >> 18]);
		str_append_c(out, digits[bits >> 12 & 63]);
		str_append_c(out, i + 1 < len ? digits[bits >> 6 & 63] : '=');
		str_append_c(out, i + 2 < len ? digits[bits & 63] : '=');
	}
}

/* How much of the text goes into one word: whole characters. */
static size_t
word_length(const char *text)
{
	size_t len = strlen(text);

	if (len <= WORD_OCTETS)
		return len;
	len = WORD_OCTETS;
	while (len > 1 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return len;
}

static bool
is_ascii(const char *text)
{
	while (*text != '\0' && (unsigned char)*text < 0x80)
		text++;
	return *text == '\0';
}

const char *
encoded_words_encode(const char *text, struct pool *pool)
{
	struct str out = STR_INIT;
	const char *result;

	if (is_ascii(text))
		return text;
	while (*text != '\0') {
		size_t len = word_length(text);

		str_append(&out, out.len > 0 ? "\n =?utf-8?B?" :
			   "=?utf-8?B?");
		encode_b(text, len, &out);
		str_append(&out, "?=");
		text += len;
	}
	result = pool_strdup(pool, str_c(&out));
	str_free(&out);
	return result;
}
