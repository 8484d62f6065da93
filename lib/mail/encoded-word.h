/*
 * Encoded words in header fields (RFC 2047): read, and written.
 */
#ifndef LOFT_MAIL_ENCODED_WORD_H
#define LOFT_MAIL_ENCODED_WORD_H

struct pool;

/* A field's value with its encoded words as UTF-8, in pool; the value itself
   when it has none. Words in a character set that isn't known (UTF-8,
   US-ASCII and ISO-8859-1 are), or that can't be decoded, stay as they
   are. */
const char *encoded_words_decode(const char *value, struct pool *pool);

/* UTF-8 text for a header field: as it is when it is ASCII, else as encoded
   words with blanks between, each on a line of its own. In pool. */
const char *encoded_words_encode(const char *text, struct pool *pool);

#endif
