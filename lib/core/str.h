/*
 * A growing string, always NUL-terminated, that may hold any octets.
 * The caller owns the struct; `struct str s = STR_INIT;` is empty and valid.
 */
#ifndef LOFT_CORE_STR_H
#define LOFT_CORE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct str {
	char *data;	/* never NULL after the first append; see str_c() */
	size_t len;	/* without the NUL */
	size_t cap;
};

#define STR_INIT ((struct str){ NULL, 0, 0 })

/* Free the memory and make it empty again. */
void str_free(struct str *s);

/* Empty it but keep the memory. */
void str_reset(struct str *s);

/* Shorten to len octets (len must not exceed the present length). */
void str_truncate(struct str *s, size_t len);

void str_append(struct str *s, const char *text);
void str_append_n(struct str *s, const void *data, size_t len);
void str_append_c(struct str *s, char c);
void str_printf(struct str *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void str_vprintf(struct str *s, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* Make room for `more` octets and return where they go; the caller adds what
   it wrote to len. */
char *str_reserve(struct str *s, size_t more);

/* The text as a C string: "" when empty. Valid until the next change. */
const char *str_c(const struct str *s);

/* Small helpers on plain strings. */
bool str_begins(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
bool str_eq(const char *a, const char *b);	/* NULL equals NULL only */

/* Copy with truncation; false when it did not fit. */
bool str_copy(char *dst, size_t size, const char *src);

#endif
