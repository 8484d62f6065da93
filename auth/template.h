/*
 * The "name=value name=%u …" words in the args of the static and passwd
 * drivers.
 */
#ifndef LOFT_AUTH_TEMPLATE_H
#define LOFT_AUTH_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/request.h"

struct template_word {
	const char *name;
	const char *value;	/* with variables; NULL: a name alone */
};

struct template {
	struct template_word *words;
	size_t count;
};

/* Take the words apart. uid and gid are made numbers where they hold no
   variables; -1 with ERR_CONFIG when they can't be. */
int template_parse(const char *args, struct pool *pool,
		   struct template *template_r, struct err *err);

/* Take a word out: its value ("" for a name alone), or NULL. */
const char *template_take(struct template *template, const char *name);

/* Add every word to the userdb's or the passdb's fields. AUTH_TROUBLE when a
   value can't be expanded. */
typedef void template_add_fn(struct auth_request *req, const char *name,
			     const char *value, bool replace);
enum auth_result template_apply(const struct template *template,
				struct auth_request *req, const char *driver,
				template_add_fn *add);

#endif
