/*
 * Renewed certificates; see renew.h. A pair of files is seldom changed at
 * once: therefore the wait for a second look, and when the pair doesn't fit
 * all the same, the old one stays until a file changes again.
 */
#include "master/renew.h"

#include <string.h>
#include <sys/stat.h>

#include "conf/conf.h"
#include "core/log.h"
#include "core/pool.h"
#include "master/master.h"
#include "service/loop.h"

enum { LOOK_MS = 10000 };

struct look {
	struct timespec mtime;
	off_t size;
	ino_t inode;
	dev_t device;
};

struct renew_file {
	const char *path;
	struct look used;	/* when it was read, or refused */
	struct look last;
};

/* False: it isn't there at this moment. */
static bool
look_at(const char *path, struct look *look)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return false;
	memset(look, 0, sizeof(*look));	/* compared whole */
	look->mtime = st.st_mtim;
	look->size = st.st_size;
	look->inode = st.st_ino;
	look->device = st.st_dev;
	return true;
}

void
renew_note(struct generation *gen)
{
	const char **paths = conf_value_files(gen->conf, "ssl_", gen->pool);
	unsigned count = 0;

	while (paths[count] != NULL)
		count++;
	gen->renew_files = pool_new_array(gen->pool, struct renew_file, count);
	for (unsigned i = 0; i < count; i++) {
		struct renew_file *file = &gen->renew_files[i];

		file->path = paths[i];
		/* One that is missing is told by who reads it. */
		(void)look_at(file->path, &file->used);
		file->last = file->used;
	}
	gen->renew_count = count;
}

/* The first file that is another than the one in use; NULL while none is, or
   some still change. */
static const char *
changed_file(struct generation *gen)
{
	const char *changed = NULL;
	bool settled = true;

	for (unsigned i = 0; i < gen->renew_count; i++) {
		struct renew_file *file = &gen->renew_files[i];
		struct look now;

		if (!look_at(file->path, &now))
			return NULL;
		if (memcmp(&now, &file->last, sizeof(now)) != 0)
			settled = false;
		file->last = now;
		if (changed == NULL &&
		    memcmp(&now, &file->used, sizeof(now)) != 0)
			changed = file->path;
	}
	return settled ? changed : NULL;
}

static void
on_timer(void *arg)
{
	struct master *m = arg;
	struct generation *gen = m->now;
	const char *changed;

	loop_timer_set(m->renew_timer, LOOK_MS);
	if (m->starting || m->stopping || m->next != NULL)
		return;
	changed = changed_file(gen);
	if (changed == NULL)
		return;
	log_info(&log_process, "%s has changed: loading certificates anew",
		 changed);
	for (unsigned i = 0; i < gen->renew_count; i++)
		gen->renew_files[i].used = gen->renew_files[i].last;
	life_renew(m);
}

void
renew_start(struct master *m)
{
	m->renew_timer = loop_timer_new(m->loop, on_timer, m);
	loop_timer_set(m->renew_timer, LOOK_MS);
}
