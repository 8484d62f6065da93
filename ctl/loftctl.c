/*
 * loftctl: the operator's command. This file finds the command in its table
 * and hands over; it knows nothing of what they do.
 */
#include "config.h"
#include "ctl/loftctl.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "core/str.h"
#include "ctl/commands.h"

static const struct ctl_command *const commands[] = {
	&cmd_auth_cache_flush,
	&cmd_auth_lookup,
	&cmd_auth_test,
	&cmd_config,
	&cmd_error,
	&cmd_log_find,
	&cmd_log_reopen,
	&cmd_process_status,
	&cmd_quota_get,
	&cmd_quota_recalc,
	&cmd_rawlog,
	&cmd_reload,
	&cmd_service_status,
	&cmd_stop,
	&cmd_user,
	&cmd_who,
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(*commands) };

static void
print_help(FILE *out)
{
	fprintf(out, "usage: loftctl [-c FILE] [-f table|flow|tab|json] "
		"COMMAND [ARGUMENT...]\n\n");
	for (unsigned i = 0; i < COMMAND_COUNT; i++) {
		const char *usage = commands[i]->usage;

		fprintf(out, "  %s%s%s\n      %s\n", commands[i]->name,
			*usage != '\0' ? " " : "", usage,
			commands[i]->summary);
	}
}

int
ctl_usage(const struct ctl_command *command)
{
	fprintf(stderr, "usage: loftctl %s%s%s\n", command->name,
		*command->usage != '\0' ? " " : "", command->usage);
	return CTL_USAGE;
}

int
ctl_fail(int status, const char *fmt, ...)
{
	va_list ap;

	fputs("loftctl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return status;
}

const struct conf *
ctl_conf(struct ctl *ctl)
{
	struct str errors = STR_INIT, warnings = STR_INIT;

	if (ctl->conf == NULL &&
	    conf_load(ctl->config_file, &ctl->conf, &errors, &warnings) < 0)
		fputs(str_c(&errors), stderr);
	/* Warnings are told by the daemon and `loftctl config`. */
	str_free(&errors);
	str_free(&warnings);
	return ctl->conf;
}

/* How many words of argv are the command's name; 0 when they aren't. */
static int
match(const struct ctl_command *command, int argc, char **argv)
{
	const char *name = command->name;
	int words = 0;

	while (*name != '\0') {
		size_t len = strcspn(name, " ");

		if (words == argc || strlen(argv[words]) != len ||
		    strncmp(argv[words], name, len) != 0)
			return 0;
		words++;
		name += len;
		name += strspn(name, " ");
	}
	return words;
}

static int
run_command(struct ctl *ctl, int argc, char **argv)
{
	for (unsigned i = 0; i < COMMAND_COUNT; i++) {
		int words = match(commands[i], argc, argv);

		if (words == 0)
			continue;
		optind = 1;
		return commands[i]->run(ctl, argc - words + 1,
					argv + words - 1);
	}
	(void)ctl_fail(0, "unknown command: %s", argv[0]);
	for (unsigned i = 0; i < COMMAND_COUNT; i++) {
		size_t len = strlen(argv[0]);

		/* "loftctl process" lists what begins so. */
		if (strncmp(commands[i]->name, argv[0], len) == 0)
			fprintf(stderr, "  loftctl %s\n", commands[i]->name);
	}
	return CTL_USAGE;
}

static int
parse_options(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "+c:f:h", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			ctl->config_file = optarg;
			break;
		case 'f':
			if (!output_format_parse(optarg, &ctl->format))
				return ctl_fail(CTL_USAGE,
						"unknown format: %s", optarg);
			break;
		case 'h':
			print_help(stdout);
			return 0;
		case 'V':
			puts(PACKAGE_VERSION);
			return 0;
		default:
			print_help(stderr);
			return CTL_USAGE;
		}
	}
	return -1;
}

int
main(int argc, char **argv)
{
	struct ctl ctl = { .config_file = SYSCONFDIR "/loft/loft.conf" };
	int status = parse_options(&ctl, argc, argv);

	if (status >= 0)
		return status;
	if (optind == argc) {
		print_help(stderr);
		return CTL_USAGE;
	}
	status = run_command(&ctl, argc - optind, argv + optind);
	conf_free(&ctl.conf);
	return status;
}
