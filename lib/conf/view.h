/*
 * A view: the settings that a print of the configuration shows, as a list of
 * paths and values. view.c decides what is in and how a value looks, print.c
 * writes it down. For conf/ alone.
 */
#ifndef LOFT_CONF_VIEW_H
#define LOFT_CONF_VIEW_H

#include <stdbool.h>
#include <stddef.h>

struct conf;
struct conf_entry;
struct conf_filter;
struct conf_print;
struct err;
struct pool;
struct setting_def;

struct view_item {
	const char *path;	/* ends in '/': only that there is one */
	const char *value;
};

struct view {
	const struct conf *conf;
	const struct conf_print *how;
	struct pool *pool;
	struct view_item *items;	/* malloc'd */
	size_t count, size;
	struct err *err;		/* what failed is set */
	bool failed;
	bool unknown;	/* a name was asked for that nobody knows */
};

/* What stands in place of a secret, whole or in part. */
extern const char view_hidden[], view_hidden_word[];

/* Add what view->how asks for: what is set, or all settings. */
void view_gather(struct view *view);

/* Instead of all, what is set in exactly this block. */
void view_gather_filter(struct view *view, const struct conf_filter *filter);

/* Add one setting, as it is or with its default. */
void view_add_setting(struct view *view, const char *path,
		      const struct setting_def *def);

/* Remove what isn't below the path, so that one section is left. */
void view_keep_below(struct view *view, const char *path);

/* Replace passwords and keys, unless they are to be shown. */
void view_hide_secrets(struct view *view);

/* By path, in doveconf's order. */
void view_sort(struct view *view);

/* Is the value what the setting has anyway? Only outside of sections: what
   stands inside of one is part of it. */
bool view_is_default(struct view *view, const struct conf_entry *entry);

/* Settings of Dovecot's that no module of Loft reads, blocks for protocols
   that Loft doesn't speak, and services it doesn't run. */
bool view_is_unused(const struct conf *conf, const struct conf_entry *entry);

#endif
