/*
 * What loft-send is told: by options, and with --qmail by the environment;
 * see send.h.
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "core/hostname.h"
#include "core/num.h"
#include "core/pool.h"
#include "ctl/send.h"
#include "smtp/utf8.h"

static void
usage(FILE *f)
{
	(void)fprintf(f,
"usage: loft-send [--socket PATH | --host HOST [--port PORT] |\n"
"                  --command COMMAND] [-f SENDER] [--smtp] [--helo NAME]\n"
"                 [--tls | --starttls] [--verify] [--ca-file FILE]\n"
"                 [--ca-dir DIR]\n"
"                 [--bdat] [--ignore-quota] [--batch-max N]\n"
"                 [--timeout SECONDS] [--quiet] [--verbose] RECIPIENT...\n"
"       loft-send --qmail [OPTION...]\n"
"       loft-send --relay [--socket PATH | --host HOST [--port PORT]]\n"
"                 [--tls | --starttls] [--verify] [--ca-file FILE]\n"
"                 [--ca-dir DIR]\n"
"                 [--helo NAME] [--timeout SECONDS] [--verbose]\n");
}

static int
bad_usage(const char *what, const char *value)
{
	(void)fprintf(stderr, "loft-send: %s%s%s\n", what,
		      *value != '\0' ? ": " : "", value);
	usage(stderr);
	return EX_USAGE;
}

/* May it stand between < and >? */
static bool
address_ok(const char *address)
{
	for (const char *p = address; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f || *p == '<' ||
		    *p == '>')
			return false;
	}
	return smtp_utf8_valid(address);
}

static int
check_addresses(const struct send *s)
{
	if (!address_ok(s->opt.sender))
		return bad_usage("not an address", s->opt.sender);
	for (unsigned i = 0; i < s->rcpt_count; i++) {
		const char *address = s->rcpts[i].address;

		if (*address == '\0' || !address_ok(address))
			return bad_usage("not an address", address);
	}
	return EX_OK;
}

static int
check(const struct send *s)
{
	const struct send_options *opt = &s->opt;
	int ways = (opt->socket != NULL) + (opt->host != NULL) +
		(opt->command != NULL);

	if (ways > 1)
		return bad_usage("only one of --socket, --host and --command "
				 "can be used", "");
	if (opt->port != NULL && opt->host == NULL)
		return bad_usage("--port needs --host", "");
	if (opt->tls && opt->starttls)
		return bad_usage("only one of --tls and --starttls can be "
				 "used", "");
	if (opt->verify && !opt->tls && !opt->starttls)
		return bad_usage("--verify, --ca-file and --ca-dir need "
				 "--tls or --starttls", "");
	if (opt->relay && (opt->command != NULL || s->rcpt_count > 0))
		return bad_usage("--relay passes on what it gets: no "
				 "recipients, no --command", "");
	if (s->rcpt_count == 0 && !opt->relay)
		return bad_usage("no recipient", "");
	return check_addresses(s);
}

static void
set_defaults(struct send_options *opt)
{
	if (opt->socket == NULL && opt->host == NULL && opt->command == NULL)
		opt->socket = RUNSTATEDIR "/loft/lmtp";
	if (opt->port == NULL)
		opt->port = opt->smtp ? "25" : "24";
	if (opt->helo == NULL)
		opt->helo = hostname_system();
}

/* The sender may be written with brackets, and "<>" is the null one. */
static const char *
strip_brackets(char *address)
{
	size_t len = strlen(address);

	if (len < 2 || address[0] != '<' || address[len - 1] != '>')
		return address;
	address[len - 1] = '\0';
	return address + 1;
}

/* What qmail-local says about a mail (qmail-command(8)): a double bounce has
   the sender "#@[]". */
