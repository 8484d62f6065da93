/*
 * A user's mail: namespaces, the mailboxes in them, and how messages are put
 * there. Formats are drivers in a table (storage.c); all functions here work
 * with the effective ids of the moment, so that the caller brackets them.
 *
 * Storing goes in two steps, so that many recipients cost one file and few
 * syncs: mailbox_save() puts a message in place, save_batch_sync() makes all
 * that was placed durable; only then is it delivered.
 */
#ifndef LOFT_STORAGE_STORAGE_H
#define LOFT_STORAGE_STORAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/err.h"

struct conf;
struct logctx;
struct mailbox;
struct pool;
struct save_batch;
struct scope;
struct spool;
struct storage;
struct stat;
struct storage_settings;
struct vars;

enum mail_flag {
	MAIL_ANSWERED = 1, MAIL_DELETED = 2, MAIL_DRAFT = 4, MAIL_FLAGGED = 8,
	MAIL_SEEN = 16,
};

/* One message placed in one mailbox. The caller owns the struct until the
   batch is cleared, sets err to where failures are told, and says with which
   effective ids it calls. Keywords that can't be kept are left out: no
   message fails for them. */
struct save {
	unsigned flags;		/* enum mail_flag: how readers see it first */
	const char *const *keywords;	/* up to NULL; NULL: none */
	struct err *err;
	uid_t uid;
	gid_t gid;
	const struct mailbox *box;
	const char *path;	/* of the file; in the batch's pool */
	const char *id;		/* the last part of path */
	uint64_t size, vsize;	/* with headers; vsize counts CR LF */
	uint64_t start, end;	/* where path holds others, too */
	bool failed;		/* after save_batch_sync(); *err says why */
	struct save *next;	/* the batch's */
	unsigned dir;
};

/* What is stored: headers in front of the message, both with LF. Both must
   live until the batch is cleared. */
struct save_source {
	const struct spool *spool;
	const char *headers;
	const char *sender;	/* envelope; NULL or "" is the null sender */
	bool in_place;	/* the spool's file is from mailbox_open_unnamed(),
			   with these headers and ids */
};

/* What lies in a mailbox. */
struct mailbox_usage {
	uint64_t bytes, messages;
};

/* Differs when messages came or went, to the file system's tick; all 0 for a
   mailbox that isn't there. Nanoseconds, or a size. Where a mailbox has two
   parts, each has its own. */
struct mailbox_stamp {
	int64_t at[2];
};

/* A format is one file with one of these, and its row in storage.c. Paths
   come from the mailbox (storage-private.h); everything is called with the
   ids of the owner but the batch's sync. */
struct storage_format {
	const char *name;	/* in mail_location */
	bool in_files;		/* a mailbox is a file, not a directory */
	/* Is that, as it lies on disk, a mailbox? st is of path. */
	bool (*is_mailbox)(const char *path, const struct stat *st);
	/* Make a mailbox with its missing parents, durably. One that is
	   there already is success. */
	int (*create)(const struct mailbox *box, struct err *err);
	/* Place a message; the directory sync is left to the batch. */
	int (*save)(struct save_batch *batch, const struct save_source *source,
		    struct save *save);
	/* See save_undo(). */
	int (*undo)(const struct save *save, struct err *err);
	/* See mailbox_open_unnamed(); NULL: it can't. */
	int (*open_unnamed)(const struct mailbox *box, const char *headers);
	/* See mailbox_usage(); *usage is zeroed. */
	int (*usage)(const struct mailbox *box, bool vsize,
		     struct mailbox_usage *usage, struct err *err);
	/* See mailbox_part_usage(); *usage is zeroed. NULL: there is only one
	   part. */
	int (*part_usage)(const struct mailbox *box, unsigned part, bool vsize,
			  struct mailbox_usage *usage, struct err *err);
	/* See mailbox_stamp(); *stamp is zeroed. NULL: the time and size of
	   the file will do. */
	int (*stamp)(const struct mailbox *box, struct mailbox_stamp *stamp,
		     struct err *err);
};

/* How a group's rights are taken up for one call and put down again
   (mail_privileged_group); this module can't change ids itself. */
struct storage_groups {
	int (*enter)(const char *group, struct err *err);
	void (*leave)(void);
};
void storage_use_groups(const struct storage_groups *groups);

/* NULL when there is no such format. */
const struct storage_format *storage_format_find(const char *name);

/* What the configuration says about mail and namespaces. overrides as for
   settings_get(), "namespace/NAME/key=value" too. Lives in pool. */
struct storage_settings *
storage_settings_get(const struct conf *conf, const struct scope *scope,
		     const char *const *overrides, struct pool *pool,
		     struct err *err);
