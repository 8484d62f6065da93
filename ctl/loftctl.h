/*
 * What loftctl's commands share. A command is ctl/cmd-NAME.c with an entry
 * struct on top and one word in the table of loftctl.c.
 */
#ifndef LOFT_CTL_LOFTCTL_H
#define LOFT_CTL_LOFTCTL_H

#include "ctl/output.h"

struct conf;

struct ctl {
	const char *config_file;	/* -c, or the default */
	enum output_format format;	/* -f; OUTPUT_UNSET without one */
	struct conf *conf;		/* see ctl_conf() */
};

struct ctl_command {
	const char *name;	/* "user", or several words: "process status" */
	const char *usage;	/* what follows the name: "[-f FORMAT]" */
	const char *summary;	/* one line */
	/* argv[0] is the command's (last) word; optind is 1. Returns the exit
	   status. */
	int (*run)(struct ctl *ctl, int argc, char **argv);
};

enum {
	CTL_OK = 0,
	CTL_USAGE = 64,		/* sysexits.h */
	CTL_NOUSER = 67,
	CTL_TEMPFAIL = 75,
	CTL_CONFIG = 89,
};

/* The configuration, read when first asked for. NULL after its errors went
   to standard error: return CTL_CONFIG then. Owned by ctl. */
const struct conf *ctl_conf(struct ctl *ctl);

/* Tell how the command is used, on standard error; returns CTL_USAGE. */
int ctl_usage(const struct ctl_command *command);

/* "loftctl: text" on standard error; returns status. */
int ctl_fail(int status, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
