/*
 * Shared by the files of storage/, not by its callers.
 */
#ifndef LOFT_STORAGE_STORAGE_PRIVATE_H
#define LOFT_STORAGE_STORAGE_PRIVATE_H

#include <sys/stat.h>

#include "storage/location.h"
#include "storage/perm.h"
#include "storage/storage.h"

struct storage_ns {
	const struct namespace_settings *set;
	const char *name;	/* of its section, for the log */
	const char *prefix;	/* expanded */
	char sep;
	bool is_alias;	/* alias_for is set, perhaps to "" */
	bool is_closed;	/* it has names, but no mail of this user: of other
			   users, or its location failed; loc isn't set */
	struct location loc;
	const struct mailbox_auto *autos;	/* name NULL ends them */
};

/* `mailbox NAME { auto = … }` */
struct mailbox_auto {
	const char *name;	/* without the namespace's prefix */
	bool create, subscribe;
};

struct ns_settings {
	const struct namespace_settings *set;
	const char *name;
	bool is_alias;
	const struct mailbox_auto *autos;
};

struct storage_settings {
	const struct mail_settings *mail;
	struct ns_settings *namespaces;
	unsigned namespace_count;
};

struct storage {
	struct pool *pool;
	const struct mail_settings *set;
	struct storage_ns *namespaces;
	unsigned namespace_count;
	struct storage_ns *inbox;	/* the one with inbox = yes */
};

/* The one with exactly this prefix, or NULL; nor one that is closed. */
const struct storage_ns *storage_ns_find(const struct storage *storage,
					 const char *prefix);

struct mailbox {
	struct storage *storage;
	const struct storage_ns *ns;
	const char *name;	/* as it was asked for */
	const char *rest;	/* without the prefix; "INBOX" for that */
	const char *disk;	/* as on disk; "" for INBOX */
	const char *path;	/* its directory */
	bool inbox;
};

/* The batch: what maildir.c notes there (batch.c). */

/* A file that others may link to. */
struct source_key {
	uid_t uid;
	gid_t gid;		/* of the file */
	bool setgid;		/* the directory decides about the group */
	mode_t mode;
	dev_t dev;
	const struct spool *spool;
	const char *headers;
	bool crlf;
};

/* The path of an equal file, or NULL. */
const char *save_batch_source(const struct save_batch *batch,
			      const struct source_key *key);

/* That path is of no use (any more). */
void save_batch_drop_source(struct save_batch *batch, const char *path);

/* A new file that others may link to; path in the batch's pool. */
void save_batch_add_source(struct save_batch *batch,
			   const struct source_key *key, const char *path);

/* The directory of a placed message: opened now, with the ids of its owner,
   and synced later. box_st is the mailbox's, to know it again, and flagged
   tells cur/ from new/. */
int save_batch_add_dir(struct save_batch *batch, const char *dir,
		       const struct stat *box_st, bool flagged,
		       struct save *save);

struct pool *save_batch_pool(struct save_batch *batch);

/* namespace.c: expand one namespace for a user, and see that all of them go
   together. */
struct namespace_open {
	const struct storage_settings *set;
	const struct location_user *user;
	const struct vars *vars;
	const struct logctx *log;
	struct pool *pool;
};
int namespace_open(const struct namespace_open *open,
		   const struct ns_settings *from, struct storage_ns *ns,
		   struct err *err);
int namespaces_check(const struct storage *storage, struct err *err);

/* Does the name begin with the prefix? INBOX in front is the same in any
   case. Returns what follows, or NULL. */
const char *namespace_rest(const struct storage_ns *ns, const char *name);

/* The namespace of a name: the one with the longest prefix. NULL where none
   has it, or only its bare prefix without the separator ("Public"): that
   would show up nowhere as a mailbox. */
const struct storage_ns *namespace_find(const struct storage *storage,
					const char *name, const char **rest_r);

extern const struct storage_format storage_maildir, storage_mbox;

/* -1 with ERR_NOTFOUND: there is no such mailbox. */
int mailbox_not_found(const struct mailbox *box, struct err *err);

/* What a new mailbox's modes follow: the nearest mailbox above it that is
   there, at last the root; a new root is private. */
int mailbox_perm(const struct mailbox *box, struct pool *pool,
		 struct perm *perm_r, struct err *err);

#endif
