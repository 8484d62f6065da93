/*
 * The plain keep: put the message into a mailbox. A mailbox that isn't there
 * is made when the settings say so; otherwise mail goes to INBOX rather than
 * back to its sender.
 */
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "core/pool.h"
#include "deliver/deliver-private.h"
#include "deliver/deliver-settings.h"
#include "deliver/plugin.h"
#include "io/spool.h"
#include "io/unnamed.h"
#include "mail/message.h"
#include "storage/mail-settings.h"
#include "storage/storage.h"
#include "user/user.h"

static void
subscribe(const struct deliver_task *task, const struct mailbox *box)
{
	struct err err;

	if (mailbox_subscribe(box, &err) < 0) {
		log_error(&task->d->log, "Can't subscribe to mailbox %s: %s",
			  mailbox_name(box), err.text);
	}
}

/* Make the mailbox, if that is wanted. 1 when it is there now, 0 when it
   isn't to be (err of the caller stays), -1 with err. */
static int
autocreate(const struct deliver_task *task, const struct mailbox *box)
{
	const struct deliver_settings *set = task->set;
	bool wanted = mailbox_auto_create(box);

	if (!set->lda_mailbox_autocreate && !wanted)
		return 0;
	if (mailbox_create(box, &task->d->err) < 0)
		return -1;
	if (wanted ? mailbox_auto_subscribe(box) :
	    set->lda_mailbox_autosubscribe)
		subscribe(task, box);
	return 1;
}

/* Put it into the mailbox, which is made if that is wanted. */
static int
save_in(struct deliver_task *task, const struct mailbox *box)
{
	struct delivery *d = task->d;
	const struct save_source source = {
		message_spool(d->message), d->headers, d->sender,
		task->in_place
	};
	int result;

	task->save.err = &d->err;
	result = mailbox_save(task->saves, box, &source, &task->save);
	if (result < 0 && d->err.kind == ERR_NOTFOUND &&
	    autocreate(task, box) > 0)
		result = mailbox_save(task->saves, box, &source, &task->save);
	return result;
}

/* The same for plugins, which want to know the size before. */
static int
save_with_plugins(struct deliver_task *task, const struct mailbox *box)
{
	const struct delivery *d = task->d;
	const struct spool *spool = message_spool(d->message);
	struct plugin_save *save = &task->plugin_save;
	int result;

	*save = (struct plugin_save){
		.box = box, .ignore_quota = d->ignore_quota,
		.size = strlen(d->headers) + spool_size(spool),
	};
	save->vsize = save->size + spool_lines(spool);
	for (const char *p = d->headers; *p != '\0'; p++)
		save->vsize += *p == '\n';
	if (storage_settings_mail(task->storage_set)->mail_save_crlf)
		save->size = save->vsize;
	if (plugin_save(task->plugins, save, &task->d->err) < 0)
		return -1;
	result = save_in(task, box);
	if (result == 0) {
		save->size = task->save.size;
		save->vsize = task->save.vsize;
	}
	plugin_saved(task->plugins, save, result == 0);
	return result;
}

static int
save_to(struct deliver_task *task, struct storage *storage, const char *name)
{
	struct mailbox *box;
	int result;

	task->mailbox = name;
	if (storage_mailbox(storage, name, &box, &task->d->err) < 0)
		return -1;
	result = task->plugins == NULL ? save_in(task, box) :
		save_with_plugins(task, box);
	task->placed = result == 0;
	return result;
}

int
deliver_open_storage(const struct deliver_task *task,
		     struct storage **storage_r)
{
	struct delivery *d = task->d;

	return storage_open(task->storage_set, d->user->name, d->user->home,
			    d->user->vars, &d->log, task->pool, storage_r,
			    &d->err);
}

const char *
deliver_wanted_mailbox(const struct deliver_task *task,
		       const struct storage *storage)
{
	const struct delivery *d = task->d;

	if (!d->mailbox_is_detail)
		return d->mailbox;
	return pool_printf(task->pool, "%s%s", storage_inbox_prefix(storage),
			   d->mailbox);
}

int
deliver_open_plugins(struct deliver_task *task, struct storage *storage)
{
	struct delivery *d = task->d;
	const struct plugin_user user = {
		.user = d->user, .storage = storage, .log = &d->log,
		.pool = task->pool,
	};

	return plugin_run_open(task->plugin_set, &user, &task->plugins,
			       &d->err);
}

int
deliver_save_unnamed(struct deliver_task *task)
{
	struct storage *storage;
	struct mailbox *box;

	if (deliver_open_storage(task, &storage) < 0 ||
	    storage_mailbox(storage, deliver_wanted_mailbox(task, storage), &box,
			    &task->d->err) < 0)
		return -1;
	return mailbox_open_unnamed(box, task->d->headers);
}

/* In this directory, or in the next one above that is there. */
static int
open_near(const char *dir, bool shared, struct pool *pool)
{
	char *path = pool_strdup(pool, dir), *slash;
	struct err err;
	int fd;

	while ((fd = unnamed_open(path, !shared, &err)) < 0 &&
	       (slash = strrchr(path, '/')) != NULL && slash != path)
		*slash = '\0';
	return fd;
}

int
deliver_save_shelter(struct deliver_task *task, bool shared)
{
	const char *home = task->d->user->home;
	struct storage *storage;
	int fd = -1;

	if (deliver_open_storage(task, &storage) == 0)
		fd = open_near(storage_root(storage), shared, task->pool);
	if (fd < 0 && home != NULL)
		fd = open_near(home, shared, task->pool);
	return fd;
}

/* It can't go where it should; is INBOX to get it? Rather than back to the
   sender, when there is no such mailbox or no room in it. */
static bool
falls_back(const struct deliver_task *task, const char *name)
{
	const char *shown = deliver_shorten(name, DELIVER_TEXT_MAX,
					    task->pool);
	const struct err *err = &task->d->err;

	if (err->kind == ERR_NOTFOUND) {
		deliver_log(task, LOG_LEVEL_INFO, "save failed to open "
			    "mailbox %s: %s", shown, err->text);
		return true;
	}
	if (err->kind == ERR_QUOTA && strcasecmp(name, "INBOX") != 0) {
		deliver_log(task, LOG_LEVEL_INFO, "save failed to %s: %s",
			    shown, err->text);
		return true;
	}
	return false;
}

int
deliver_save(struct deliver_task *task)
{
	struct storage *storage;
	const char *name;

	if (deliver_open_storage(task, &storage) < 0 ||
	    (task->plugin_set != NULL &&
	     deliver_open_plugins(task, storage) < 0))
		return -1;
	name = deliver_wanted_mailbox(task, storage);
	if (save_to(task, storage, name) == 0)
		return 0;
	if (!falls_back(task, name))
		return -1;
	return save_to(task, storage, "INBOX");
}
