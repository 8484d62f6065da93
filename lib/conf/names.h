/*
 * Which names there are: the kinds of sections, the settings inside of each,
 * and what somebody may have meant who wrote an unknown one. Names come from
 * the modules' tables first (all-settings.c), then from Dovecot's list
 * (known.c).
 */
#ifndef LOFT_CONF_NAMES_H
#define LOFT_CONF_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct pool;
struct setting_def;
struct str;

enum section_shape {
	SHAPE_NAMED,	/* `service lmtp { }`: merges by name */
	SHAPE_COUNTED,	/* `namespace { }`: without a name each one is new */
	SHAPE_LISTED,	/* `passdb { }`: each one is new; a name is a setting */
	SHAPE_FREE,	/* `plugin { }`: any key, one section for all */
	SHAPE_FILTER,	/* `protocol lmtp { }`: says for whom, holds the same
			   as what is around it */
};

struct section_kind {
	const char *path;	/* "service/unix_listener"; "" is the file */
	enum section_shape shape;
	const struct setting_def *known; /* Dovecot's; name NULL ends them */
};

/* The kind with this path; NULL when there is none. */
const struct section_kind *section_kind_find(const char *path);

/* The kind of `name { }` inside of a section of kind `parent`. */
const struct section_kind *section_kind_child(const struct section_kind *parent,
					      const char *name);

/* Kind n of those that stand inside of parent, filters left out; NULL after
   the last. */
const struct section_kind *section_kind_at(const struct section_kind *parent,
					   size_t n);

/* The last word of its path: "unix_listener". */
const char *section_kind_name(const struct section_kind *kind);

/* The setting of that name inside of such a section. `ours_r` (may be NULL)
   tells whether a module of Loft declared it. */
const struct setting_def *section_setting(const struct section_kind *kind,
					  const char *name, bool *ours_r);

/* All settings of a kind: modules' first, then those of Dovecot's that no
   module declares. Fill in the kind, then ask until it says NULL. */
struct setting_iter {
	const struct section_kind *kind;
	bool ours;			/* of the one just returned */
	const struct settings_row *row;	/* where it stands */
	const struct setting_def *def;
	bool in_known;
};

const struct setting_def *setting_iter_next(struct setting_iter *iter);

/* A setting named by its path: "mail_location", "service/lmtp/user",
   "plugin/quota" (a free key is a string). NULL when there is none. */
const struct setting_def *setting_by_path(const char *path);

/* Does a module of Loft declare that setting (or is it a free key)? */
bool setting_is_ours(const char *path);

/* Is this one of the settings of which only -P may show the value? */
bool setting_is_secret(const char *path);

/* Append what may help after "unknown setting 'x'": the nearest name, or
   where the name belongs, or what became of it. */
void names_hint(const struct section_kind *kind, const char *name,
		struct str *text);

/* Is it a mail plugin whose work Loft does? */
bool names_mail_plugin(const char *name, size_t len);

#endif
