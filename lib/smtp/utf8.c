/*
 * UTF-8; see utf8.h.
 */
#include "smtp/utf8.h"

static bool
is_tail(const unsigned char *p, size_t count)
{
	for (size_t i = 1; i <= count; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return false;
	}
	return true;
}

size_t
smtp_utf8_len(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		return is_tail(p, 1) ? 2 : 0;
	if ((p[0] & 0xf0) == 0xe0) {
		if (!is_tail(p, 2) || (p[0] == 0xe0 && p[1] < 0xa0) ||
		    (p[0] == 0xed && p[1] > 0x9f))
			return 0;
		return 3;
	}
	if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		if (!is_tail(p, 3) || (p[0] == 0xf0 && p[1] < 0x90) ||
		    (p[0] == 0xf4 && p[1] > 0x8f))
			return 0;
		return 4;
	}
	return 0;
}

bool
smtp_utf8_valid(const char *s)
{
	while (*s != '\0') {
		size_t n = smtp_utf8_len(s);

		if (n == 0)
			return false;
		s += n;
	}
	return true;
}

bool
smtp_has_8bit(const char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s >= 0x80)
			return true;
	}
	return false;
}
