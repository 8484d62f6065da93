/*
 * Usage in a dictionary: quota = dict:NAME:USER:[WORDS:]DRIVER:ARGS. When it
 * isn't there it is counted once, and from then on only changed.
 */
#include "quota/roots.h"

#include <string.h>

#include "conf/vars.h"
#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"
#include "quota/dict.h"

static const struct quota_dict_driver *const drivers[] = {
	&quota_dict_file, &quota_dict_redis,
};

static const struct quota_dict_driver *
find_driver(const char *uri, size_t len)
{
	for (size_t i = 0; i < sizeof(drivers) / sizeof(*drivers); i++) {
		if (strlen(drivers[i]->name) == len &&
		    strncmp(drivers[i]->name, uri, len) == 0)
			return drivers[i];
	}
	return NULL;
}

static int
open_driver(struct quota_dict *dict, const char *uri, struct err *err)
{
	size_t len = strcspn(uri, ":");

	if (uri[len] == '\0')
		return err_set(err, ERR_CONFIG, "dict %s has no driver (file:"
			       "PATH, redis:PARAMETERS)", uri);
	dict->driver = find_driver(uri, len);
	if (dict->driver == NULL && str_begins(uri, "proxy:"))
		return err_set(err, ERR_CONFIG, "dict driver proxy: Loft has "
			       "no dict process; name file: or redis: here");
	if (dict->driver == NULL)
		return err_set(err, ERR_CONFIG, "Unknown dict driver: %.*s",
			       (int)len, uri);
	return dict->driver->open(dict, uri + len + 1, err);
}

/* Words in front of the driver. */
static const char *
take_words(struct quota_root *root, const char *args)
{
	static const char no_unset[] = "no-unset:";

	for (;;) {
		/* Values are set here, never unset first. */
		if (str_begins(args, no_unset))
			args += strlen(no_unset);
		else if (!quota_root_param(root, &args))
			return args;
	}
}

static int
set_home(struct quota_dict *dict, const struct vars *vars, struct err *err)
{
	return vars_expand("%h", vars, dict->pool, &dict->home, err);
}

static int
open_root(struct quota_root *root, const char *args, struct err *err)
{
	struct quota *quota = root->quota;
	struct quota_dict *dict = pool_new_obj(quota->pool, struct quota_dict);
	size_t len = strcspn(args, ":");

	if (args[len] == '\0')
		return err_set(err, ERR_CONFIG, "missing dict (USER:DRIVER:"
			       "ARGS)");
	dict->pool = quota->pool;
	dict->user = len == 0 ? quota->user :
		pool_strndup(quota->pool, args, len);
	if (set_home(dict, quota->vars, err) < 0 ||
	    open_driver(dict, take_words(root, args + len + 1), err) < 0)
		return -1;
	root->state = dict;
	return 0;
}

static int
count(struct quota_root *root, struct quota_usage *usage_r, struct err *err)
{
	struct quota_usage sum;

	if (quota_root_sum(root, root->quota->vsizes, &sum, err) < 0)
		return -1;
	*usage_r = sum;
	log_debug(root->quota->log, "quota-dict: Quota recalculated: "
		  "count=%llu bytes=%llu", (unsigned long long)sum.messages,
		  (unsigned long long)sum.bytes);
	return 0;
}

/* What was counted is known, even if it can't be kept. */
static int
count_first(struct quota_root *root, struct quota_usage *usage_r,
	    struct err *err)
{
	struct quota_dict *dict = root->state;
	struct err set_err;

	if (count(root, usage_r, err) < 0)
		return -1;
	dict->kept = dict->driver->set(dict, usage_r, &set_err) == 0;
	if (!dict->kept)
		log_error(root->quota->log, "quota-dict: Quota update "
			  "failed: %s", set_err.text);
	return 0;
}

static int
usage(struct quota_root *root, struct quota_usage *usage_r, struct err *err)
{
	struct quota_dict *dict = root->state;
	struct quota_usage found;
	int result = dict->driver->get(dict, &found, err);

	dict->kept = result > 0;
	if (result == 0)
		result = count_first(root, &found, err);
	if (result >= 0)
		*usage_r = found;
	return result < 0 ? -1 : 0;
}

static int
recalc(struct quota_root *root, struct err *err)
{
	struct quota_dict *dict = root->state;
	struct quota_usage sum;

	return count(root, &sum, err) < 0 ? -1 :
		dict->driver->set(dict, &sum, err);
}

static int
update(struct quota_root *root, int64_t bytes, int64_t messages,
       struct err *err)
{
	struct quota_dict *dict = root->state;
	struct quota_usage found;
	int result = dict->kept ? 1 : dict->driver->get(dict, &found, err);

	/* A sum that isn't there must not begin with this message. */
	if (result <= 0)
		return result < 0 ? -1 : recalc(root, err);
	return dict->driver->add(dict, bytes, messages, err);
}

const struct quota_backend quota_dict = {
	.name = "dict",
	.has_storage = true,
	.has_messages = true,
	.open = open_root,
	.usage = usage,
	.update = update,
	.recalc = recalc,
};
