/*
 * The file of duplicate marks, as Dovecot writes it: the number 2, its
 * version, and marks one after the other, each of them three numbers (the
 * second of its end, the lengths of its name and of the user's) and the two
 * names. Numbers have 32 bits in the host's byte order. Users may write what
 * they like into it.
 */
#ifndef LOFT_DELIVER_DUPLICATE_FILE_H
#define LOFT_DELIVER_DUPLICATE_FILE_H

#include <stdbool.h>
#include <stdint.h>

struct str;

enum { DUPLICATE_FILE_MAX = 4 * 1024 * 1024 };

struct duplicate_mark {
	uint32_t until;
	uint32_t id_len, user_len;
	const char *id, *user;	/* in the data */
};

/* Does it begin as such a file does? *p is then behind that. */
bool duplicate_file_begin(const char **p, const char *end);

/* The next mark; false at the end, or where the file is damaged. */
bool duplicate_file_next(const char **p, const char *end,
			 struct duplicate_mark *mark_r);

/* Is there from p on a mark with the names of `want` that ends later? */
bool duplicate_file_find(const char *p, const char *end,
			 const struct duplicate_mark *want);

/* Begin such a file, and add a mark. */
void duplicate_file_start(struct str *out);
void duplicate_file_add(struct str *out, const struct duplicate_mark *mark);

#endif
