/*
 * Delivery of one message to its recipients; see deliver.h.
 */
#include "deliver/deliver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/scope.h"
#include "conf/settings.h"
#include "conf/vars.h"
#include "core/clock.h"
#include "core/pool.h"
#include "core/str.h"
#include "deliver/deliver-private.h"
#include "deliver/deliver-settings.h"
#include "io/spool.h"
#include "mail/message.h"
#include "storage/mail-settings.h"
#include "user/user.h"

struct deliver_batch {
	const struct conf *conf;
	struct scope scope;
	struct pool *base_pool;		/* what lives as long as the batch */
	const struct deliver_settings *set;
	const struct storage_settings *storage_set;
	struct plugin_set *plugin_set;	/* NULL: no plugins */

	struct pool *pool;		/* what lives until the commit */
	struct save_batch *saves;
	struct deliver_task *first, **last;
	struct {			/* the process, at its first delivery */
		pid_t pid;		/* 0: not looked at yet */
		bool can_change;	/* its ids: it is root */
		uid_t euid;		/* when it can't */
		gid_t egid;
		char pid_text[16];
	} self;
	const struct deliver_task *inside;	/* as whom we are, or NULL */
	struct {			/* the last deliver_open_unnamed() */
		uid_t uid;
		gid_t gid;
		const char *headers;
	} unnamed;
};

static const char *
plugin_names(const struct storage_settings *set)
{
	return storage_settings_mail(set)->mail_plugins;
}

void
deliver_use_groups(void)
{
	static const struct storage_groups groups = {
		priv_group_enter, priv_group_leave
	};

	storage_use_groups(&groups);
}

struct deliver_batch *
deliver_batch_new(const struct conf *conf, const struct scope *scope,
		  struct err *err)
{
	struct deliver_batch *batch = mem_alloc(sizeof(*batch));

	deliver_use_groups();
	/* Modes come from the mail directories; until they are set, nobody
	   else is to look. */
	(void)umask(0077);
	batch->conf = conf;
	batch->scope = *scope;
	batch->base_pool = pool_new();
	batch->pool = pool_new();
	batch->saves = save_batch_new();
	batch->last = &batch->first;
	batch->set = settings_get(conf, scope, "", &deliver_settings_info,
				  NULL, batch->base_pool, err);
	if (batch->set != NULL) {
		batch->storage_set = storage_settings_get(conf, scope, NULL,
							  batch->base_pool,
							  err);
	}
	if (batch->storage_set == NULL ||
	    plugin_set_open(plugin_names(batch->storage_set), conf, scope,
			    batch->base_pool, &batch->plugin_set, err) < 0)
		deliver_batch_free(&batch);
	return batch;
}

/* Not when the batch is made: that may be in a template, whose workers are
   other processes and perhaps other users. */
static void
look_at_self(struct deliver_batch *batch)
{
	if (batch->self.pid != 0)
		return;
	batch->self.pid = getpid();
	batch->self.can_change = priv_is_root();
	batch->self.euid = geteuid();
	batch->self.egid = getegid();
	(void)snprintf(batch->self.pid_text, sizeof(batch->self.pid_text),
		       "%ld", (long)batch->self.pid);
}

static void
leave(struct deliver_batch *batch)
{
	if (batch->inside == NULL)
		return;
	batch->inside = NULL;
	priv_leave();
}

void
deliver_batch_free(struct deliver_batch **bp)
{
	struct deliver_batch *batch = *bp;

	if (batch == NULL)
		return;
	leave(batch);
	save_batch_free(&batch->saves);
	pool_free(&batch->pool);
	pool_free(&batch->base_pool);
	free(batch);
	*bp = NULL;
}

const struct deliver_settings *
deliver_batch_settings(const struct deliver_batch *batch)
{
	return batch->set;
}

const struct mail_settings *
deliver_batch_mail_settings(const struct deliver_batch *batch)
{
	return storage_settings_mail(batch->storage_set);
}

const struct deliver_settings *
deliver_settings_of(const struct delivery *d)
{
	return d->task->set;
}

uint64_t
deliver_batch_max_size(const struct deliver_batch *batch)
{
	return plugin_set_max_size(batch->plugin_set);
}

const char *
deliver_log_prefix(struct deliver_batch *batch, const struct user *user,
		   const char *session_id, struct pool *pool)
{
	const struct vars_entry entries[] = {
		{ 's', "service", batch->scope.protocol },
		{ '\0', "session", session_id },
		{ 'p', "pid", batch->self.pid_text },
		{ '\0', NULL, NULL },
	};
	const struct vars vars = { .entries = entries, .parent = user->vars };
	const char *prefix = "";
	struct err err;

	look_at_self(batch);
	/* A variable that doesn't exist is told in the prefix itself. */
	(void)vars_expand(deliver_batch_mail_settings(batch)->mail_log_prefix,
			  &vars, pool, &prefix, &err);
	return prefix;
}

/* --- settings of one user --- */

