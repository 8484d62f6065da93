/*
 * The table of plugins, and calling their hooks in the order in which
 * mail_plugins names them; see plugin.h.
 */
#include "deliver/plugin.h"

#include <stddef.h>
#include <string.h>

#include "core/pool.h"

static const struct deliver_plugin *const plugins[] = {
	&plugin_quota,
};

struct plugin_set {
	unsigned count;
	const struct deliver_plugin *plugins[PLUGINS_MAX];
	void *data[PLUGINS_MAX];
};

struct plugin_run {
	const struct plugin_set *set;
	void *own[PLUGINS_MAX];		/* NULL: nothing to do for him */
};

/* --- opening --- */

static const struct deliver_plugin *
find(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(plugins) / sizeof(*plugins); i++) {
		if (strlen(plugins[i]->name) == len &&
		    memcmp(plugins[i]->name, name, len) == 0)
			return plugins[i];
	}
	return NULL;
}

static bool
has(const struct plugin_set *set, const struct deliver_plugin *plugin)
{
	for (unsigned i = 0; i < set->count; i++) {
		if (set->plugins[i] == plugin)
			return true;
	}
	return false;
}

int
plugin_set_open(const char *names, const struct conf *conf,
		const struct scope *scope, struct pool *pool,
		struct plugin_set **set_r, struct err *err)
{
	static const char blanks[] = " \t,";
	struct plugin_set *set = NULL;

	*set_r = NULL;
	for (names += strspn(names, blanks); *names != '\0';
	     names += strspn(names, blanks)) {
		size_t len = strcspn(names, blanks);
		const struct deliver_plugin *plugin = find(names, len);

		names += len;
		if (plugin == NULL)
			continue;
		if (set == NULL)
			set = pool_new_obj(pool, struct plugin_set);
		if (has(set, plugin) || set->count == PLUGINS_MAX)
			continue;
		if (plugin->open(conf, scope, pool, &set->data[set->count],
				 err) < 0)
			return -1;
		set->plugins[set->count++] = plugin;
	}
	*set_r = set;
	return 0;
}

uint64_t
plugin_set_max_size(const struct plugin_set *set)
{
	uint64_t max = 0, size;

	for (unsigned i = 0; set != NULL && i < set->count; i++) {
		if (set->plugins[i]->max_size == NULL)
			continue;
		size = set->plugins[i]->max_size(set->data[i]);
		if (size > 0 && (max == 0 || size < max))
			max = size;
	}
	return max;
}

int
plugin_run_open(const struct plugin_set *set, const struct plugin_user *user,
		struct plugin_run **run_r, struct err *err)
{
	struct plugin_run *run = pool_new_obj(user->pool, struct plugin_run);

	run->set = set;
	for (unsigned i = 0; i < set->count; i++) {
		if (set->plugins[i]->user(set->data[i], user, &run->own[i],
					  err) < 0) {
			plugin_run_close(&run);
			return -1;
		}
	}
	*run_r = run;
	return 0;
}

void
plugin_run_close(struct plugin_run **runp)
{
	struct plugin_run *run = *runp;

	*runp = NULL;
	for (unsigned i = 0; run != NULL && i < run->set->count; i++) {
		if (run->own[i] != NULL && run->set->plugins[i]->close != NULL)
			run->set->plugins[i]->close(run->own[i]);
	}
}

/* --- hooks --- */

/* The i-th plugin, if it has something to do for this user. */
static const struct deliver_plugin *
active(const struct plugin_run *run, unsigned i)
{
	return run->own[i] != NULL ? run->set->plugins[i] : NULL;
}

int
plugin_rcpt(struct plugin_run *run, const struct mailbox *box, uint64_t size,
	    bool full, struct err *err)
{
	for (unsigned i = 0; i < run->set->count; i++) {
		const struct deliver_plugin *plugin = active(run, i);

		if (plugin != NULL && plugin->rcpt != NULL &&
		    plugin->rcpt(run->own[i], box, size, full, err) < 0)
			return -1;
	}
	return 0;
}

static void
saved_up_to(struct plugin_run *run, unsigned count,
	    const struct plugin_save *save, bool stored)
{
	while (count-- > 0) {
		const struct deliver_plugin *plugin = active(run, count);

		if (plugin != NULL && plugin->saved != NULL)
			plugin->saved(run->own[count], save, stored);
	}
}

int
plugin_save(struct plugin_run *run, const struct plugin_save *save,
	    struct err *err)
{
	for (unsigned i = 0; i < run->set->count; i++) {
		const struct deliver_plugin *plugin = active(run, i);

		if (plugin != NULL && plugin->save != NULL &&
		    plugin->save(run->own[i], save, err) < 0) {
			saved_up_to(run, i, save, false);
			return -1;
		}
	}
	return 0;
}

void
plugin_saved(struct plugin_run *run, const struct plugin_save *save,
	     bool stored)
{
	saved_up_to(run, run->set->count, save, stored);
}

void
plugin_undo(struct plugin_run *run, const struct plugin_save *save)
{
	for (unsigned i = 0; i < run->set->count; i++) {
		const struct deliver_plugin *plugin = active(run, i);

		if (plugin != NULL && plugin->undo != NULL)
			plugin->undo(run->own[i], save);
	}
}

bool
plugin_wanted(const struct plugin_run *run)
{
	for (unsigned i = 0; i < run->set->count; i++) {
		const struct deliver_plugin *plugin = active(run, i);

		if (plugin != NULL && plugin->wanted != NULL &&
		    plugin->wanted(run->own[i]))
			return true;
	}
	return false;
}

void
plugin_done(struct plugin_run *run)
{
	for (unsigned i = 0; i < run->set->count; i++) {
		const struct deliver_plugin *plugin = active(run, i);

		if (plugin != NULL && plugin->done != NULL)
			plugin->done(run->own[i]);
	}
}
