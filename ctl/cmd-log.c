/*
 * loftctl log find: where the log lines of each level go.
 */
#include <stdio.h>

#include "conf/scope.h"
#include "core/err.h"
#include "core/pool.h"
#include "ctl/commands.h"
#include "ctl/loftctl.h"
#include "service/log-settings.h"

static void
print_place(const char *level, const char *path)
{
	printf("%s: %s\n", level, *path != '\0' ? path : "syslog");
}

static void
print_places(const struct log_settings *set)
{
	const char *info = *set->info_log_path != '\0' ? set->info_log_path :
		set->log_path;

	print_place("Debug", *set->debug_log_path != '\0' ?
		    set->debug_log_path : info);
	print_place("Info", info);
	print_place("Warning", set->log_path);
	print_place("Error", set->log_path);
	print_place("Fatal", set->log_path);
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	const struct conf *conf;
	const struct log_settings *set;
	struct pool *pool;
	struct err err;

	(void)argv;
	if (argc > 1)
		return ctl_usage(&cmd_log_find);
	conf = ctl_conf(ctl);
	if (conf == NULL)
		return CTL_CONFIG;
	pool = pool_new();
	set = settings_get(conf, &scope_global, "", &log_settings_info, NULL,
			   pool, &err);
	if (set != NULL)
		print_places(set);
	else
		(void)ctl_fail(CTL_CONFIG, "%s", err.text);
	pool_free(&pool);
	return set != NULL ? CTL_OK : CTL_CONFIG;
}

const struct ctl_command cmd_log_find = {
	"log find", "", "Tell where log lines go.", run
};
