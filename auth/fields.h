/*
 * The fields a database knows about a user: an ordered list of names and
 * values, in which each name stands once.
 */
#ifndef LOFT_AUTH_FIELDS_H
#define LOFT_AUTH_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

struct pool;
struct str;

struct field {
	const char *name;
	const char *value;	/* NULL: a name alone */
};

struct fields {
	struct pool *pool;	/* where everything below lives */
	struct field *list;
	size_t count, cap;
};

void fields_init(struct fields *fields, struct pool *pool);

/* Set, replacing in place; name and value are copied. */
void fields_set(struct fields *fields, const char *name, const char *value);

/* Set unless there is one. */
void fields_default(struct fields *fields, const char *name,
		    const char *value);

/* Set from "name=value" or "name". */
void fields_set_word(struct fields *fields, const char *word, bool replace);

/* The value, "" for a name alone, NULL when absent. */
const char *fields_find(const struct fields *fields, const char *name);

/* Make `to` what `from` is; both keep their own pool. */
void fields_copy(struct fields *to, const struct fields *from);

/* Append "\tname=value" for each to a line of the auth protocol. */
void fields_append(const struct fields *fields, struct str *line);

#endif
