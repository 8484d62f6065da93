/*
 * All mailboxes of a user, as they lie on disk; see storage_list(). Maildir++
 * is one directory to read, LAYOUT=fs a tree: bounded in depth and number,
 * and a symlink to a directory above ends there.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "storage/mail-settings.h"
#include "storage/mailbox-name.h"
#include "storage/storage-private.h"

enum { DEPTH_MAX = 64, BOXES_MAX = 100000, DIRS_MAX = 100000 };

struct list {
	struct storage *storage;
	const struct storage_ns *ns;	/* the one that is read */
	struct mailbox **boxes;
	size_t count, max;
	struct stat above[DEPTH_MAX];	/* the directories around */
	unsigned depth;
	unsigned dirs;			/* so many were read */
	struct err *err;
};

static int
add_box(struct list *list, struct mailbox *box)
{
	if (list->count == BOXES_MAX) {
		return err_set(list->err, ERR_TEMP, "%s: more than %d "
			       "mailboxes", list->ns->loc.root, BOXES_MAX);
	}
	if (list->count + 1 >= list->max) {
		size_t max = list->max == 0 ? 32 : list->max * 2;
		struct mailbox **boxes = pool_new_array(list->storage->pool,
							struct mailbox *, max);

		if (list->count > 0)
			memcpy(boxes, list->boxes,
			       list->count * sizeof(*boxes));
		list->boxes = boxes;
		list->max = max;
	}
	list->boxes[list->count++] = box;
	return 0;
}

static int
add_inbox(struct list *list)
{
	struct mailbox *inbox;

	if (storage_mailbox(list->storage, "INBOX", &inbox, list->err) < 0)
		return -1;
	return add_box(list, inbox);
}

static int
add_disk(struct list *list, const char *disk, const char *path)
{
	struct pool *pool = list->storage->pool;
	struct mailbox *box = pool_new_obj(pool, struct mailbox);
	char sep = layout_separator(&list->ns->loc);
	char *rest = list->ns->loc.utf8 ? pool_strdup(pool, disk) :
		mutf7_decode(disk, pool);

	for (char *p = rest; *p != '\0'; p++) {
		if (*p == sep)
			*p = list->ns->sep;
	}
	*box = (struct mailbox){
		.storage = list->storage, .ns = list->ns, .disk = disk,
		.rest = rest, .path = path,
		.name = pool_printf(pool, "%s%s", list->ns->prefix, rest),
	};
	return add_box(list, box);
}

static bool
is_other(const struct list *list, const char *path)
{
	return strcmp(path, list->storage->inbox->loc.inbox) != 0;
}

/* An entry of root: ".Sub.Deep". */
static int
add_maildirpp(struct list *list, const char *name)
{
	struct pool *pool = list->storage->pool;
	const struct location *loc = &list->ns->loc;
	const char *path;
	struct stat st;

	if (name[0] != '.' || name[1] == '\0' || name[1] == '.')
		return 0;
	if (loc->format->in_files && (strcmp(name, loc->subscriptions) == 0 ||
				      str_ends(name, ".lock")))
		return 0;
	path = mailbox_dir_path(loc, name + 1, pool);
	if (stat(path, &st) < 0 || !loc->format->is_mailbox(path, &st) ||
	    !is_other(list, path))
		return 0;
	return add_disk(list, pool_strdup(pool, name + 1), path);
}

static int read_tree(struct list *list, const char *path, const char *disk);

static bool
is_no_level(const struct list *list, const char *name)
{
	static const char *const reserved[] = { "cur", "new", "tmp" };

	if (*name == '.')
		return true;
	if (list->ns->loc.format->in_files)
		return str_ends(name, ".lock");
	for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++) {
		if (strcmp(name, reserved[i]) == 0)
			return true;
	}
	return false;
}

