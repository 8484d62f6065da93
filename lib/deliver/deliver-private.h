/*
 * Shared by the files of deliver/, not by its callers.
 */
#ifndef LOFT_DELIVER_PRIVATE_H
#define LOFT_DELIVER_PRIVATE_H

#include <stddef.h>

#include "deliver/deliver.h"
#include "deliver/plugin.h"
#include "service/priv.h"
#include "storage/storage.h"

/* A delivery on its way; lives in the batch's pool. */
struct deliver_task {
	struct delivery *d;
	struct deliver_task *next;
	struct pool *pool;
	const struct deliver_settings *set;
	const struct storage_settings *storage_set;
	struct priv_ids ids;
	int64_t start;		/* clock_ms() */
	struct save_batch *saves;
	struct save save;
	bool in_place;		/* the spool's file can be linked */
	bool placed;		/* save is filled */
	const char *mailbox;	/* which one was tried last; NULL: none yet */
	const struct plugin_set *plugin_set;	/* NULL: no plugins */
	struct plugin_run *plugins;	/* NULL: none, or not opened yet */
	struct plugin_save plugin_save;
};

/* Place the message where the delivery says, else in INBOX; with the ids of
   the user. -1 with task->d->err. */
int deliver_save(struct deliver_task *task);

/* 0, or -1 with ERR_LOOP: this message was here before. */
int deliver_check_loop(struct deliver_task *task);
/* The user's mail, and what plugins have to say about him. -1 with
   task->d->err. */
int deliver_open_storage(const struct deliver_task *task,
			 struct storage **storage_r);
int deliver_open_plugins(struct deliver_task *task, struct storage *storage);

/* Where the message should go, by the user's names. */
const char *deliver_wanted_mailbox(const struct deliver_task *task,
				   const struct storage *storage);

enum { DELIVER_TEXT_MAX = 80 };	/* of a name or subject in a log line */

/* A copy of at most max octets, "..." among them where it is cut, no half of a
   UTF-8 character and '?' for control characters. NULL stays NULL. */
const char *deliver_shorten(const char *text, size_t max, struct pool *pool);

/* An unnamed file where the message will be, with its headers; or -1. */
int deliver_save_unnamed(struct deliver_task *task);

/* An empty one near there; or -1. */
int deliver_save_shelter(struct deliver_task *task, bool shared);

/* The delivery's line: deliver_log_format with this result. */
void deliver_log(const struct deliver_task *task, enum log_level level,
		 const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
