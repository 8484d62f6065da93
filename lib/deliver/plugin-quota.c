/*
 * The quota plugin: asks whether there is room before a message is saved,
 * counts what was saved, and warns when all is over. What quota means is
 * lib/quota's.
 */
#include "deliver/plugin.h"

#include "conf/settings.h"
#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "quota/quota.h"
#include "service/process-settings.h"
#include "storage/storage.h"
#include "user/user.h"

struct plugin_data {
	const struct quota_conf *conf;
	const char *base_dir;
};

/* One user. */
struct own {
	const struct plugin_data *data;
	struct quota *quota;
};

/* What is wrong for everybody is told at once, not only with the first mail;
   it stands in the way of nobody who has better settings in the userdb. */
static void
tell_wrong(const struct quota_conf *conf)
{
	static bool told;
	struct err err;

	if (told || quota_conf_check(conf, &log_process, &err) == 0)
		return;
	told = true;
	log_error(&log_process, "quota: %s", err.text);
}

static int
open_conf(const struct conf *conf, const struct scope *scope,
	  struct pool *pool, void **data_r, struct err *err)
{
	struct plugin_data *data = pool_new_obj(pool, struct plugin_data);
	const struct process_settings *set;

	set = settings_get(conf, scope, "", &process_settings_info, NULL,
			   pool, err);
	if (set == NULL)
		return -1;
	data->base_dir = set->base_dir;
	data->conf = quota_conf_get(conf, scope, pool, err);
	if (data->conf == NULL)
		return -1;
	tell_wrong(data->conf);
	*data_r = data;
	return 0;
}

static uint64_t
max_size(const void *data)
{
	const struct plugin_data *d = data;

	return quota_conf_max_mail_size(d->conf);
}

static int
open_user(void *data, const struct plugin_user *u, void **own_r,
	  struct err *err)
{
	struct plugin_data *d = data;
	const struct quota_user who = {
		.name = u->user->name, .overrides = u->user->overrides,
		.vars = u->user->vars, .storage = u->storage, .log = u->log,
	};
	struct quota *quota;
	struct own *own;

	*own_r = NULL;
	if (quota_open(d->conf, &who, u->pool, &quota, err) < 0)
		return -1;
	if (quota == NULL)
		return 0;
	own = pool_new_obj(u->pool, struct own);
	own->data = d;
	own->quota = quota;
	*own_r = own;
	return 0;
}

static void
close_user(void *data)
{
	struct own *own = data;

	quota_close(&own->quota);
}

/* Whatever isn't OK, as an error. */
static int
refuse(const struct own *own, enum quota_result result, struct err *err)
{
	switch (result) {
	case QUOTA_OK:
		return 0;
	case QUOTA_OVER:
	case QUOTA_OVER_LIMIT:
		return err_set(err, ERR_QUOTA, "%s", own->quota->exceeded);
	case QUOTA_OVER_MAX_SIZE:
		return err_set(err, ERR_TOOBIG, "Mail size is larger than the "
			       "maximum size allowed by server "
			       "configuration");
	}
	return 0;
}

static int
check_rcpt(void *data, const struct mailbox *box, uint64_t size, bool full,
	   struct err *err)
{
	struct own *own = data;
	enum quota_result result = QUOTA_OK;
	struct mailbox *inbox;

	if (storage_mailbox(own->quota->storage, "INBOX", &inbox, err) < 0)
		return -1;
	quota_begin(own->quota);
	if (full)
		result = quota_check(own->quota, inbox, 0, false);
	if (result == QUOTA_OK && size > 0) {
		/* INBOX gets what another mailbox has no room for */
		result = quota_check(own->quota, box, size, true);
		if (result != QUOTA_OK)
			result = quota_check(own->quota, inbox, size, true);
	}
	quota_end(own->quota);
	return refuse(own, result, err);
}

static uint64_t
counted_size(const struct own *own, const struct plugin_save *save)
{
	return own->quota->vsizes ? save->vsize : save->size;
}

static int
before_save(void *data, const struct plugin_save *save, struct err *err)
{
	struct own *own = data;
	enum quota_result result = QUOTA_OK;

	quota_begin(own->quota);
	if (!save->ignore_quota)
		result = quota_check(own->quota, save->box,
				     counted_size(own, save), true);
	if (result != QUOTA_OK)
		quota_end(own->quota);
	return refuse(own, result, err);
}

static void
after_save(void *data, const struct plugin_save *save, bool stored)
{
	struct own *own = data;

	if (stored)
		quota_count(own->quota, save->box, counted_size(own, save), 1);
	quota_end(own->quota);
}

static void
before_undo(void *data, const struct plugin_save *save)
{
	struct own *own = data;

	quota_begin(own->quota);
	quota_count(own->quota, save->box, counted_size(own, save), -1);
	quota_end(own->quota);
}

static bool
has_warning(const void *data)
{
	const struct own *own = data;

	return quota_has_warning(own->quota);
}

static void
warn(void *data)
{
	struct own *own = data;

	quota_warn(own->quota, own->data->base_dir);
}

const struct deliver_plugin plugin_quota = {
	.name = "quota",
	.open = open_conf,
	.max_size = max_size,
	.user = open_user,
	.rcpt = check_rcpt,
	.save = before_save,
	.saved = after_save,
	.undo = before_undo,
	.wanted = has_warning,
	.done = warn,
	.close = close_user,
};