static void
take_qmail_envelope(struct send *s)
{
	char *sender = getenv("SENDER"), *recipient = getenv("RECIPIENT");

	if (*s->opt.sender == '\0' && sender != NULL &&
	    strcmp(sender, "#@[]") != 0)
		s->opt.sender = strip_brackets(sender);
	if (s->rcpt_count == 0 && recipient != NULL && *recipient != '\0') {
		s->rcpts[0].address = recipient;
		s->rcpt_count = 1;
	}
}

/* Options with a value. */
static int
set_value(struct send_options *opt, int c, char *value)
{
	switch (c) {
	case 's': opt->socket = value; break;
	case 'h': opt->host = value; break;
	case 'p': opt->port = value; break;
	case 'c': opt->command = value; break;
	case 'f': opt->sender = strip_brackets(value); break;
	case 'H': opt->helo = value; break;
	case 'C': opt->ca_file = value; opt->verify = true; break;
	case 'D': opt->ca_dir = value; opt->verify = true; break;
	case 't':
		if (!num_u32(value, &opt->timeout) || opt->timeout == 0)
			return bad_usage("not a time in seconds", value);
		break;
	case 'b':
		if (!num_u32(value, &opt->batch_max))
			return bad_usage("not a number", value);
		break;
	default: usage(stderr); return EX_USAGE;
	}
	return EX_OK;
}

static int
set_option(struct send_options *opt, int c, char *value)
{
	switch (c) {
	case 'S': opt->smtp = true; break;
	case 'L': opt->smtp = false; break;
	case 'T': opt->tls = true; break;
	case 'X': opt->starttls = true; break;
	case 'y': opt->verify = true; break;
	case 'q': opt->quiet = true; break;
	case 'v': opt->verbose = true; break;
	case 'B': opt->bdat = true; break;
	case 'I': opt->ignore_quota = true; break;
	case 'R': opt->relay = true; break;
	case 'Q': opt->qmail = true; break;
	case 'u': usage(stdout); return -1;
	case 'V': (void)puts("loft-send " PACKAGE_VERSION); return -1;
	default: return set_value(opt, c, value);
	}
	return EX_OK;
}

static void
take_recipients(struct send *s, int count, char *addresses[])
{
	s->rcpt_count = (unsigned)count;
	s->rcpts = mem_alloc((s->rcpt_count + 1) * sizeof(*s->rcpts));
	for (unsigned i = 0; i < s->rcpt_count; i++)
		s->rcpts[i].address = strip_brackets(addresses[i]);
}

int
send_options_parse(struct send *s, int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "host", required_argument, NULL, 'h' },
		{ "port", required_argument, NULL, 'p' },
		{ "command", required_argument, NULL, 'c' },
		{ "sender", required_argument, NULL, 'f' },
		{ "helo", required_argument, NULL, 'H' },
		{ "timeout", required_argument, NULL, 't' },
		{ "smtp", no_argument, NULL, 'S' },
		{ "lmtp", no_argument, NULL, 'L' },
		{ "tls", no_argument, NULL, 'T' },
		{ "starttls", no_argument, NULL, 'X' },
		{ "verify", no_argument, NULL, 'y' },
		{ "ca-file", required_argument, NULL, 'C' },
		{ "ca-dir", required_argument, NULL, 'D' },
		{ "bdat", no_argument, NULL, 'B' },
		{ "ignore-quota", no_argument, NULL, 'I' },
		{ "batch-max", required_argument, NULL, 'b' },
		{ "relay", no_argument, NULL, 'R' },
		{ "qmail", no_argument, NULL, 'Q' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'u' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	int c, status;

	while ((c = getopt_long(argc, argv, "s:h:p:c:f:qv", longs,
				NULL)) != -1) {
		status = set_option(&s->opt, c, optarg);
		if (status != EX_OK)
			return status;
	}
	take_recipients(s, argc - optind, argv + optind);
	if (s->opt.qmail)
		take_qmail_envelope(s);
	status = check(s);
	set_defaults(&s->opt);
	return status;
}
