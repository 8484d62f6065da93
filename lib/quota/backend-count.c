/*
 * Quota by counting what lies in the mailboxes: `count` (sizes with CR LF, as
 * Dovecot counts) and `dirsize` (octets on disk). Nothing has to be told of
 * changes; a cache (count-cache.h) keeps the sum of each part of a mailbox
 * (new/ and cur/ of a Maildir) with a stamp that changes when messages come or
 * go, so that only what has changed is listed.
 *
 * A delivery changes new/, which is listed anew the next time. When that is
 * large our message is added to its sum instead. Somebody else's change
 * between the two looks at the stamp is missed so; therefore such an entry is
 * good for 15 minutes, and never to refuse mail: before that what is in doubt
 * is listed (verify()).
 */
#include "quota/roots.h"

#include <string.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "quota/count-cache.h"
#include "storage/storage.h"

enum {
	TRUST_SECS = 15 * 60,	/* in doubtful entries */
	TICK_SECS = 1,		/* of coarse file systems' clocks */
	LARGE = 1000,		/* messages: no longer listed each time */
};

static const int64_t second = 1000000000;

struct state {
	const char *path;
	bool vsize;
	struct count_cache *cache;	/* between usage() and end() */
	struct pool *pool;		/* of the cache */
};

static int
open_root(struct quota_root *root, const char *args, bool vsize,
	  struct err *err)
{
	struct quota *quota = root->quota;
	struct state *state = pool_new_obj(quota->pool, struct state);

	state->vsize = vsize;
	root->state = state;
	return quota_root_params(root, args, err);
}

static int
open_count(struct quota_root *root, const char *args, struct err *err)
{
	/* Dovecot demands quota_vsizes = yes here; it is what is meant. */
	root->quota->vsizes = true;
	return open_root(root, args, true, err);
}

static int
open_dirsize(struct quota_root *root, const char *args, struct err *err)
{
	return open_root(root, args, root->quota->vsizes, err);
}

static void
end(struct quota_root *root)
{
	struct state *state = root->state;

	count_cache_close(&state->cache);
	pool_free(&state->pool);
}

/* --- one mailbox --- */

/* A part of one; the name is its key in the cache. */
struct part {
	const struct mailbox *box;
	unsigned number;
	struct mailbox_stamp stamp;
};

static const char *
key_of(const struct state *state, const struct part *part)
{
	return pool_printf(state->pool, "%u/%s", part->number,
			   mailbox_is_inbox(part->box) ? "INBOX" :
			   mailbox_name(part->box));
}

/* Both parts as they are now; how many there are, or -1. */
static int
look_at(const struct mailbox *box, struct part parts[2], struct err *err)
{
	struct mailbox_stamp stamp;

	if (mailbox_stamp(box, &stamp, err) < 0)
		return -1;
	parts[0] = (struct part){ box, 0, stamp };
	if (!mailbox_has_parts(box))
		return 1;
	parts[0].stamp.at[1] = 0;
	parts[1] = (struct part){ box, 1, { { stamp.at[1], 0 } } };
	return 2;
}

/* Can there have been changes that the stamp doesn't show? We added to it, or
   it was changed in about the second in which it was listed. */
static bool
is_doubtful(const struct count_entry *entry)
{
	int64_t since = (entry->listed - TICK_SECS) * second;

	return entry->added > 0 || entry->stamp.at[0] >= since ||
		entry->stamp.at[1] >= since;
}

static bool
is_good(const struct count_entry *entry, const struct mailbox_stamp *stamp,
	int64_t now)
{
	return entry->stamp.at[0] == stamp->at[0] &&
		entry->stamp.at[1] == stamp->at[1] &&
		(!is_doubtful(entry) || (now >= entry->listed &&
					 now - entry->listed < TRUST_SECS));
}

/* List it. Its stamp is from before that: what comes meanwhile changes it. */
static int
list_part(const struct state *state, const struct part *part,
	  struct count_entry *entry, struct err *err)
{
	struct mailbox_usage usage;
	int64_t now = clock_wall().tv_sec;

	if (mailbox_part_usage(part->box, part->number, state->vsize, &usage,
			       err) < 0)
		return -1;
	entry->stamp = part->stamp;
	entry->usage = (struct quota_usage){ usage.bytes, usage.messages };
	entry->listed = now;
	entry->added = 0;
	entry->fresh = true;
	return 0;
}

/* Its sum, from the cache where that is good. sure: only where that is beyond
   doubt. */
static int
count_part(struct state *state, const struct part *part, bool sure,
	   struct quota_usage *sum, struct err *err)
{
	struct count_entry own = { .name = "" };
	struct count_entry *entry = count_cache_need(state->cache,
						     key_of(state, part));

