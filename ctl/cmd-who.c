/*
 * loftctl who: the sessions of this moment, out of the master's list of
 * processes. A user is known from RCPT to the end of the delivery.
 */
#include <fnmatch.h>
#include <getopt.h>
#include <stddef.h>
#include <string.h>

#include "core/str.h"
#include "ctl/commands.h"
#include "ctl/loftctl.h"
#include "ctl/master.h"

/* Columns of the master's answer, as master/lists.c writes them. */
enum { NAME, PID, KIND, STATE, GENERATION, SECS, USER, PEER, WHAT, COLUMNS };

static const char *const columns[] = {
	"username", "service", "pid", "ip", "state", "command", "secs", NULL
};

static bool
cut(char *line, const char *field[COLUMNS])
{
	for (unsigned i = 0; i < COLUMNS; i++) {
		field[i] = strsep(&line, "\t");
		if (field[i] == NULL)
			return false;
	}
	return true;
}

static bool
is_session(const char *const *field, const char *mask)
{
	if (strcmp(field[KIND], "worker") != 0 || *field[PEER] == '\0' ||
	    strcmp(field[STATE], "idle") == 0)
		return false;
	return mask == NULL || fnmatch(mask, field[USER], 0) == 0 ||
		fnmatch(mask, field[PEER], 0) == 0;
}

static int
print_sessions(enum output_format format, char *text, const char *mask)
{
	struct output *out = output_new(format, columns);
	const char *field[COLUMNS];
	char *line;

	while ((line = strsep(&text, "\n")) != NULL) {
		if (!cut(line, field) || !is_session(field, mask))
			continue;
		output_row(out, (const char *const[]){ field[USER],
			field[NAME], field[PID], field[PEER], field[STATE],
			field[WHAT], field[SECS] });
	}
	return output_finish(&out) == 0 ? CTL_OK : CTL_TEMPFAIL;
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	enum output_format format = ctl->format;
	struct str answer = STR_INIT;
	int opt, status;

	while ((opt = getopt(argc, argv, "f:")) != -1) {
		if (opt != 'f' || !output_format_parse(optarg, &format))
			return ctl_usage(&cmd_who);
	}
	if (optind + 1 < argc)
		return ctl_usage(&cmd_who);
	status = ctl_ask_master(ctl, "PROCESS-STATUS", &answer);
	if (status == CTL_OK && answer.data != NULL)
		status = print_sessions(format, answer.data,
					optind < argc ? argv[optind] : NULL);
	str_free(&answer);
	return status;
}

const struct ctl_command cmd_who = {
	"who", "[-f table|flow|tab|json] [MASK]",
	"List the sessions; MASK is for the user or the address.", run
};
