/*
 * One question about one user; see request.h.
 */
#include "auth/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "auth/auth-settings.h"
#include "auth/auth.h"
#include "conf/vars.h"
#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"
#include "user/wire.h"

/* What a proxy handed on counts as the passdb's, with "forward_" in front. */
static void
add_forwarded(struct auth_request *req)
{
	const char *text = auth_request_param(req, "forward_fields");
	const char **words;
	size_t count;

	if (text == NULL)
		return;
	words = wire_split(text, strlen(text), req->pool, &count);
	for (size_t i = 0; words != NULL && i < count; i++)
		fields_set_word(&req->passdb,
				pool_printf(req->pool, "forward_%s", words[i]),
				true);
}

struct auth_request *
auth_request_new(const struct auth *auth, const char *user,
		 const char *const *params)
{
	struct pool *pool = pool_new();
	struct auth_request *req = pool_new_obj(pool, struct auth_request);

	req->pool = pool;
	req->auth = auth;
	req->params = params;
	req->asked = pool_strdup(pool, user);
	req->user = req->asked;
	req->verbose = auth->set->auth_verbose;
	fields_init(&req->passdb, pool);
	fields_init(&req->userdb, pool);
	add_forwarded(req);
	return req;
}

void
auth_request_free(struct auth_request **reqp)
{
	struct auth_request *req = *reqp;
	struct pool *pool;

	*reqp = NULL;
	if (req == NULL)
		return;
	pool = req->pool;
	pool_free(&pool);
}

const char *
auth_request_param(const struct auth_request *req, const char *name)
{
	return wire_find(req->params, name);
}

/* "user,1.2.3.4" as in Dovecot's lines; a long name is cut. */
static void
log_line(const struct auth_request *req, enum log_level level,
	 const char *driver, const char *fmt, va_list ap)
{
	const char *rip = auth_request_param(req, "rip");
	struct str text = STR_INIT;

	str_vprintf(&text, fmt, ap);
	log_write(&log_process, level, "%s(%.64s%s%s%.64s): %s", driver,
		  *req->user != '\0' ? req->user : "?",
		  strlen(req->user) > 64 ? "..." : "",
		  rip != NULL ? "," : "", rip != NULL ? rip : "",
		  str_c(&text));
	str_free(&text);
}

void
auth_request_info(const struct auth_request *req, const char *driver,
		  const char *fmt, ...)
{
	va_list ap;

	if (!req->verbose)
		return;
	va_start(ap, fmt);
	log_line(req, LOG_LEVEL_INFO, driver, fmt, ap);
	va_end(ap);
}

void
auth_request_debug(const struct auth_request *req, const char *driver,
		   const char *fmt, ...)
{
	va_list ap;

	if (!log_process.debug)
		return;
	va_start(ap, fmt);
	log_line(req, LOG_LEVEL_DEBUG, driver, fmt, ap);
	va_end(ap);
}

void
auth_request_error(const struct auth_request *req, const char *driver,
		   const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(req, LOG_LEVEL_ERROR, driver, fmt, ap);
	va_end(ap);
}

/* %{userdb:NAME:DEFAULT} and %{passdb:NAME:DEFAULT} */
static const char *
field_var(const char *name, const char *arg, void *ctx)
{
	const struct auth_request *req = ctx;
	size_t len = strcspn(arg, ":");
	const char *field = pool_strndup(req->pool, arg, len), *value;

	if (strcmp(name, "userdb") == 0)
		value = fields_find(&req->userdb, field);
	else if (strcmp(name, "passdb") == 0)
		value = fields_find(&req->passdb, field);
	else
		return NULL;
	if (value != NULL)
		return value;
	return arg[len] == ':' ? arg + len + 1 : "";
}