static bool
overrides_concern(const struct user *user)
{
	const char *const *o = user->overrides;
	char name[64];

	for (; o != NULL && *o != NULL; o++) {
		size_t len = strcspn(*o, "=");

		if (storage_settings_concern(*o))
			return true;
		if (len >= sizeof(name))
			continue;
		memcpy(name, *o, len);
		name[len] = '\0';
		if (settings_find(&deliver_settings_info, name) != NULL)
			return true;
	}
	return false;
}

/* The userdb may name other plugins for a user. */
static int
own_plugins(const struct deliver_batch *batch, struct deliver_task *task)
{
	const char *names = plugin_names(task->storage_set);
	struct plugin_set *set;

	if (strcmp(names, plugin_names(batch->storage_set)) == 0)
		return 0;
	if (plugin_set_open(names, batch->conf, &batch->scope, batch->pool,
			    &set, &task->d->err) < 0)
		return -1;
	task->plugin_set = set;
	return 0;
}

static int
task_settings(const struct deliver_batch *batch, struct deliver_task *task)
{
	const struct user *user = task->d->user;
	struct err *err = &task->d->err;
	const struct deliver_settings *set;

	task->set = batch->set;
	task->storage_set = batch->storage_set;
	task->plugin_set = batch->plugin_set;
	if (!overrides_concern(user))
		return 0;
	set = settings_get(batch->conf, &batch->scope, "",
			   &deliver_settings_info, user->overrides,
			   batch->pool, err);
	if (set == NULL)
		return -1;
	task->set = set;
	task->storage_set = storage_settings_get(batch->conf, &batch->scope,
						 user->overrides, batch->pool,
						 err);
	if (task->storage_set == NULL)
		return -1;
	return own_plugins(batch, task);
}

/* --- ids --- */

static bool
ids_equal(const struct priv_ids *a, const struct priv_ids *b)
{
	return a->uid == b->uid && a->gid == b->gid &&
		a->group_count == b->group_count &&
		(a->group_count == 0 ||
		 memcmp(a->groups, b->groups,
			a->group_count * sizeof(*a->groups)) == 0);
}

static int
become(struct deliver_batch *batch, const struct deliver_task *task,
       struct err *err)
{
	if (batch->inside != NULL &&
	    ids_equal(&batch->inside->ids, &task->ids))
		return 0;
	/* A process that can't change has nothing to do for its own user. */
	if (!batch->self.can_change && task->ids.uid == batch->self.euid &&
	    task->ids.gid == batch->self.egid && batch->self.euid != 0)
		return 0;
	leave(batch);
	if (priv_enter(&task->ids, err) < 0)
		return -1;
	batch->inside = task;
	return 0;
}

/* --- one recipient --- */

static struct deliver_task *
task_new(struct deliver_batch *batch, struct delivery *d)
{
	struct deliver_task *task;

	/* What the last results point to goes with the next transaction. */
	if (batch->first == NULL)
		pool_clear(batch->pool);
	look_at_self(batch);
	task = pool_new_obj(batch->pool, struct deliver_task);
	task->d = d;
	d->task = task;
	task->pool = batch->pool;
	task->saves = batch->saves;
	task->start = clock_ms();
	task->ids = (struct priv_ids){ d->user->uid, d->user->gid,
		d->user->groups, d->user->group_count };
	task->save.uid = d->user->uid;
	task->save.gid = d->user->gid;
	task->set = batch->set;
	return task;
}

/* Is the spool's file the one that was opened for these ids and headers? */
static bool
is_in_place(const struct deliver_batch *batch, const struct delivery *d)
{
	return spool_is_placed(message_spool(d->message)) &&
		batch->unnamed.headers == d->headers &&
		batch->unnamed.uid == d->user->uid &&
		batch->unnamed.gid == d->user->gid;
}

int
deliver_open_unnamed(struct deliver_batch *batch, struct delivery *d,
		     uint64_t *base_r)
{
	struct deliver_task *task = task_new(batch, d);
	int fd;

	if (task_settings(batch, task) < 0 ||
	    become(batch, task, &d->err) < 0)
		return -1;
	fd = deliver_save_unnamed(task);
	leave(batch);
	batch->unnamed.uid = d->user->uid;
	batch->unnamed.gid = d->user->gid;
	batch->unnamed.headers = d->headers;
	*base_r = strlen(d->headers);
	return fd;
}

/* As the user. */
static int
ask_plugins(struct deliver_task *task, uint64_t size, bool full)
{
	struct err *err = &task->d->err;
	struct storage *storage;
	struct mailbox *box;
	int result;

	if (deliver_open_storage(task, &storage) < 0)
		return -1;
	/* Where no such mailbox can be, INBOX gets the message. */
	if (storage_mailbox(storage, deliver_wanted_mailbox(task, storage),
			    &box, err) < 0 &&
	    storage_mailbox(storage, "INBOX", &box, err) < 0)
		return -1;
	if (deliver_open_plugins(task, storage) < 0)
		return -1;
	result = plugin_rcpt(task->plugins, box, size, full, err);
	plugin_run_close(&task->plugins);
	return result;
}

