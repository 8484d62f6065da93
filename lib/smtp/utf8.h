/*
 * UTF-8 as RFC 3629 defines it: nothing overlong, no surrogates, nothing
 * beyond U+10FFFF.
 */
#ifndef LOFT_SMTP_UTF8_H
#define LOFT_SMTP_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Octets of the character at p (of a C string): 1 for ASCII and at the end,
   0 when it is no UTF-8. */
size_t smtp_utf8_len(const char *p);

/* Is all of it UTF-8? */
bool smtp_utf8_valid(const char *s);

/* Is there an octet above 127? */
bool smtp_has_8bit(const char *s);

#endif
