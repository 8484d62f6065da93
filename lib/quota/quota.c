/*
 * A user's quota while mail is delivered to him; see quota.h.
 */
#include "quota/quota.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"
#include "quota/lock.h"
#include "quota/warning.h"
#include "storage/dirs.h"
#include "storage/perm.h"
#include "storage/storage.h"

enum { LOCK_TIMEOUT_MS = 5000 };

static const char *
box_name(const struct mailbox *box)
{
	return mailbox_is_inbox(box) ? "INBOX" : mailbox_name(box);
}

static bool
root_sees(const struct quota_root *root, const struct mailbox *box)
{
	if (root->ns != NULL)
		return strcmp(root->ns, mailbox_namespace_prefix(box)) == 0;
	return mailbox_is_private(box);
}

bool
quota_root_counts(const struct quota_root *root, const struct mailbox *box)
{
	const struct quota_rule *rule;

	if (!root_sees(root, box))
		return false;
	rule = quota_rules_find(&root->rules, box_name(box));
	return rule == NULL || !rule->ignore;
}

int
quota_root_list(const struct quota_root *root, struct mailbox ***boxes_r,
		struct err *err)
{
	struct storage *storage = root->quota->storage;

	if (root->ns != NULL)
		return storage_list_namespace(storage, root->ns, boxes_r, err);
	return storage_list(storage, boxes_r, err);
}

int
quota_root_sum(const struct quota_root *root, bool vsizes,
	       struct quota_usage *usage_r, struct err *err)
{
	struct quota_usage sum = { 0, 0 };
	struct mailbox_usage usage;
	struct mailbox **boxes;

	if (quota_root_list(root, &boxes, err) < 0)
		return -1;
	for (; *boxes != NULL; boxes++) {
		if (!quota_root_counts(root, *boxes))
			continue;
		if (mailbox_usage(*boxes, vsizes, &usage, err) < 0)
			return -1;
		sum.bytes += usage.bytes;
		sum.messages += usage.messages;
	}
	*usage_r = sum;
	return 0;
}

/* --- begin and end --- */

/* The directory where the quota is kept isn't there. It is made beside mail
   that is; but a look alone makes nothing for a user without any. */
static bool
make_dir(const struct quota_root *root, bool stored)
{
	const struct quota *quota = root->quota;
	const char *mail = storage_root(quota->storage);
	struct stat st;
	struct err err;

	if (!stored && (strcmp(root->dir, mail) == 0 || stat(mail, &st) < 0))
		return false;
	if (dir_make_durable(root->dir, &perm_private, false, quota->pool,
			     &err) == 0)
		return true;
	log_error(quota->log, "quota: %s", err.text);
	return false;
}

static void
lock_root(struct quota_root *root, bool stored)
{
	struct quota *quota = root->quota;

	root->lock = quota_lock(root->dir, LOCK_TIMEOUT_MS);
	if (root->lock < 0 && errno == ENOENT && make_dir(root, stored))
		root->lock = quota_lock(root->dir, LOCK_TIMEOUT_MS);
	if (root->lock >= 0)
		return;
	if (errno == ENOENT)
		quota->nowhere = true;
	else if (errno == ETIMEDOUT)
		log_warning(quota->log, "quota: %s is locked for more than %d "
			    "s, going on without", root->dir,
			    LOCK_TIMEOUT_MS / 1000);
	else
		log_debug(quota->log, "quota: Can't lock %s: %s", root->dir,
			  strerror(errno));
}

/* Has a root before the i-th the same directory, and the lock with it? */
static bool
is_shared(const struct quota *quota, unsigned i)
{
	for (unsigned j = 0; j < i; j++) {
		if (str_eq(quota->roots[j].dir, quota->roots[i].dir))
			return true;
	}
	return false;
}

/* In the order of the roots, which is the same for all who share one. */
static void
take_locks(struct quota *quota, bool stored)
{
	quota->nowhere = false;
	for (unsigned i = 0; i < quota->root_count; i++) {
		struct quota_root *root = &quota->roots[i];

		if (root->dir != NULL && root->lock < 0 &&
		    !is_shared(quota, i))
			lock_root(root, stored);
	}
}

