/*
 * Prints the settings tables: as the mdoc text that doc/loft.conf.5 is made
 * of, or (-t) as lines of module, kind of section, type, name, default and
 * sentence with tabs between, for the test that compares the samples of
 * conf.d/ with them. Built with the tree, never installed.
 */
#include <stdio.h>
#include <string.h>

#include "conf/settings.h"
#include "core/pool.h"

static const char *const type_names[] = {
	[SETTING_BOOL] = "yes or no",
	[SETTING_UINT] = "number",
	[SETTING_MODE] = "octal mode",
	[SETTING_PORT] = "port",
	[SETTING_TIME] = "time",
	[SETTING_TIME_MS] = "time",
	[SETTING_SIZE] = "size",
	[SETTING_STR] = "text",
	[SETTING_VARS] = "text with %variables",
	[SETTING_ENUM] = "one of",
};

/* Headings in the manual; a table that isn't here stands under its name. */
static const struct {
	const char *module, *heading;
} headings[] = {
	{ "auth_settings", "Authentication" },
	{ "auth_passdb_settings", "Inside of passdb" },
	{ "auth_userdb_settings", "Inside of userdb" },
	{ "deliver_settings", "Delivery" },
	{ "fifo_listener_settings", "Inside of service, fifo_listener" },
	{ "inet_listener_settings", "Inside of service, inet_listener" },
	{ "lmtp_settings", "LMTP" },
	{ "log_settings", "Logging" },
	{ "mail_settings", "Mail storage" },
	{ "master_settings", "Master" },
	{ "namespace_settings", "Inside of namespace" },
	{ "process_settings", "Processes" },
	{ "quota_settings", "Inside of plugin, for the plugin quota" },
	{ "script_settings", "Script services" },
	{ "service_settings", "Inside of service" },
	{ "ssl_settings", "TLS" },
	{ "unix_listener_settings", "Inside of service, unix_listener" },
	{ "user_settings", "Users" },
};

static const char *
heading(const char *module)
{
	for (size_t i = 0; i < sizeof(headings) / sizeof(*headings); i++) {
		if (strcmp(headings[i].module, module) == 0)
			return headings[i].heading;
	}
	return module;
}

/* Text that mdoc takes as it is: no escapes, no control lines. */
static void
print_text(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text != '\0'; text++) {
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '-')
			fputs("\\-", stdout);
		else
			putchar(*text);
	}
}

static void
print_choices(const char *choices)
{
	for (; *choices != '\0'; choices++) {
		if (*choices == ':')
			fputs(", ", stdout);
		else
			putchar(*choices);
	}
}

static void
print_mdoc(const struct setting_def *def, struct pool *pool)
{
	const char *value = setting_default(def, pool);

	printf(".It Ic %s\n", def->name);
	print_text(def->doc);
	printf("\n.br\n(%s", type_names[def->type]);
	if (def->type == SETTING_ENUM) {
		putchar(' ');
		print_choices(def->def);
	}
	fputs("; default ", stdout);
	if (value[0] == '\0')
		fputs("empty", stdout);
	else
		print_text(value);
	fputs(")\n", stdout);
}

static void
print_line(const struct settings_row *row, const struct setting_def *def,
	   struct pool *pool)
{
	printf("%s\t%s\t%s\t%s\t%s\t%s\n", row->info->module, row->kind,
	       type_names[def->type], def->name, setting_default(def, pool),
	       def->doc);
}

int
main(int argc, char **argv)
{
	bool lines = argc > 1 && strcmp(argv[1], "-t") == 0;
	struct pool *pool = pool_new();

	for (const struct settings_row *row = all_settings; row->info != NULL;
	     row++) {
		if (!lines)
			printf(".Ss %s\n.Bl -tag -width Ds\n",
			       heading(row->info->module));
		for (const struct setting_def *def = row->info->defs();
		     def->name != NULL; def++) {
			if (lines)
				print_line(row, def, pool);
			else
				print_mdoc(def, pool);
		}
		if (!lines)
			fputs(".El\n", stdout);
	}
	pool_free(&pool);
	return fflush(stdout) == 0 ? 0 : 1;
}