const struct mail_settings *
storage_settings_mail(const struct storage_settings *set);

/* Would this override ("name=value") change storage settings? */
bool storage_settings_concern(const char *override);

/* One user's mail: expand locations and prefixes. home may be NULL; log gets
   the debug lines about namespaces. Lives in pool. -1 with the reason. */
int storage_open(const struct storage_settings *set, const char *user,
		 const char *home, const struct vars *vars,
		 const struct logctx *log, struct pool *pool,
		 struct storage **storage_r, struct err *err);

/* The prefix of the namespace that has INBOX. */
const char *storage_inbox_prefix(const struct storage *storage);

/* The root of the namespace that has INBOX, absolute ("~/Maildir"). */
const char *storage_root(const struct storage *storage);

/* All mailboxes of the user that are there: INBOX first (there or not), then
   those of every private namespace, aliases aside, in no order. Names as the
   user sees them. NULL ends the array; all of it lives in the storage's pool.
   Reads directories: not for the way of a delivery. -1 with err. */
int storage_list(struct storage *storage, struct mailbox ***boxes_r,
		 struct err *err);

/* The same of one namespace of any type, by its prefix; nothing where there
   is none. */
int storage_list_namespace(struct storage *storage, const char *prefix,
			   struct mailbox ***boxes_r, struct err *err);

/* Where the namespace with that prefix (NULL: the one that has INBOX) keeps
   its control files (subscriptions, maildirsize): CONTROL= of mail_location,
   else the root; and the name of its format. NULL when there is no such
   namespace, or it has no mail of this user. */
const char *storage_ns_control_dir(const struct storage *storage,
				   const char *prefix);
const char *storage_ns_format(const struct storage *storage,
			      const char *prefix);

/* The mailbox of that name; nothing is looked at on disk. Lives in the
   storage's pool. -1 with ERR_NOTFOUND when there can't be one. */
int storage_mailbox(struct storage *storage, const char *name,
		    struct mailbox **box_r, struct err *err);

bool mailbox_is_inbox(const struct mailbox *box);
const char *mailbox_name(const struct mailbox *box);

/* The prefix of its namespace: "" or "Archive/". */
const char *mailbox_namespace_prefix(const struct mailbox *box);

/* Is its namespace of type private? */
bool mailbox_is_private(const struct mailbox *box);

/* Count a mailbox's messages and their octets as stored, or with CR LF for
   vsize. A mailbox that isn't there is empty. Cost grows with the mailbox. */
int mailbox_usage(const struct mailbox *box, bool vsize,
		  struct mailbox_usage *usage_r, struct err *err);

/* A mailbox may have two parts that change apart from each other and can be
   counted so; new mail comes into part 0. */
bool mailbox_has_parts(const struct mailbox *box);
int mailbox_part_usage(const struct mailbox *box, unsigned part, bool vsize,
		       struct mailbox_usage *usage_r, struct err *err);

/* The mailbox's stamp; costs the same whatever lies in it. */
int mailbox_stamp(const struct mailbox *box, struct mailbox_stamp *stamp_r,
		  struct err *err);

/* `mailbox NAME { auto = … }`: are we to create it, to subscribe to it? */
bool mailbox_auto_create(const struct mailbox *box);
bool mailbox_auto_subscribe(const struct mailbox *box);

int mailbox_create(const struct mailbox *box, struct err *err);
int mailbox_subscribe(const struct mailbox *box, struct err *err);

struct save_batch *save_batch_new(void);
void save_batch_free(struct save_batch **bp);

/* Put a message into a mailbox. INBOX is made when it isn't there; for
   another mailbox that isn't there -1 with ERR_NOTFOUND in *save->err. On
   success the file is complete, its data on stable storage, and save is
   filled; on failure nothing is left. */
int mailbox_save(struct save_batch *batch, const struct mailbox *box,
		 const struct save_source *source, struct save *save);

/* Open an unnamed file where the mailbox lies and write the headers into it:
   a large message that is received into it need not be copied. The fd, or -1
   when that can't be; then nobody should be troubled with the reason. */
int mailbox_open_unnamed(const struct mailbox *box, const char *headers);

/* Make everything durable that was placed since the last clear. Needs no
   privileges of the users. Look at each save's `failed` afterwards; a failed
   one must be undone with the ids of its user. */
void save_batch_sync(struct save_batch *batch);

/* Forget the saves and the memory they took; after save_batch_sync(). */
void save_batch_clear(struct save_batch *batch);

/* Take a placed message away again, with the ids of its user; it is no
   failure that it has gone. -1 where that can't be (a mailbox in one file, to
   which others have added since). */
int save_undo(const struct save *save, struct err *err);

#endif
