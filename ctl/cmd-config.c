/*
 * loftctl config: the configuration as the daemon understands it, in the
 * form of doveconf (lib/conf/print.c does the printing).
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "conf/print.h"
#include "core/str.h"
#include "ctl/commands.h"
#include "ctl/loftctl.h"

/* "protocol=lmtp", "local=10.0.0.1", "remote=…", "lname=mx.example.com". */
static int
parse_filter(const char *arg, struct scope *scope)
{
	const char *eq = strchr(arg, '=');
	const char *value = eq != NULL ? eq + 1 : "";

	if (str_begins(arg, "protocol=") || str_begins(arg, "service="))
		scope->protocol = value;
	else if (str_begins(arg, "lname=") || str_begins(arg, "local_name="))
		scope->local_name = value;
	else if (!(str_begins(arg, "local=") &&
		   ip_parse(value, &scope->local)) &&
		 !(str_begins(arg, "remote=") &&
		   ip_parse(value, &scope->remote)))
		return ctl_fail(CTL_USAGE, "config: invalid filter '%s' "
				"(protocol=NAME, local=IP, remote=IP or "
				"lname=HOST)", arg);
	return 0;
}

static int
cmd_config_run(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {
		{ "unused", no_argument, NULL, 'U' }, { NULL, 0, NULL, 0 }
	};
	struct conf_print how = { .what = CONF_PRINT_ALL };
	int c;

	while ((c = getopt_long(argc, argv, "+ac:dnNhPxf:", options,
				NULL)) != -1) {
		switch (c) {
		case 'a':
			how.what = CONF_PRINT_ALL;
			break;
		case 'c':	/* as doveconf takes it */
			ctl->config_file = optarg;
			break;
		case 'd':
			how.what = CONF_PRINT_DEFAULTS;
			break;
		case 'n':
			how.what = CONF_PRINT_CHANGED;
			break;
		case 'N':
			how.what = CONF_PRINT_SET;
			break;
		case 'U':
			how.what = CONF_PRINT_UNUSED;
			break;
		case 'h':
			how.values_only = true;
			break;
		case 'P':
			how.secrets = true;
			break;
		case 'x':
			how.expand = true;
			break;
		case 'f':
			if (parse_filter(optarg, &how.scope) != 0)
				return CTL_USAGE;
			break;
		default:
			return ctl_usage(&cmd_config);
		}
	}
	how.names = (const char *const *)argv + optind;
	return conf_print_main(ctl->config_file, &how);
}

const struct ctl_command cmd_config = {
	"config",
	"[-a|-n|-N|-d] [-hPx] [-f protocol=lmtp] [--unused] [NAME…]",
	"Print settings as doveconf does.",
	cmd_config_run,
};
