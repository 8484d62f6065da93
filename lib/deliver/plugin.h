/*
 * Plugins: modules that mail_plugins names, linked in, with hooks around a
 * user, a delivery and a save. For deliver/ alone. The table is in plugins.c;
 * a plugin is a file plugin-NAME.c with one of these. A hook that isn't
 * wanted is NULL. Where no plugin is named nothing of this is called.
 */
#ifndef LOFT_DELIVER_PLUGIN_H
#define LOFT_DELIVER_PLUGIN_H

#include <stdbool.h>
#include <stdint.h>

struct conf;
struct deliver_task;
struct err;
struct logctx;
struct mailbox;
struct pool;
struct scope;
struct storage;
struct user;

/* Somebody mail is delivered to, or may be. All of it outlives the hooks. */
struct plugin_user {
	const struct user *user;
	struct storage *storage;
	const struct logctx *log;
	struct pool *pool;
};

/* A message that goes into a mailbox. */
struct plugin_save {
	const struct mailbox *box;
	uint64_t size, vsize;	/* as stored, headers and all */
	bool ignore_quota;
};

struct deliver_plugin {
	const char *name;

	/* Read the settings, once for many users; *data_r is for the hooks
	   below. -1 with err. */
	int (*open)(const struct conf *conf, const struct scope *scope,
		    struct pool *pool, void **data_r, struct err *err);
	/* The largest message that anyone may get; 0: no limit. */
	uint64_t (*max_size)(const void *data);

	/* The rest with the ids of the user. */

	/* *own_r is for the hooks below, NULL when none is to be called for
	   this user. -1 with err: nothing is delivered to him now. */
	int (*user)(void *data, const struct plugin_user *user, void **own_r,
		    struct err *err);
	/* May he get mail for that mailbox? size is what the sender says, 0
	   when he didn't; full: also not when there is no room at all. -1
	   with err. */
	int (*rcpt)(void *own, const struct mailbox *box, uint64_t size,
		    bool full, struct err *err);
	/* Before a message goes into a mailbox; -1 with err refuses it. Every
	   call that didn't is followed by saved(). */
	int (*save)(void *own, const struct plugin_save *save,
		    struct err *err);
	void (*saved)(void *own, const struct plugin_save *save, bool stored);
	/* A message that was stored is going to be taken back. */
	void (*undo)(void *own, const struct plugin_save *save);
	/* All is over and logged. `wanted` says without the user's ids whether
	   that needs them. */
	bool (*wanted)(const void *own);
	void (*done)(void *own);
	/* The last call. */
	void (*close)(void *own);
};

extern const struct deliver_plugin plugin_quota;

/* --- what deliver.c and save.c call --- */

enum { PLUGINS_MAX = 8 };

/* The plugins of one list of names, opened. */
struct plugin_set;

/* Open what `names` (mail_plugins) has; NULL with err->kind ERR_CONFIG when
   one can't be. *set_r is NULL when there is none, which is no error. Names
   that Loft doesn't have were told when the configuration was read. */
int plugin_set_open(const char *names, const struct conf *conf,
		    const struct scope *scope, struct pool *pool,
		    struct plugin_set **set_r, struct err *err);
uint64_t plugin_set_max_size(const struct plugin_set *set);

/* The plugins of one user of one delivery. */
struct plugin_run;

int plugin_run_open(const struct plugin_set *set,
		    const struct plugin_user *user, struct plugin_run **run_r,
		    struct err *err);
void plugin_run_close(struct plugin_run **runp);

int plugin_rcpt(struct plugin_run *run, const struct mailbox *box,
		uint64_t size, bool full, struct err *err);
int plugin_save(struct plugin_run *run, const struct plugin_save *save,
		struct err *err);
void plugin_saved(struct plugin_run *run, const struct plugin_save *save,
		  bool stored);
void plugin_undo(struct plugin_run *run, const struct plugin_save *save);
bool plugin_wanted(const struct plugin_run *run);
void plugin_done(struct plugin_run *run);

#endif
