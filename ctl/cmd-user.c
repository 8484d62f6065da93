/*
 * loftctl user: what the userdb says of users, completed from the settings
 * as a delivery would (without -u), or a list of those that match a mask.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/scope.h"
#include "conf/settings.h"
#include "conf/vars.h"
#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "ctl/auth-info.h"
#include "ctl/commands.h"
#include "ctl/loftctl.h"
#include "user/lookup.h"
#include "user/user-settings.h"
#include "user/user.h"
#include "user/wire.h"

/* One run of the command. */
struct asking {
	struct ctl *ctl;
	struct pool *pool;
	struct userdb_conn *conn;
	const struct user_settings *set;
	struct user_request req;
	const char *socket_path;	/* -a */
	const char *field;		/* -f */
	const char *expand;		/* -e */
	bool userdb_only;		/* -u */
	struct output *out;		/* NULL until there is a row */
};

static int run(struct ctl *ctl, int argc, char **argv);

const struct ctl_command cmd_user = {
	"user", "[-a SOCKET] [-e TEXT] [-f FIELD] [-u] [-x NAME=VALUE] "
	"USER|MASK...", "Look users up in the userdb.", run,
};

/* --- the ways to print --- */

static void
row(struct asking *a, const char *name, const char *value)
{
	static const char *const columns[] = { "field", "value", NULL };
	const char *const values[] = { name, value, NULL };
	enum output_format format = a->ctl->format;

	if (format == OUTPUT_UNSET)
		format = isatty(STDOUT_FILENO) ? OUTPUT_TABLE : OUTPUT_TAB;
	if (a->out == NULL)
		a->out = output_new(format, columns);
	output_row(a->out, values);
}

/* What a field is called, and its value; "yes" for a name alone. */
static void
split(struct asking *a, const char *word, const char **name_r,
      const char **value_r)
{
	size_t len = strcspn(word, "=");

	*name_r = pool_strndup(a->pool, word, len);
	*value_r = word[len] == '=' ? word + len + 1 : "yes";
}

static const char *
mail_location(struct asking *a, const struct vars *vars)
{
	const char *location = conf_get(a->ctl->conf, &scope_global,
					"mail_location");
	struct err err;

	if (location == NULL)
		return "";
	/* what can't be expanded is shown as it stands */
	(void)vars_expand(location, vars, a->pool, &location, &err);
	return location;
}

static bool
is_first(const char *name)
{
	return strcmp(name, "uid") == 0 || strcmp(name, "gid") == 0 ||
		strcmp(name, "home") == 0 || strcmp(name, "mail") == 0;
}

/* The rows as a delivery would see them; user is NULL when it would fail. */
static void
print_user(struct asking *a, const char *asked, const char *name,
	   const char *const *fields, const struct user *user)
{
	const char *home = wire_find(fields, "home");
	const char *uid = wire_find(fields, "uid");
	const char *gid = wire_find(fields, "gid");
	const char *mail = wire_find(fields, "mail");
	const char *field, *value;

	if (user != NULL) {
		home = user->home;
		uid = pool_printf(a->pool, "%u", (unsigned)user->uid);
		gid = pool_printf(a->pool, "%u", (unsigned)user->gid);
	}
	if (mail == NULL)
		mail = mail_location(a, user != NULL ? user->vars :
				     vars_user(name, home, a->pool));
	if (strcmp(asked, name) != 0)
		row(a, "user", name);
	row(a, "uid", uid != NULL ? uid : "");
	row(a, "gid", gid != NULL ? gid : "");
	row(a, "home", home != NULL ? home : "");
	row(a, "mail", mail);
	for (; *fields != NULL; fields++) {
		split(a, *fields, &field, &value);
		if (*field != '\0' && !is_first(field))
			row(a, field, value);
	}
}

static void
print_field(struct asking *a, const char *name, const char *const *fields,
	    const struct user *user)
{
	const char *value = wire_find(fields, a->field);

	if (strcmp(a->field, "user") == 0)
		value = name;
	else if (user != NULL && strcmp(a->field, "uid") == 0)
		value = pool_printf(a->pool, "%u", (unsigned)user->uid);
	else if (user != NULL && strcmp(a->field, "gid") == 0)
		value = pool_printf(a->pool, "%u", (unsigned)user->gid);
	else if (user != NULL && strcmp(a->field, "home") == 0)
		value = user->home;
	else if (user != NULL && value == NULL &&
		 strcmp(a->field, "mail") == 0)
		value = mail_location(a, user->vars);
	if (value != NULL)
		puts(value);
}

