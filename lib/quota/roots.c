/*
 * What the settings say of a user's quota: his roots, and their rules. Values
 * come from the userdb or from plugin {}, raw; variables are expanded here.
 */
#include "quota/roots.h"

#include <string.h>
#include <strings.h>

#include "conf/conf.h"
#include "conf/settings.h"
#include "conf/vars.h"
#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"
#include "storage/storage.h"

enum { ROOTS_MAX = 16, SETTINGS_MAX = 1000 };

static const char exceeded_default[] =
	"Quota exceeded (mailbox for user is full)";

/* The table of backends: a new one is a file and its line here. */
static const struct quota_backend *const backends[] = {
	&quota_count_backend,
	&quota_dict,
	&quota_dirsize,
	&quota_fs,
	&quota_maildir,
};

const struct quota_backend *
quota_backend_find(const char *name)
{
	for (size_t i = 0; i < sizeof(backends) / sizeof(*backends); i++) {
		if (strcmp(backends[i]->name, name) == 0)
			return backends[i];
	}
	return NULL;
}

/* --- plugin { } --- */

struct conf_pair {
	const char *name, *value;
};

struct quota_conf {
	struct conf_pair *pairs;
	unsigned count;
};

struct quota_conf *
quota_conf_get(const struct conf *conf, const struct scope *scope,
	       struct pool *pool, struct err *err)
{
	const char **names = conf_names(conf, scope, "plugin", pool);
	struct quota_conf *qc = pool_new_obj(pool, struct quota_conf);
	size_t count = 0;

	while (names[count] != NULL)
		count++;
	qc->pairs = pool_new_array(pool, struct conf_pair, count + 1);
	for (; *names != NULL; names++) {
		const char *path = pool_printf(pool, "plugin/%s", *names);
		const char *value = conf_get(conf, scope, path);

		if (!str_begins(*names, "quota") || value == NULL)
			continue;
		value = conf_read_line(value, pool, err);
		if (value == NULL) {
			(void)err_prefix(err, "%s", path);
			return NULL;
		}
		qc->pairs[qc->count++] = (struct conf_pair){ *names, value };
	}
	return qc;
}

static const char *
conf_value(const struct quota_conf *qc, const char *name)
{
	for (unsigned i = 0; i < qc->count; i++) {
		if (strcmp(qc->pairs[i].name, name) == 0)
			return qc->pairs[i].value;
	}
	return NULL;
}

uint64_t
quota_conf_max_mail_size(const struct quota_conf *qc)
{
	const char *value = conf_value(qc, "quota_max_mail_size");
	uint64_t size;

	return value != NULL && setting_parse_size(value, &size) ? size : 0;
}

/* The userdb's word for it; the last one counts. */
static const char *
override_value(const char *const *overrides, const char *name)
{
	size_t len = strlen(name);
	const char *value = NULL;

	for (; overrides != NULL && *overrides != NULL; overrides++) {
		const char *o = *overrides;

		if (!str_begins(o, "plugin/"))
			continue;
		o += strlen("plugin/");
		if (strncmp(o, name, len) == 0 && o[len] == '=')
			value = o + len + 1;
	}
	return value;
}

/* Other than %%? */
static bool
has_variable(const char *text)
{
	while ((text = strchr(text, '%')) != NULL) {
		if (text[1] != '%')
			return true;
		text += 2;
	}
	return false;
}

int
quota_setting(const struct quota *quota, const char *name,
	      const char **value_r, struct err *err)
{
	const char *raw = override_value(quota->overrides, name);

	if (raw == NULL)
		raw = conf_value(quota->conf, name);
	*value_r = NULL;
	if (raw == NULL || (quota->checking && has_variable(raw)))
		return 0;
	if (vars_expand(raw, quota->vars, quota->pool, value_r, err) < 0)
		return err_prefix(err, "%s", name);
	return 0;
}

/* --- a root --- */

/* Is that one of the words in front of `args`, up to a colon? */
static bool
take_word(const char **args, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*args, word, len) != 0 ||
	    ((*args)[len] != '\0' && (*args)[len] != ':'))
		return false;
	*args += len;
	*args += **args == ':';
	return true;
}

bool
quota_root_param(struct quota_root *root, const char **args)
{
	const char *ns = *args + strlen("ns=");
	size_t len;

	if (take_word(args, "noenforcing"))
		return root->noenforcing = true;
	if (take_word(args, "hidden"))
		return root->hidden = true;
	if (take_word(args, "ignoreunlimited"))
		return root->ignoreunlimited = true;
	if (!str_begins(*args, "ns="))
		return false;
	len = strcspn(ns, ":");
	root->ns = pool_strndup(root->quota->pool, ns, len);
	*args = ns + len;
	*args += **args == ':';
	return true;
}

