/*
 * The line format of Dovecot's auth protocols, for both sides: words divided
 * by tabs, ended by LF. Inside a word octet 1, NUL, tab, CR and LF are written
 * as octet 1 and one of "10trn", so that no value can end its line.
 */
#ifndef LOFT_USER_WIRE_H
#define LOFT_USER_WIRE_H

#include <stdbool.h>
#include <stddef.h>

struct pool;
struct str;

enum {
	WIRE_QUESTION_MAX = 8192,	/* longest line a client may send */
	WIRE_ANSWER_MAX = 65536,	/* and a server; more is garbage */
	WIRE_WORDS_MAX = 1024,		/* words in a line */
};

/* Append one word, escaped. */
void wire_append(struct str *line, const char *word);

/* Append a tab and the word. */
void wire_append_word(struct str *line, const char *word);

/* Split a line (without its LF; a CR before it is dropped) into unescaped
   words, NULL-terminated and in pool. NULL when a word holds a NUL or a
   broken escape, or when there are too many words. */
const char **wire_split(const char *line, size_t len, struct pool *pool,
			size_t *count_r);

/* The value of "key=value" among the words, "" for a bare "key"; NULL when
   it isn't there. */
const char *wire_find(const char *const *words, const char *key);

/* May a user be called so? Such names become parts of paths, so that '/',
   control characters and "." or ".." on either side of an '@' are refused,
   as is the empty name. */
bool wire_user_ok(const char *name);

/* Does the name match a mask with '*' (any octets) and '?' (any one)? */
bool wire_match(const char *mask, const char *name);

#endif
