/*
 * loftctl process status, service status: lists that the master keeps. Its
 * answer has the columns' names in the first line, tabs between.
 */
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/str.h"
#include "ctl/commands.h"
#include "ctl/loftctl.h"
#include "ctl/master.h"

enum { COLUMNS_MAX = 32 };

/* Cut a line at its tabs; the rest of the array is NULL. */
static void
cut(char *line, const char *fields[COLUMNS_MAX + 1])
{
	unsigned count = 0;
	char *field;

	while (count < COLUMNS_MAX && (field = strsep(&line, "\t")) != NULL)
		fields[count++] = field;
	while (count <= COLUMNS_MAX)
		fields[count++] = NULL;
}

/* The rows whose first column is name; all for NULL. */
static int
print_answer(enum output_format format, char *text, const char *name)
{
	const char *columns[COLUMNS_MAX + 1], *values[COLUMNS_MAX + 1];
	struct output *out;
	char *line = strsep(&text, "\n");

	cut(line, columns);
	out = output_new(format, columns);
	while ((line = strsep(&text, "\n")) != NULL) {
		if (*line == '\0')
			continue;
		cut(line, values);
		if (name == NULL || str_eq(values[0], name))
			output_row(out, values);
	}
	return output_finish(&out) == 0 ? CTL_OK : CTL_TEMPFAIL;
}

static int
list(struct ctl *ctl, const struct ctl_command *command, int argc,
     char **argv, const char *question)
{
	enum output_format format = ctl->format;
	struct str answer = STR_INIT;
	int opt, status;

	while ((opt = getopt(argc, argv, "f:")) != -1) {
		if (opt != 'f' || !output_format_parse(optarg, &format))
			return ctl_usage(command);
	}
	if (optind + 1 < argc)
		return ctl_usage(command);
	status = ctl_ask_master(ctl, question, &answer);
	if (status == CTL_OK && answer.data != NULL)
		status = print_answer(format, answer.data, argv[optind]);
	str_free(&answer);
	return status;
}

static int
run_process_status(struct ctl *ctl, int argc, char **argv)
{
	return list(ctl, &cmd_process_status, argc, argv, "PROCESS-STATUS");
}

static int
run_service_status(struct ctl *ctl, int argc, char **argv)
{
	return list(ctl, &cmd_service_status, argc, argv, "SERVICE-STATUS");
}

const struct ctl_command cmd_process_status = {
	"process status", "[-f table|flow|tab|json] [SERVICE]",
	"List the daemon's processes and what they are doing.",
	run_process_status
};

const struct ctl_command cmd_service_status = {
	"service status", "[-f table|flow|tab|json] [SERVICE]",
	"List the services, their processes and limits.",
	run_service_status
};