int
quota_root_params(struct quota_root *root, const char *args, struct err *err)
{
	while (*args != '\0') {
		if (quota_root_param(root, &args))
			continue;
		return err_set(err, ERR_CONFIG, "Unknown parameter for "
			       "backend %s: %s", root->backend->name, args);
	}
	return 0;
}

/* "quota" and "_rule", 1 is quota_rule; 2 is quota_rule2 */
static int
numbered(const struct quota_root *root, const char *what, unsigned n,
	 const char **value_r, struct err *err)
{
	struct pool *pool = root->quota->pool;
	const char *name = n == 1 ?
		pool_printf(pool, "%s_%s", root->set_name, what) :
		pool_printf(pool, "%s_%s%u", root->set_name, what, n);

	return quota_setting(root->quota, name, value_r, err);
}

static int
read_rules(struct quota_root *root, struct err *err)
{
	const char *text;

	for (unsigned n = 1; n < SETTINGS_MAX; n++) {
		if (numbered(root, "rule", n, &text, err) < 0)
			return -1;
		if (text == NULL)
			break;
		if (quota_rules_add(&root->rules, text,
				    root->backend->parse_rule,
				    root->quota->log, err) < 0)
			return err_prefix(err, "Invalid rule %s", text);
	}
	return 0;
}

static int
read_warnings(struct quota_root *root, struct err *err)
{
	const char *text;

	for (unsigned n = 1; n < SETTINGS_MAX; n++) {
		if (numbered(root, "warning", n, &text, err) < 0)
			return -1;
		if (text == NULL)
			break;
		if (quota_rules_add_warning(&root->rules, text,
					    root->quota->log, err) < 0)
			return err_prefix(err, "Invalid warning rule: %s",
					  text);
	}
	return 0;
}

static int
read_grace(struct quota_root *root, struct err *err)
{
	const char *text;

	if (numbered(root, "grace", 1, &text, err) < 0)
		return -1;
	if (quota_rules_set_grace(&root->rules, text, root->quota->log,
				  err) < 0)
		return err_prefix(err, "Invalid %s_grace value '%s'",
				  root->set_name, text);
	return 0;
}

/* quota_over_script, and whether the flag is set. */
static int
read_over(struct quota_root *root, struct err *err)
{
	const char *script, *flag, *mask;

	if (numbered(root, "over_script", 1, &script, err) < 0 ||
	    numbered(root, "over_flag", 1, &flag, err) < 0 ||
	    numbered(root, "over_flag_value", 1, &mask, err) < 0)
		return -1;
	if (script == NULL || mask == NULL) {
		log_debug(root->quota->log, "quota: quota_over_flag check: "
			  "%s_over_%s unset - skipping", root->set_name,
			  script == NULL ? "script" : "flag_value");
		return 0;
	}
	root->over.script = script;
	root->over.flag = flag;
	root->over.is_set = flag != NULL && quota_mask_matches_any_case(mask,
								    flag);
	return 0;
}

static int
open_backend(struct quota_root *root, const char *args, struct err *err)
{
	const struct quota_backend *backend = root->backend;
	int result;

	if (root->quota->checking)
		return 0;
	result = backend->open != NULL ?
		backend->open(root, args, err) :
		quota_root_params(root, args, err);

	if (result < 0)
		return err_prefix(err, "Quota root %s: %s quota init failed",
				  root->name, backend->name);
	root->opened = true;
	root->dir = storage_ns_control_dir(root->quota->storage, root->ns);
	return 0;
}

/* "BACKEND:NAME:ARGS" */
static int
read_root(struct quota_root *root, const char *text, struct err *err)
{
	struct quota *quota = root->quota;
	size_t len = strcspn(text, ":"), name_len;
	const char *backend = pool_strndup(quota->pool, text, len);
	const char *name = text + len + (text[len] == ':'), *args;

	root->backend = quota_backend_find(backend);
	if (root->backend == NULL)
		return err_set(err, ERR_CONFIG, "Unknown quota backend: %s",
			       backend);
	name_len = strcspn(name, ":");
	root->name = pool_strndup(quota->pool, name, name_len);
	args = name + name_len + (name[name_len] == ':');
	log_debug(quota->log, "Quota root: name=%s backend=%s args=%s",
		  root->name, backend, args);
	quota_rules_init(&root->rules, root->name, quota->pool);
	if (read_rules(root, err) < 0 || read_warnings(root, err) < 0 ||
	    read_grace(root, err) < 0 || read_over(root, err) < 0)
		return -1;
	root->limit = root->rules.def.amount;
	return open_backend(root, args, err);
}