const struct vars *
auth_request_vars(struct auth_request *req)
{
	static const struct vars_entry names[] = {
		{ 's', "service", NULL }, { 'l', "lip", NULL },
		{ 'r', "rip", NULL }, { 'a', "lport", NULL },
		{ 'b', "rport", NULL }, { '\0', "session", NULL },
		{ '\0', "real_lip", NULL }, { '\0', "real_rip", NULL },
		{ '\0', "real_lport", NULL }, { '\0', "real_rport", NULL },
		{ '\0', "local_name", NULL }, { 'c', "secured", NULL },
		{ 'm', "mech", NULL }, { '\0', "orig_user", NULL },
		{ '\0', "auth_user", NULL },
	};
	size_t count = sizeof(names) / sizeof(*names);
	struct vars_entry *list = pool_new_array(req->pool, struct vars_entry,
						 count + 1);
	struct vars *vars = pool_new_obj(req->pool, struct vars);

	for (size_t i = 0; i < count; i++) {
		list[i] = names[i];
		list[i].value = auth_request_param(req, names[i].name);
	}
	list[count - 3].value = req->mech;
	list[count - 2].value = req->asked;
	list[count - 1].value = req->asked;
	vars->entries = list;
	vars->func = field_var;
	vars->func_ctx = req;
	vars->parent = vars_user(req->user, NULL, req->pool);
	return vars;
}

const char *
auth_request_expand(struct auth_request *req, const char *text,
		    const char *driver)
{
	const char *result;
	struct err err;

	if (strchr(text, '%') == NULL)
		return text;
	if (vars_expand(text, auth_request_vars(req), req->pool, &result,
			&err) == 0)
		return result;
	auth_request_error(req, driver, "can't expand %s: %s", text, err.text);
	return NULL;
}

static void
translate(char *user, const char *pairs)
{
	for (; *user != '\0'; user++)
		for (const char *p = pairs; p[0] != '\0' && p[1] != '\0';
		     p += 2)
			if (*user == p[0]) {
				*user = p[1];
				break;
			}
}

static bool
chars_allowed(struct auth_request *req, const char *user, const char *chars)
{
	size_t good;

	if (*chars == '\0')
		return true;
	good = strspn(user, chars);
	if (user[good] == '\0')
		return true;
	auth_request_info(req, "auth", "character 0x%02x is not among "
			  "auth_username_chars", (unsigned char)user[good]);
	return false;
}

bool
auth_request_fix_user(struct auth_request *req)
{
	const struct auth_settings *set = req->auth->set;
	const char *realm = set->auth_default_realm;
	const char *formatted;
	char *user;

	user = strchr(req->asked, '@') == NULL && *realm != '\0' ?
		pool_printf(req->pool, "%s@%s", req->asked, realm) :
		pool_strdup(req->pool, req->asked);
	translate(user, set->auth_username_translation);
	if (!chars_allowed(req, user, set->auth_username_chars))
		return false;
	req->user = user;
	if (*set->auth_username_format != '\0') {
		formatted = auth_request_expand(req, set->auth_username_format,
						"auth_username_format");
		if (formatted == NULL)
			return false;
		req->user = pool_strdup(req->pool, formatted);
	}
	if (!wire_user_ok(req->user)) {
		auth_request_info(req, "auth", "nobody can have this name");
		return false;
	}
	return true;
}

/* A database may rename the user; what is no name is left alone. */
static void
rename_user(struct auth_request *req, const char *user)
{
	if (user == NULL || strcmp(user, req->user) == 0)
		return;
	if (!wire_user_ok(user)) {
		auth_request_error(req, "auth", "user field has a name that "
				   "can't be used: %s", user);
		return;
	}
	auth_request_debug(req, "auth", "username changed %s -> %s",
			   req->user, user);
	req->user = pool_strdup(req->pool, user);
}

void
auth_request_passdb_field(struct auth_request *req, const char *name,
			  const char *value, bool replace)
{
	if (strcmp(name, "user") == 0)
		rename_user(req, value);
	else if (strncmp(name, "userdb_", 7) == 0)
		auth_request_userdb_field(req, name + 7, value, replace);
	else if (replace)
		fields_set(&req->passdb, name, value);
	else
		fields_default(&req->passdb, name, value);
}

void
auth_request_userdb_field(struct auth_request *req, const char *name,
			  const char *value, bool replace)
{
	if (strcmp(name, "user") == 0)
		rename_user(req, value);
	else if (replace)
		fields_set(&req->userdb, name, value);
	else
		fields_default(&req->userdb, name, value);
}

static bool
is_about_password(const char *name)
{
	return strcmp(name, "password") == 0 ||
		strcmp(name, "nopassword") == 0 ||
		strcmp(name, "allow_nets") == 0;
}

void
auth_request_append_passdb(const struct auth_request *req, struct str *line)
{
	for (size_t i = 0; i < req->passdb.count; i++) {
		const struct fields one = {
			.list = &req->passdb.list[i], .count = 1,
		};

		if (!is_about_password(one.list->name))
			fields_append(&one, line);
	}
}