static void
find_usage(struct quota_root *root)
{
	struct err err;

	root->known = root->backend->usage(root, &root->usage, &err) == 0;
	if (!root->known)
		log_error(root->quota->log, "quota: Failed to check if user "
			  "is under quota: quota-%s: %s - saving mail anyway",
			  root->backend->name, err.text);
}

void
quota_begin(struct quota *quota)
{
	take_locks(quota, false);
	for (unsigned i = 0; i < quota->root_count; i++)
		find_usage(&quota->roots[i]);
}

void
quota_end(struct quota *quota)
{
	for (unsigned i = 0; i < quota->root_count; i++) {
		struct quota_root *root = &quota->roots[i];

		if (root->backend->end != NULL)
			root->backend->end(root);
		if (root->lock >= 0)
			(void)close(root->lock);	/* which unlocks */
		root->lock = -1;
	}
}

/* --- checking --- */

void
quota_root_limit(const struct quota_root *root, const char *mailbox,
		 struct quota_limit *limit_r)
{
	(void)quota_rules_limit(&root->rules, &root->limit, mailbox, limit_r);
}

static bool
is_over(const struct quota_root *root, const struct quota_limit *limit,
	uint64_t size, bool grace)
{
	return quota_is_over(limit, &root->usage, size, grace ?
			     (uint64_t)root->rules.grace.amount.bytes : 0);
}

/* Something better than what made it seem over: 1, or 0 when there is nothing,
   or -1 after a line in the log. */
static int
verify(struct quota_root *root)
{
	struct err err;
	int result = root->backend->verify == NULL ? 0 :
		root->backend->verify(root, &root->usage, &err);

	if (result < 0)
		log_error(root->quota->log, "quota-%s: %s",
			  root->backend->name, err.text);
	return result;
}

static enum quota_result
check_root(struct quota_root *root, const struct mailbox *box, uint64_t size,
	   bool grace)
{
	struct quota_limit limit;
	int verified;

	if (!root->known || root->noenforcing ||
	    !quota_root_counts(root, box))
		return QUOTA_OK;
	quota_root_limit(root, box_name(box), &limit);
	if (!is_over(root, &limit, size, grace))
		return QUOTA_OK;
	verified = verify(root);
	/* Nobody's mail goes back to its sender for our own trouble. */
	if (verified < 0 ||
	    (verified > 0 && !is_over(root, &limit, size, grace)))
		return QUOTA_OK;
	return limit.bytes > 0 && size > (uint64_t)limit.bytes ?
		QUOTA_OVER_LIMIT : QUOTA_OVER;
}

enum quota_result
quota_check(struct quota *quota, const struct mailbox *box, uint64_t size,
	    bool grace)
{
	enum quota_result result = QUOTA_OK;

	if (quota->max_mail_size > 0 && size > quota->max_mail_size)
		return QUOTA_OVER_MAX_SIZE;
	for (unsigned i = 0; i < quota->root_count; i++) {
		enum quota_result here = check_root(&quota->roots[i], box,
						    size, grace);

		if (here > result)
			result = here;
	}
	return result;
}

/* --- counting --- */

static void
add(uint64_t *sum, int64_t change)
{
	if (change < 0 && (uint64_t)-change > *sum)
		*sum = 0;
	else
		*sum += (uint64_t)change;
}

static void
count_root(struct quota_root *root, int64_t bytes, int64_t messages)
{
	const struct quota_backend *backend = root->backend;
	struct err err;

	if (root->known && !root->counted) {
		root->before = root->usage;
		root->counted = true;
	}
	add(&root->usage.bytes, bytes);
	add(&root->usage.messages, messages);
	if (backend->update == NULL ||
	    backend->update(root, bytes, messages, &err) == 0)
		return;
	if (root->known)
		log_error(root->quota->log, "quota: Failed to update usage: "
			  "quota-%s: %s", backend->name, err.text);
	else	/* what is wrong was told by find_usage() */
		log_debug(root->quota->log, "quota: Failed to update usage, "
			  "too: quota-%s: %s", backend->name, err.text);
}

