/*
 * Growing strings; see str.h.
 */
#include "core/str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/pool.h"

enum { PRINTF_ROOM = 64 };	/* at least, for a first try */

void
str_free(struct str *s)
{
	free(s->data);
	*s = STR_INIT;
}

void
str_reset(struct str *s)
{
	str_truncate(s, 0);
}

void
str_truncate(struct str *s, size_t len)
{
	ASSERT(len <= s->len);
	s->len = len;
	if (s->data != NULL)
		s->data[len] = '\0';
}

char *
str_reserve(struct str *s, size_t more)
{
	size_t need, cap = s->cap > 0 ? s->cap : 128;

	if (__builtin_add_overflow(s->len, more, &need) || need >= SIZE_MAX / 2)
		log_die_oom(SIZE_MAX);
	while (cap < need + 1)
		cap *= 2;
	if (cap != s->cap) {
		s->data = mem_realloc(s->data, cap);
		s->data[s->len] = '\0';
		s->cap = cap;
	}
	return s->data + s->len;
}

void
str_append_n(struct str *s, const void *data, size_t len)
{
	char *to = str_reserve(s, len);

	if (len > 0)
		memcpy(to, data, len);
	s->len += len;
	s->data[s->len] = '\0';
}

void
str_append(struct str *s, const char *text)
{
	str_append_n(s, text, strlen(text));
}

void
str_append_c(struct str *s, char c)
{
	if (s->len + 1 >= s->cap)
		(void)str_reserve(s, 1);
	s->data[s->len++] = c;
	s->data[s->len] = '\0';
}

/* What there is room for mostly is enough: to format twice costs twice. */
void
str_vprintf(struct str *s, const char *fmt, va_list ap)
{
	char *to = str_reserve(s, PRINTF_ROOM);
	size_t room = s->cap - s->len;
	va_list again;
	int len;

	va_copy(again, ap);
	len = vsnprintf(to, room, fmt, ap);
	ASSERT(len >= 0);
	if ((size_t)len >= room)
		(void)vsnprintf(str_reserve(s, (size_t)len), (size_t)len + 1,
				fmt, again);
	va_end(again);
	s->len += (size_t)len;
}

void
str_printf(struct str *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	str_vprintf(s, fmt, ap);
	va_end(ap);
}

const char *
str_c(const struct str *s)
{
	return s->data != NULL ? s->data : "";
}

bool
str_begins(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool
str_ends(const char *s, const char *suffix)
{
	size_t len = strlen(s), suffix_len = strlen(suffix);

	return len >= suffix_len && strcmp(s + len - suffix_len, suffix) == 0;
}

bool
str_eq(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

bool
str_copy(char *dst, size_t size, const char *src)
{
	size_t len = strnlen(src, size);
	bool whole = len < size;

	if (!whole)
		len = size - 1;
	memcpy(dst, src, len);
	dst[len] = '\0';
	return whole;
}
