/*
 * A user's mail; see storage.h. What the configuration says is read once
 * (struct storage_settings); for each user only variables are expanded.
 */
#include "storage/storage.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "conf/vars.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"
#include "storage/mail-settings.h"
#include "storage/mailbox-name.h"
#include "storage/storage-private.h"
#include "storage/subscriptions.h"

static const struct storage_format *const formats[] = {
	&storage_maildir,
	&storage_mbox,
};

const struct storage_format *
storage_format_find(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	}
	return NULL;
}

/* --- a user's storage --- */

static bool
is_dots(const char *s, size_t len)
{
	return len <= 2 && strspn(s, ".") >= len;
}

/* A user's name goes into paths by %u, %n and %d. Whoever looked him up has
   judged it; this is the last line of defence: no part of it may lead
   upwards. */
static int
check_user(const char *user, struct err *err)
{
	const char *p = user;

	while (*p != '\0') {
		size_t len = strcspn(p, "/@");

		if (is_dots(p, len) && (len > 0 || *p == '/')) {
			return err_set(err, ERR_TEMP, "User name can't be "
				       "used in paths: %s", user);
		}
		p += len;
		p += *p != '\0';
	}
	return 0;
}

int
storage_open(const struct storage_settings *set, const char *user,
	     const char *home, const struct vars *vars,
	     const struct logctx *log, struct pool *pool,
	     struct storage **storage_r, struct err *err)
{
	const struct location_user owner = { user, home };
	const struct namespace_open open = { set, &owner, vars, log, pool };
	struct storage *st = pool_new_obj(pool, struct storage);

	if (check_user(user, err) < 0)
		return -1;
	st->pool = pool;
	st->set = set->mail;
	st->namespace_count = set->namespace_count;
	st->namespaces = pool_new_array(pool, struct storage_ns,
					set->namespace_count);
	for (unsigned i = 0; i < set->namespace_count; i++) {
		if (namespace_open(&open, &set->namespaces[i],
				   &st->namespaces[i], err) < 0)
			return -1;
		if (st->namespaces[i].set->inbox && st->inbox == NULL)
			st->inbox = &st->namespaces[i];
	}
	if (namespaces_check(st, err) < 0)
		return -1;
	*storage_r = st;
	return 0;
}

const char *
storage_inbox_prefix(const struct storage *storage)
{
	return storage->inbox->prefix;
}

const char *
storage_root(const struct storage *storage)
{
	return storage->inbox->loc.root;
}

static const char *
control_dir(const struct location *loc)
{
	return *loc->control != '\0' ? loc->control : loc->root;
}

/* A closed one has no mail of this user, and so nothing to tell. */
const struct storage_ns *
storage_ns_find(const struct storage *storage, const char *prefix)
{
	for (unsigned i = 0; i < storage->namespace_count; i++) {
		const struct storage_ns *ns = &storage->namespaces[i];

		if (strcmp(ns->prefix, prefix) == 0)
			return ns->is_closed ? NULL : ns;
	}
	return NULL;
}

const char *
storage_ns_control_dir(const struct storage *storage, const char *prefix)
{
	const struct storage_ns *ns = prefix == NULL ? storage->inbox :
		storage_ns_find(storage, prefix);

	return ns == NULL ? NULL : control_dir(&ns->loc);
}

const char *
storage_ns_format(const struct storage *storage, const char *prefix)
{
	const struct storage_ns *ns = prefix == NULL ? storage->inbox :
		storage_ns_find(storage, prefix);

	return ns == NULL ? NULL : ns->loc.format->name;
}

/* --- mailboxes --- */

/* INBOX by its own name, or by the bare prefix of its namespace. */
static bool
means_inbox(const struct storage *st, const char *name)
{
	const char *rest;

	if (strcasecmp(name, "INBOX") == 0)
		return true;
	rest = namespace_rest(st->inbox, name);
	return rest != NULL && (*rest == '\0' ||
				strcasecmp(rest, "INBOX") == 0);
}

int
storage_mailbox(struct storage *st, const char *name, struct mailbox **box_r,
		struct err *err)
{
	struct mailbox *box = pool_new_obj(st->pool, struct mailbox);

	box->storage = st;
	box->name = pool_strdup(st->pool, name);
	if (means_inbox(st, name)) {
		box->ns = st->inbox;
		box->rest = "INBOX";
		box->disk = "";
		box->path = box->ns->loc.inbox;
		box->inbox = true;
		*box_r = box;
		return 0;
	}
	box->ns = namespace_find(st, box->name, &box->rest);
	if (box->ns == NULL || box->ns->is_closed)
		return mailbox_not_found(box, err);
	if (mailbox_name_to_disk(box->rest, box->ns->sep, &box->ns->loc,
				 st->pool, &box->disk, err) < 0)
		return -1;
	box->path = mailbox_dir_path(&box->ns->loc, box->disk, st->pool);
	*box_r = box;
	return 0;
}

bool
mailbox_is_inbox(const struct mailbox *box)
{
	return box->inbox;
}

const char *
mailbox_name(const struct mailbox *box)
{
	return box->name;
}

bool
mailbox_is_private(const struct mailbox *box)
{
	return strcmp(box->ns->set->type, "private") == 0;
}

