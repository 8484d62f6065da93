/*
 * loft-lda's command line; see options.h.
 */
#include "lda/options.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "core/err.h"
#include "core/log.h"
#include "service/priv.h"
#include "smtp/path.h"
#include "storage/mailbox-name.h"

static const char usage_text[] =
	"Usage: loft-lda [-c <config file>] [-d <username>] [-p <path>]\n"
	"                [-m <mailbox>] [-e] [-k] [-f <envelope sender>]\n"
	"                [-a <original envelope recipient>]\n"
	"                [-r <final envelope recipient>]\n"
	"                [-o <setting>=<value>]\n";

static int
usage(void)
{
	(void)fputs(usage_text, stderr);
	return EX_USAGE;
}

/* A sender that can't be parsed is one whom nobody could answer; only what
   can't be told from a slip of the caller is refused, as in Dovecot. */
static bool
is_broken_sender(const char *arg)
{
	if (*arg == '<')
		return arg[1] == '>' || arg[strcspn(arg, " >")] != '>';
	return *arg == ' ';
}

/* An address of -f, -a or -r, with or without brackets. */
static int
parse_address(char option, const char *arg, unsigned flags, struct pool *pool,
	      const char **text_r)
{
	const char *p = arg;
	struct smtp_path path;
	struct err err;
	int result = smtp_path_parse(&p, flags | SMTP_PATH_BARE, pool,
				     &path, &err);

	if (result == 0 && *p != '\0')
		result = err_set(&err, ERR_USAGE, "Invalid character in path");
	if (result < 0 && (flags & SMTP_PATH_EMPTY) != 0 &&
	    !is_broken_sender(arg)) {
		*text_r = "";
		return 0;
	}
	if (result < 0) {
		log_fatal(&log_process, "Invalid -%c parameter: %s", option,
			  err.text);
		return EX_USAGE;
	}
	*text_r = path.text;
	return 0;
}

static int
parse_mailbox(struct lda_options *opt, const char *arg)
{
	if (!utf8_valid(arg)) {
		log_fatal(&log_process, "Mailbox name not UTF-8: %s", arg);
		return EX_TEMPFAIL;
	}
	if (*arg != '\0')
		opt->mailbox = arg;
	return 0;
}

static int
add_override(struct lda_options *opt, const char *arg)
{
	if (opt->override_count == LDA_OVERRIDES_MAX) {
		log_fatal(&log_process, "Too many -o parameters");
		return EX_USAGE;
	}
	opt->overrides[opt->override_count++] = arg;
	return 0;
}

static int
parse_option(struct lda_options *opt, int c, const char *arg,
	     struct pool *pool)
{
	switch (c) {
	case 'a':
		return parse_address('a', arg, 0, pool, &opt->orig_rcpt);
	case 'c':
		opt->config = arg;
		return 0;
	case 'd':
		opt->user_name = arg;
		return 0;
	case 'e':
		opt->refuse_with_status = true;
		return 0;
	case 'k':	/* nothing of the environment is cleared */
		return 0;
	case 'f':
		return parse_address('f', arg, SMTP_PATH_EMPTY, pool,
				     &opt->sender);
	case 'm':
		return parse_mailbox(opt, arg);
	case 'o':
		return add_override(opt, arg);
	case 'p':
		opt->path = arg;
		return 0;
	case 'r':
		return parse_address('r', arg, 0, pool, &opt->rcpt);
	default:
		return usage();
	}
}

int
lda_options_parse(struct lda_options *opt, int argc, char **argv,
		  struct pool *pool)
{
	int c, status;

	while ((c = getopt(argc, argv, "a:c:d:ef:km:o:p:r:")) != -1) {
		status = parse_option(opt, c, optarg, pool);
		if (status != 0)
			return status;
	}
	if (optind < argc) {
		log_fatal(&log_process, "Unknown argument: %s", argv[optind]);
		return usage();
	}
	if (opt->user_name == NULL && priv_is_root()) {
		log_fatal(&log_process, "destination user parameter "
			  "(-d user) not given");
		return EX_USAGE;
	}
	return 0;
}

