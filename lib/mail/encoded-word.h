/*
 * Encoded words in header fields (RFC 2047).
 */
#ifndef LOFT_MAIL_ENCODED_WORD_H
#define LOFT_MAIL_ENCODED_WORD_H

struct pool;

/* A field's value with its encoded words as UTF-8, in pool; the value itself
   when it has none. Words in a character set that isn't known (UTF-8,
   US-ASCII and ISO-8859-1 are), or that can't be decoded, stay as they
   are. */
const char *encoded_words_decode(const char *value, struct pool *pool);

#endif
