/*
 * loftctl reload, stop, log reopen: things that the master is asked to do.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "conf/scope.h"
#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "ctl/commands.h"
#include "ctl/loftctl.h"
#include "ctl/master.h"
#include "service/control.h"
#include "service/process-settings.h"

enum { ASK_SECS = 30 };

/* A configuration that can't be read is told, and keeps nobody from asking;
   NULL when it is the subject of the question. */
static const char *
base_dir(struct ctl *ctl, bool need_conf, struct pool *pool)
{
	const struct conf *conf = ctl_conf(ctl);
	const struct process_settings *set;
	struct err err;

	if (conf == NULL)
		return need_conf ? NULL :
			control_guess_dir(ctl->config_file, pool);
	set = settings_get(conf, &scope_global, "", &process_settings_info,
			   NULL, pool, &err);
	if (set != NULL)
		return set->base_dir;
	(void)ctl_fail(CTL_CONFIG, "%s", err.text);
	return NULL;
}

int
ctl_ask_master(struct ctl *ctl, const char *question, struct str *answer)
{
	struct pool *pool = pool_new();
	const char *dir = base_dir(ctl, strcmp(question, "RELOAD") == 0, pool);
	struct err err;
	int result = CTL_CONFIG;

	if (dir != NULL) {
		result = control_ask(dir, question, ASK_SECS, answer, &err);
		if (result < 0)
			result = ctl_fail(CTL_TEMPFAIL, "%s", err.text);
		else
			result = result == 1 ? CTL_OK : CTL_TEMPFAIL;
	}
	pool_free(&pool);
	return result;
}

/* Nothing to tell when it was done, but the reasons when it wasn't. */
static int
ask(struct ctl *ctl, const struct ctl_command *command, int argc,
    const char *question)
{
	struct str answer = STR_INIT;
	int status;

	if (argc > 1)
		return ctl_usage(command);
	status = ctl_ask_master(ctl, question, &answer);
	if (status != CTL_OK)
		fputs(str_c(&answer), stderr);
	str_free(&answer);
	return status;
}

static int
run_reload(struct ctl *ctl, int argc, char **argv)
{
	(void)argv;
	return ask(ctl, &cmd_reload, argc, "RELOAD");
}

static int
run_stop(struct ctl *ctl, int argc, char **argv)
{
	(void)argv;
	return ask(ctl, &cmd_stop, argc, "STOP");
}

static int
run_log_reopen(struct ctl *ctl, int argc, char **argv)
{
	(void)argv;
	return ask(ctl, &cmd_log_reopen, argc, "LOG-REOPEN");
}

const struct ctl_command cmd_reload = {
	"reload", "", "Check the configuration and use it from now on.",
	run_reload
};

const struct ctl_command cmd_stop = {
	"stop", "", "Stop the daemon; returns when it is gone.", run_stop
};

const struct ctl_command cmd_log_reopen = {
	"log reopen", "", "Open the log files anew, after a rotation.",
	run_log_reopen
};