const char *
mailbox_namespace_prefix(const struct mailbox *box)
{
	return box->ns->prefix;
}

int
mailbox_not_found(const struct mailbox *box, struct err *err)
{
	return err_set(err, ERR_NOTFOUND, "Mailbox doesn't exist: %s",
		       box->name);
}

static const struct mailbox_auto *
mailbox_auto(const struct mailbox *box)
{
	const struct mailbox_auto *a = box->ns->autos;

	while (a->name != NULL && strcmp(a->name, box->rest) != 0)
		a++;
	return a;	/* the last one says no to all */
}

int
mailbox_perm(const struct mailbox *box, struct pool *pool, struct perm *perm_r,
	     struct err *err)
{
	const struct location *loc = &box->ns->loc;
	char *path = pool_strdup(pool, box->inbox ? loc->root : box->path);
	size_t root_len = strlen(loc->root);
	char sep = loc->layout == LAYOUT_FS ? '/' : '.';
	struct stat st;

	while (stat(path, &st) < 0) {
		char *cut;

		if (errno != ENOENT && errno != ENOTDIR)
			return err_path(err, "stat", path);
		if (strlen(path) <= root_len) {
			*perm_r = perm_private;
			return 0;
		}
		cut = strrchr(path + root_len, sep);
		/* "root/.Sub" and "root/Sub" end at the root itself. */
		path[cut == NULL || cut <= path + root_len + 1 ? root_len :
			(size_t)(cut - path)] = '\0';
	}
	*perm_r = perm_from_dir(&st);
	return 0;
}

bool
mailbox_auto_create(const struct mailbox *box)
{
	return mailbox_auto(box)->create;
}

bool
mailbox_auto_subscribe(const struct mailbox *box)
{
	return mailbox_auto(box)->subscribe;
}

int
mailbox_create(const struct mailbox *box, struct err *err)
{
	return box->ns->loc.format->create(box, err);
}

/* Whose list of subscriptions has the mailbox: its namespace's, or that of
   the namespace around it. */
int
mailbox_subscribe(const struct mailbox *box, struct err *err)
{
	const struct storage *st = box->storage;
	const struct storage_ns *ns = box->ns;
	const char *name = box->disk, *rest;
	char sep = layout_separator(&ns->loc);

	if (!ns->set->subscriptions) {
		ns = NULL;
		for (unsigned i = 0; i < st->namespace_count; i++) {
			const struct storage_ns *other = &st->namespaces[i];

			rest = namespace_rest(other, box->name);
			if (!other->set->subscriptions || rest == NULL ||
			    other->is_closed)
				continue;
			ns = other;
			name = mutf7_encode(rest, st->pool);
			sep = box->ns->sep;
		}
		if (ns == NULL)
			return 0;
	}
	return subscriptions_add(&ns->loc, box->inbox ? "INBOX" : name, sep,
				 st->pool, err);
}

int
mailbox_save(struct save_batch *batch, const struct mailbox *box,
	     const struct save_source *source, struct save *save)
{
	save->box = box;
	save->failed = false;
	return box->ns->loc.format->save(batch, source, save);
}

int
mailbox_open_unnamed(const struct mailbox *box, const char *headers)
{
	const struct storage_format *format = box->ns->loc.format;

	return format->open_unnamed == NULL ? -1 :
		format->open_unnamed(box, headers);
}

bool
mailbox_has_parts(const struct mailbox *box)
{
	return box->ns->loc.format->part_usage != NULL;
}

int
mailbox_part_usage(const struct mailbox *box, unsigned part, bool vsize,
		   struct mailbox_usage *usage_r, struct err *err)
{
	struct mailbox_usage usage = { 0, 0 };

	if (!mailbox_has_parts(box))
		return mailbox_usage(box, vsize, usage_r, err);
	if (box->ns->loc.format->part_usage(box, part, vsize, &usage,
					    err) < 0)
		return -1;
	*usage_r = usage;
	return 0;
}

/* For a mailbox in one file. */
static int
stamp_file(const struct mailbox *box, struct mailbox_stamp *stamp,
	   struct err *err)
{
	struct stat st;

	if (stat(box->path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 :
			err_path(err, "stat", box->path);
	stamp->at[0] = st.st_mtim.tv_sec * (int64_t)1000000000 +
		st.st_mtim.tv_nsec;
	stamp->at[1] = st.st_size;
	return 0;
}

int
mailbox_stamp(const struct mailbox *box, struct mailbox_stamp *stamp_r,
	      struct err *err)
{
	const struct storage_format *format = box->ns->loc.format;
	struct mailbox_stamp stamp = { { 0, 0 } };
	int result = format->stamp != NULL ?
		format->stamp(box, &stamp, err) : stamp_file(box, &stamp, err);

	if (result == 0)
		*stamp_r = stamp;
	return result;
}

int
mailbox_usage(const struct mailbox *box, bool vsize,
	      struct mailbox_usage *usage_r, struct err *err)
{
	struct mailbox_usage usage = { 0, 0 };

	if (box->ns->loc.format->usage(box, vsize, &usage, err) < 0)
		return -1;
	*usage_r = usage;
	return 0;
}

int
save_undo(const struct save *save, struct err *err)
{
	return save->box->ns->loc.format->undo(save, err);
}