static int
print_expanded(struct asking *a, const struct user *user)
{
	const char *text;
	struct err err;

	if (vars_expand(a->expand, user->vars, a->pool, &text, &err) < 0)
		return ctl_fail(CTL_USAGE, "%s: %s", a->expand, err.text);
	puts(text);
	return CTL_OK;
}

/* --- asking --- */

static int
show(struct asking *a, const char *asked)
{
	const char *const *fields = NULL;
	const char *name = NULL;
	struct user *user = NULL;
	struct err err;
	int ret, status = CTL_OK;

	a->req.name = asked;
	ret = userdb_lookup_fields(a->conn, &a->req, a->pool, &name, &fields,
				   &err);
	if (ret == 0)
		return ctl_fail(CTL_NOUSER,
				"userdb lookup: user %s doesn't exist", asked);
	if (ret > 0 && !a->userdb_only &&
	    user_from_fields(name, fields, a->set, a->pool, &user, &err) < 0)
		status = CTL_TEMPFAIL;
	if (ret < 0 || status != CTL_OK)
		status = ctl_fail(CTL_TEMPFAIL, "%s", err.text);
	if (ret < 0 || (a->expand != NULL && user == NULL))
		return status;
	if (a->expand != NULL)
		return print_expanded(a, user);
	if (a->field != NULL)
		print_field(a, name, fields, user);
	else if (a->userdb_only)
		print_userdb("userdb", name, "user", name, fields);
	else
		print_user(a, asked, name, fields, user);
	return status;
}

static int
list(struct asking *a, const char *mask)
{
	const char *const *names = NULL;
	struct err err;

	if (userdb_list(a->conn, mask, a->req.service, a->pool, &names,
			&err) < 0)
		return ctl_fail(CTL_TEMPFAIL, "%s", err.text);
	for (; *names != NULL; names++)
		puts(*names);
	return CTL_OK;
}

static int
ask_all(struct asking *a, char **users)
{
	int status = CTL_OK, one;
	bool masks = false;

	for (char **user = users; *user != NULL; user++)
		masks = masks || strpbrk(*user, "*?") != NULL;
	for (; *users != NULL; users++) {
		one = masks ? list(a, *users) : show(a, *users);
		/* "nobody of that name" is told when all else went well */
		if (one != CTL_OK && status != CTL_TEMPFAIL)
			status = one;
	}
	if (a->out != NULL && output_finish(&a->out) < 0)
		status = CTL_TEMPFAIL;
	return status;
}

static int
parse(struct asking *a, int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "a:e:f:ux:")) != -1) {
		switch (opt) {
		case 'a':
			a->socket_path = optarg;
			break;
		case 'e':
			a->expand = optarg;
			break;
		case 'f':
			/* no field is named as a format is */
			if (!output_format_parse(optarg, &a->ctl->format))
				a->field = optarg;
			break;
		case 'u':
			a->userdb_only = true;
			break;
		case 'x':
			if (auth_info_parse(optarg, &a->req) == 0)
				break;
			return ctl_fail(CTL_USAGE, "unknown -x %s", optarg);
		default:
			return ctl_usage(&cmd_user);
		}
	}
	return optind < argc ? CTL_OK : ctl_usage(&cmd_user);
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	struct asking a = { .ctl = ctl, .req = { .service = "loftctl" } };
	int status = parse(&a, argc, argv);
	struct err err;

	if (status != CTL_OK)
		return status;
	if (ctl_conf(ctl) == NULL)
		return CTL_CONFIG;
	a.pool = pool_new();
	a.set = settings_get(ctl->conf, &scope_global, "",
			     &user_settings_info, NULL, a.pool, &err);
	if (a.set == NULL) {
		status = ctl_fail(CTL_CONFIG, "%s", err.text);
	} else {
		a.conn = userdb_conn_new(auth_socket(ctl->conf, a.socket_path,
						     a.set->auth_socket_path,
						     a.pool));
		status = ask_all(&a, argv + optind);
		userdb_conn_free(&a.conn);
	}
	pool_free(&a.pool);
	return status;
}