/* Roots that aren't there for who has no limit. */
static bool
is_wanted(const struct quota_root *root)
{
	return !root->ignoreunlimited || root->limit.bytes != 0 ||
		root->limit.messages != 0;
}

static void
close_root(struct quota_root *root)
{
	if (root->opened && root->backend->close != NULL)
		root->backend->close(root);
}

static int
read_roots(struct quota *quota, struct err *err)
{
	const char *text;

	quota->roots = pool_new_array(quota->pool, struct quota_root,
				      ROOTS_MAX);
	for (unsigned n = 1; n <= ROOTS_MAX; n++) {
		struct quota_root *root = &quota->roots[quota->root_count];
		const char *name = n == 1 ? "quota" :
			pool_printf(quota->pool, "quota%u", n);

		if (quota_setting(quota, name, &text, err) < 0)
			return -1;
		if (text == NULL || *text == '\0')
			break;
		*root = (struct quota_root){ .quota = quota,
			.set_name = name, .lock = -1 };
		if (read_root(root, text, err) < 0) {
			close_root(root);
			return err_prefix(err, "Invalid quota root %s", name);
		}
		if (is_wanted(root))
			quota->root_count++;
		else
			close_root(root);
	}
	return 0;
}

/* --- the user --- */

/* It goes into a reply: one line, whatever a file held. */
static void
set_exceeded(struct quota *quota, const char *text)
{
	char *line;

	if (text == NULL || *text == '\0')
		text = exceeded_default;
	line = pool_strdup(quota->pool, text);
	for (char *p = line; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	}
	quota->exceeded = line;
}

static int
read_common(struct quota *quota, struct err *err)
{
	const char *size, *vsizes, *exceeded;

	if (quota_setting(quota, "quota_exceeded_message", &exceeded,
			  err) < 0 ||
	    quota_setting(quota, "quota_max_mail_size", &size, err) < 0 ||
	    quota_setting(quota, "quota_vsizes", &vsizes, err) < 0)
		return -1;
	set_exceeded(quota, exceeded);
	if (size != NULL && !setting_parse_size(size, &quota->max_mail_size))
		return err_set(err, ERR_CONFIG, "quota_max_mail_size: Invalid "
			       "size: %s", size);
	/* as Dovecot reads plugin settings: anything but "no" is yes */
	quota->vsizes = vsizes != NULL && strcasecmp(vsizes, "no") != 0 &&
		strcmp(vsizes, "n") != 0 && strcmp(vsizes, "0") != 0 &&
		*vsizes != '\0';
	return 0;
}

int
quota_open(const struct quota_conf *conf, const struct quota_user *user,
	   struct pool *pool, struct quota **quota_r, struct err *err)
{
	struct quota *quota = pool_new_obj(pool, struct quota);

	*quota = (struct quota){
		.pool = pool, .storage = user->storage, .log = user->log,
		.conf = conf, .user = user->name, .vars = user->vars,
		.overrides = user->overrides,
	};
	if (read_common(quota, err) < 0 || read_roots(quota, err) < 0) {
		quota_close(&quota);
		err->kind = ERR_CONFIG;
		return err_prefix(err, "Failed to initialize quota");
	}
	*quota_r = NULL;
	if (quota->root_count == 0 && quota->max_mail_size == 0) {
		log_debug(user->log, "quota: No quota setting - plugin "
			  "disabled");
		return 0;
	}
	*quota_r = quota;
	return 0;
}

int
quota_conf_check(const struct quota_conf *conf, const struct logctx *log,
		 struct err *err)
{
	static const struct vars_entry none[] = { { '\0', NULL, NULL } };
	const struct vars vars = { .entries = none };
	struct quota quota = { .pool = pool_new(), .conf = conf, .log = log,
		.vars = &vars, .checking = true };
	int result = read_common(&quota, err) < 0 ||
		read_roots(&quota, err) < 0 ? -1 : 0;

	pool_free(&quota.pool);
	return result;
}

void
quota_close(struct quota **quotap)
{
	struct quota *quota = *quotap;

	*quotap = NULL;
	if (quota == NULL)
		return;
	quota_end(quota);
	for (unsigned i = 0; i < quota->root_count; i++)
		close_root(&quota->roots[i]);
}