bool
deliver_has_plugins(const struct deliver_batch *batch, const struct user *user)
{
	const char *const *o = user->overrides;

	if (batch->plugin_set != NULL)
		return true;
	while (o != NULL && *o != NULL && !str_begins(*o, "mail_plugins="))
		o++;
	return o != NULL && *o != NULL;
}

int
deliver_check_rcpt(struct deliver_batch *batch, struct delivery *d,
		   uint64_t size, bool full)
{
	struct deliver_task *task = task_new(batch, d);
	int result;

	if (task_settings(batch, task) < 0)
		return -1;
	if (task->plugin_set == NULL)
		return 0;
	if (become(batch, task, &d->err) < 0)
		return -1;
	result = ask_plugins(task, size, full);
	leave(batch);
	return result;
}

int
deliver_open_shelter(struct deliver_batch *batch, struct delivery *d,
		     bool shared)
{
	struct deliver_task *task = task_new(batch, d);
	int fd;

	if (task_settings(batch, task) < 0 ||
	    become(batch, task, &d->err) < 0)
		return -1;
	fd = deliver_save_shelter(task, shared);
	leave(batch);
	return fd;
}

void
deliver_add(struct deliver_batch *batch, struct delivery *d)
{
	const struct user *user = d->user;
	struct deliver_task *task;

	task = task_new(batch, d);
	*batch->last = task;
	batch->last = &task->next;
	task->in_place = is_in_place(batch, d);
	d->stored = false;
	d->mailbox_saved = NULL;
	if (task_settings(batch, task) < 0)
		return;
	if (storage_settings_mail(task->storage_set)->mail_debug)
		d->log.debug = true;
	if (deliver_check_loop(task) < 0 || become(batch, task, &d->err) < 0)
		return;
	log_debug(&d->log, "Effective uid=%u, gid=%u, home=%s",
		  (unsigned)user->uid, (unsigned)user->gid,
		  user->home != NULL ? user->home : "");
	(void)deliver_save(task);	/* d->err tells deliver_commit() */
}

/* --- all of them --- */

/* The directory's sync failed: the message must not be there when we say
   that it isn't. */
static void
undo(struct deliver_batch *batch, struct deliver_task *task)
{
	struct err err;

	task->placed = false;
	if (become(batch, task, &err) == 0) {
		if (task->plugins != NULL)
			plugin_undo(task->plugins, &task->plugin_save);
		if (save_undo(&task->save, &err) == 0)
			return;
	}
	log_error(&task->d->log, "Can't take back a message that failed: %s",
		  err.text);
}

static const char *
name_of(const struct deliver_task *task)
{
	return deliver_shorten(task->mailbox, DELIVER_TEXT_MAX, task->pool);
}

static void
log_failure(const struct deliver_task *task)
{
	const struct delivery *d = task->d;
	bool ours = d->err.kind == ERR_TEMP || d->err.kind == ERR_CONFIG;
	enum log_level level = ours ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO;

	const char *id = d->error_id == NULL ? "" :
		pool_printf(task->pool, " [%s]", d->error_id);

	if (d->err.kind == ERR_LOOP) {
		deliver_log(task, level, "%s%s", d->err.text, id);
	} else if (task->mailbox != NULL) {
		deliver_log(task, level, "save failed to %s: %s%s",
			    name_of(task), d->err.text, id);
	} else {
		deliver_log(task, level, "delivery failed: %s%s",
			    d->err.text, id);
	}
}

/* The user's plugins have the last word, as him where they want that. */
static void
end_plugins(struct deliver_batch *batch, struct deliver_task *task)
{
	struct err err;

	if (!plugin_wanted(task->plugins))
		;
	else if (become(batch, task, &err) < 0)
		log_error(&task->d->log, "%s", err.text);
	else
		plugin_done(task->plugins);
	plugin_run_close(&task->plugins);
}

static void
settle(struct deliver_batch *batch, struct deliver_task *task)
{
	struct delivery *d = task->d;

	if (task->placed && task->save.failed)
		undo(batch, task);
	d->stored = task->placed;
	if (!d->stored) {
		log_failure(task);
		return;
	}
	d->mailbox_saved = task->mailbox;
	deliver_log(task, LOG_LEVEL_INFO, "saved mail to %s", name_of(task));
}

void
deliver_commit(struct deliver_batch *batch)
{
	leave(batch);	/* a sync needs nobody's rights */
	save_batch_sync(batch->saves);
	log_hold();
	for (struct deliver_task *t = batch->first; t != NULL; t = t->next)
		settle(batch, t);
	log_release();
	for (struct deliver_task *t = batch->first; t != NULL; t = t->next) {
		if (t->plugins != NULL)
			end_plugins(batch, t);
	}
	leave(batch);	/* where a message was taken back */
	save_batch_clear(batch->saves);
	batch->first = NULL;
	batch->last = &batch->first;
}