/* An entry of a level's directory. */
static int
add_level(struct list *list, const char *dir, const char *disk,
	  const char *name)
{
	struct pool *pool = list->storage->pool;
	const struct location *loc = &list->ns->loc;
	const char *below, *path, *box_path;
	struct stat st;

	if (is_no_level(list, name) || strcmp(name, loc->dir_name) == 0)
		return 0;
	path = pool_printf(pool, "%s/%s", dir, name);
	below = *disk == '\0' ? pool_strdup(pool, name) :
		pool_printf(pool, "%s/%s", disk, name);
	box_path = mailbox_dir_path(loc, below, pool);
	if (stat(box_path, &st) == 0 && loc->format->is_mailbox(box_path, &st) &&
	    is_other(list, box_path) && add_disk(list, below, box_path) < 0)
		return -1;
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return 0;
	return read_tree(list, path, below);
}

static int
read_dir(struct list *list, const char *path, const char *disk)
{
	bool fs = list->ns->loc.layout == LAYOUT_FS;
	DIR *d = opendir(path);
	struct dirent *e;
	int result = 0;

	if (d == NULL)
		return errno == ENOENT || errno == ENOTDIR ? 0 :
			err_path(list->err, "opendir", path);
	while (result == 0 && (errno = 0, e = readdir(d)) != NULL) {
		result = fs ? add_level(list, path, disk, e->d_name) :
			add_maildirpp(list, e->d_name);
	}
	if (result == 0 && errno != 0)
		result = err_path(list->err, "readdir", path);
	(void)closedir(d);	/* only read */
	return result;
}

static int
read_tree(struct list *list, const char *path, const char *disk)
{
	struct stat *here = &list->above[list->depth];
	int result;

	if (list->depth == DEPTH_MAX || stat(path, here) < 0)
		return 0;
	for (unsigned i = 0; i < list->depth; i++) {
		if (list->above[i].st_dev == here->st_dev &&
		    list->above[i].st_ino == here->st_ino)
			return 0;
	}
	/* Links from one to another make many ways to the same directory. */
	if (list->dirs++ == DIRS_MAX)
		return err_set(list->err, ERR_TEMP, "%s: more than %d "
			       "directories", list->ns->loc.root, DIRS_MAX);
	list->depth++;
	result = read_dir(list, path, disk);
	list->depth--;
	return result;
}

static int
read_namespace(struct list *list)
{
	const struct location *loc = &list->ns->loc;
	const char *root = loc->root;

	if (loc->layout == LAYOUT_FS && *loc->mailbox_dir != '\0') {
		root = pool_printf(list->storage->pool, "%s/%s", root,
				   loc->mailbox_dir);
	}
	return read_tree(list, root, "");
}

int
storage_list(struct storage *storage, struct mailbox ***boxes_r,
	     struct err *err)
{
	struct list list = { .storage = storage, .ns = storage->inbox,
		.err = err };

	if (add_inbox(&list) < 0)
		return -1;
	for (unsigned i = 0; i < storage->namespace_count; i++) {
		list.ns = &storage->namespaces[i];
		if (strcmp(list.ns->set->type, "private") == 0 &&
		    !list.ns->is_closed && !list.ns->is_alias &&
		    read_namespace(&list) < 0)
			return -1;
	}
	list.boxes[list.count] = NULL;
	*boxes_r = list.boxes;
	return 0;
}

int
storage_list_namespace(struct storage *storage, const char *prefix,
		       struct mailbox ***boxes_r, struct err *err)
{
	static struct mailbox *none[] = { NULL };
	struct list list = { .storage = storage, .err = err,
		.ns = storage_ns_find(storage, prefix) };

	*boxes_r = none;
	if (list.ns == NULL)
		return 0;
	if ((list.ns == storage->inbox && add_inbox(&list) < 0) ||
	    read_namespace(&list) < 0)
		return -1;
	if (list.count > 0) {
		list.boxes[list.count] = NULL;
		*boxes_r = list.boxes;
	}
	return 0;
}