	if (entry == NULL)
		entry = &own;	/* a name that can't be kept */
	if (entry->listed == 0 ||
	    !is_good(entry, &part->stamp, clock_wall().tv_sec) ||
	    (sure && !entry->fresh && is_doubtful(entry))) {
		if (list_part(state, part, entry, err) < 0)
			return -1;
		if (entry != &own)
			count_cache_changed(state->cache, entry);
	}
	entry->seen = true;
	sum->bytes += entry->usage.bytes;
	sum->messages += entry->usage.messages;
	return 0;
}

static int
count_box(struct state *state, const struct mailbox *box, bool sure,
	  struct quota_usage *sum, struct err *err)
{
	struct part parts[2];
	int count = look_at(box, parts, err);

	for (int i = 0; i < count; i++) {
		if (count_part(state, &parts[i], sure, sum, err) < 0)
			return -1;
	}
	return count < 0 ? -1 : 0;
}

/* --- all of them --- */

static int
count_all(struct quota_root *root, bool sure, struct quota_usage *usage_r,
	  struct err *err)
{
	struct state *state = root->state;
	struct quota_usage sum = { 0, 0 };
	struct mailbox **boxes;

	if (quota_root_list(root, &boxes, err) < 0)
		return -1;
	for (; *boxes != NULL; boxes++) {
		if (quota_root_counts(root, *boxes) &&
		    count_box(state, *boxes, sure, &sum, err) < 0)
			return -1;
	}
	*usage_r = sum;
	return 0;
}

/* A cache that can't be written costs time, not mail. */
static void
keep(struct quota_root *root)
{
	struct state *state = root->state;
	struct err err;

	if (root->dir != NULL && count_cache_write(state->cache, state->path, &err) < 0)
		log_debug(root->quota->log, "quota-%s: %s",
			  root->backend->name, err.text);
}

static const char *
cache_path(const struct quota_root *root)
{
	const struct state *state = root->state;

	return pool_printf(root->quota->pool, "%s/.loft-quota%s",
			   root->dir != NULL ? root->dir : "",
			   state->vsize ? "" : "-size");
}

static int
usage(struct quota_root *root, struct quota_usage *usage_r, struct err *err)
{
	struct state *state = root->state;

	end(root);
	if (state->path == NULL)
		state->path = cache_path(root);
	state->pool = pool_new();
	state->cache = count_cache_read(state->path, state->vsize,
					state->pool);
	if (count_all(root, false, usage_r, err) < 0)
		return -1;
	keep(root);
	return 0;
}

static int
verify(struct quota_root *root, struct quota_usage *usage_r, struct err *err)
{
	if (count_all(root, true, usage_r, err) < 0)
		return -1;
	keep(root);
	return 1;
}

/* Our message went into part 0. What is small is listed the next time. */
static int
update(struct quota_root *root, int64_t bytes, int64_t messages,
       struct err *err)
{
	struct state *state = root->state;
	const struct mailbox *box = root->quota->counting;
	struct count_entry *entry;
	struct part parts[2];

	if (state->cache == NULL)
		return 0;
	parts[0] = (struct part){ .box = box, .number = 0 };
	entry = count_cache_find(state->cache, key_of(state, &parts[0]));
	if (entry == NULL ||
	    (mailbox_has_parts(box) && entry->usage.messages < LARGE))
		return 0;
	if (look_at(box, parts, err) < 0)
		return -1;
	entry->stamp = parts[0].stamp;
	entry->usage.bytes += (uint64_t)bytes;
	entry->usage.messages += (uint64_t)messages;
	entry->added++;
	entry->fresh = false;
	count_cache_changed(state->cache, entry);
	keep(root);
	return 0;
}

static int
recalc(struct quota_root *root, struct err *err)
{
	struct state *state = root->state;

	end(root);
	if (state->path == NULL)
		state->path = cache_path(root);
	state->pool = pool_new();
	state->cache = count_cache_parse("", 0, state->vsize, state->pool);
	if (count_all(root, true, &root->usage, err) < 0)
		return -1;
	keep(root);
	return 0;
}

const struct quota_backend quota_count_backend = {
	.name = "count",
	.has_storage = true, .has_messages = true,
	.open = open_count,
	.usage = usage,
	.verify = verify,
	.update = update,
	.recalc = recalc,
	.end = end,
	.close = end,
};

const struct quota_backend quota_dirsize = {
	.name = "dirsize",
	.has_storage = true,
	.open = open_dirsize,
	.usage = usage,
	.verify = verify,
	.update = update,
	.recalc = recalc,
	.end = end,
	.close = end,
};