void
quota_count(struct quota *quota, const struct mailbox *box, uint64_t size,
	    int messages)
{
	int64_t bytes = messages * (int64_t)size;

	/* The user's first message: there is something to lock now. */
	if (quota->nowhere)
		take_locks(quota, true);
	quota->counting = box;
	for (unsigned i = 0; i < quota->root_count; i++) {
		if (quota_root_counts(&quota->roots[i], box))
			count_root(&quota->roots[i], bytes, messages);
	}
}

int
quota_recalc(struct quota *quota, struct err *err)
{
	int result = 0;

	take_locks(quota, false);
	for (unsigned i = 0; i < quota->root_count; i++) {
		struct quota_root *root = &quota->roots[i];

		if (root->backend->recalc != NULL &&
		    root->backend->recalc(root, err) < 0)
			result = err_prefix(err, "%s", root->name);
	}
	quota_end(quota);
	return result;
}

/* --- warnings --- */

/* The first one in the order of the settings, as in Dovecot: the highest
   stands first there. */
static const struct quota_warning *
due(const struct quota_root *root)
{
	for (unsigned i = 0; root->counted && i < root->rules.warning_count;
	     i++) {
		const struct quota_warning *w = &root->rules.warnings[i];

		if (quota_warning_crossed(w, &root->before, &root->usage))
			return w;
	}
	return NULL;
}

/* Does the userdb's flag say otherwise than usage does? */
static bool
flag_is_wrong(const struct quota_root *root)
{
	const struct quota_limit *limit = &root->limit;
	bool over = (limit->bytes > 0 &&
		     root->usage.bytes >= (uint64_t)limit->bytes) ||
		(limit->messages > 0 &&
		 root->usage.messages >= (uint64_t)limit->messages);

	return root->over.script != NULL && !root->over.told && root->known &&
		over != root->over.is_set;
}

bool
quota_has_warning(const struct quota *quota)
{
	for (unsigned i = 0; i < quota->root_count; i++) {
		if (due(&quota->roots[i]) != NULL ||
		    flag_is_wrong(&quota->roots[i]))
			return true;
	}
	return false;
}

static void
log_start(const struct quota_root *root, const struct quota_warning *w)
{
	const struct quota_warning bytes = {
		.at.amount.bytes = w->at.amount.bytes, .reverse = w->reverse
	};
	bool by_bytes = quota_warning_crossed(&bytes, &root->before,
					      &root->usage);
	uint64_t before = by_bytes ? root->before.bytes :
		root->before.messages;
	uint64_t now = by_bytes ? root->usage.bytes : root->usage.messages;
	int64_t limit = by_bytes ? w->at.amount.bytes : w->at.amount.messages;

	log_debug(root->quota->log, "quota: Executing warning: %s (because "
		  "%s=%" PRIu64 " -> %" PRIu64 " %s limit %" PRId64 ")",
		  w->command, by_bytes ? "bytes" : "count", before, now,
		  w->reverse ? "below" : "over", limit);
}

static void
start(const struct quota *quota, const char *command, const char *last,
      const char *base_dir)
{
	struct err err;

	if (script_start(command, last, base_dir, quota->pool, &err) < 0)
		log_error(quota->log, "quota: Failed to execute warning: %s",
			  err.text);
}

void
quota_warn(struct quota *quota, const char *base_dir)
{
	for (unsigned i = 0; i < quota->root_count; i++) {
		struct quota_root *root = &quota->roots[i];
		const struct quota_warning *w = due(root);

		root->counted = false;
		if (w != NULL) {
			log_start(root, w);
			start(quota, w->command, NULL, base_dir);
		}
		if (!flag_is_wrong(root))
			continue;
		log_debug(quota->log, "quota: Executing warning: %s (because "
			  "quota_over_flag mismatch)", root->over.script);
		root->over.told = true;
		start(quota, root->over.script, root->over.flag, base_dir);
	}
}
