/*
 * The plain keep: put the message into a mailbox. A mailbox that isn't there
 * is made when the settings say so; otherwise mail goes to INBOX rather than
 * back to its sender.
 */
#include <stddef.h>

#include "core/pool.h"
#include "deliver/deliver-private.h"
#include "deliver/deliver-settings.h"
#include "mail/message.h"
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

static int
save_to(struct deliver_task *task, struct storage *storage, const char *name)
{
	struct delivery *d = task->d;
	const struct save_source source = {
		message_spool(d->message), d->headers, task->in_place
	};
	struct mailbox *box;
	int result;

	task->mailbox = name;
	if (storage_mailbox(storage, name, &box, &d->err) < 0)
		return -1;
	task->save.err = &d->err;
	result = mailbox_save(task->saves, box, &source, &task->save);
	if (result < 0 && d->err.kind == ERR_NOTFOUND &&
	    autocreate(task, box) > 0)
		result = mailbox_save(task->saves, box, &source, &task->save);
	task->placed = result == 0;
	return result;
}

static int
open_storage(const struct deliver_task *task, struct storage **storage_r)
{
	struct delivery *d = task->d;

	return storage_open(task->storage_set, d->user->name, d->user->home,
			    d->user->vars, &d->log, task->pool, storage_r,
			    &d->err);
}

static const char *
wanted_mailbox(const struct deliver_task *task, const struct storage *storage)
{
	const struct delivery *d = task->d;

	if (!d->mailbox_is_detail)
		return d->mailbox;
	return pool_printf(task->pool, "%s%s", storage_inbox_prefix(storage),
			   d->mailbox);
}

int
deliver_save_unnamed(struct deliver_task *task)
{
	struct storage *storage;
	struct mailbox *box;

	if (open_storage(task, &storage) < 0 ||
	    storage_mailbox(storage, wanted_mailbox(task, storage), &box,
			    &task->d->err) < 0)
		return -1;
	return mailbox_open_unnamed(box, task->d->headers);
}

int
deliver_save(struct deliver_task *task)
{
	struct delivery *d = task->d;
	struct storage *storage;
	const char *name;

	if (open_storage(task, &storage) < 0)
		return -1;
	name = wanted_mailbox(task, storage);
	if (save_to(task, storage, name) == 0)
		return 0;
	if (d->err.kind != ERR_NOTFOUND)
		return -1;
	deliver_log(task, LOG_LEVEL_INFO, "save failed to open mailbox %s: %s",
		    deliver_shorten(name, DELIVER_TEXT_MAX, task->pool),
		    d->err.text);
	return save_to(task, storage, "INBOX");
}
