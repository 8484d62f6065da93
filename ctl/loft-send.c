/*
 * loft-send: hands a message from standard input to an LMTP or SMTP server,
 * for scripts and for MTAs that can't do so themselves. One line per
 * recipient says what became of him; the exit status is sysexits'. When in
 * doubt it is 75, so that the caller keeps the message.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "core/err.h"
#include "ctl/send.h"
#include "io/spool.h"

void
send_show(char direction, const char *line, size_t len)
{
	(void)fprintf(stderr, "%c %.*s\n", direction, (int)len, line);
}

/* For qmail-local: 100 bounces, 111 tries again. */
static int
qmail_status(int status)
{
	if (status == EX_OK)
		return 0;
	return status == EX_TEMPFAIL || status == EX_USAGE ? 111 : 100;
}

static int
status_of(const struct send_rcpt *rcpt)
{
	if (rcpt->code / 100 == 2)
		return EX_OK;
	if (rcpt->code / 100 != 5)
		return EX_TEMPFAIL;
	return strncmp(rcpt->words, "550 5.1.1", 9) == 0 ? EX_NOUSER :
		EX_UNAVAILABLE;
}

static int
report(const struct send *s)
{
	int status = EX_OK;

	for (unsigned i = 0; i < s->rcpt_count; i++) {
		const struct send_rcpt *rcpt = &s->rcpts[i];
		int his = status_of(rcpt);

		if (!s->opt.quiet)
			(void)printf("%s: %s\n", rcpt->address, rcpt->words);
		if (his == EX_TEMPFAIL || status == EX_OK)
			status = his;
		else if (his != EX_OK && his != status &&
			 status != EX_TEMPFAIL)
			status = EX_UNAVAILABLE;
	}
	return fflush(stdout) != 0 ? EX_TEMPFAIL : status;
}

static void
quit(struct send *s)
{
	struct err err;

	/* All that counts has been said. */
	if (smtp_client_send(&s->client, &err, "QUIT") == 0)
		(void)smtp_client_read(&s->client, &err);
}

static int
deliver(struct send *s)
{
	struct err err;
	char words[sizeof(err.text) + 16];

	if (send_message_read(s, &err) < 0) {
		(void)fprintf(stderr, "loft-send: %s\n", err.text);
		return EX_TEMPFAIL;
	}
	if (send_connect(s, &err) < 0 || send_greet(s, &err) < 0 ||
	    send_transactions(s, &err) < 0) {
		/* What had no answer may have been done, or not: try again. */
		(void)snprintf(words, sizeof(words), "%s%s",
			       err.kind == ERR_PERM ? "" : "451 4.4.2 ",
			       err.text);
		send_set_results(s, err.kind == ERR_PERM ? 554 : 451, words);
	} else {
		quit(s);
	}
	return report(s);
}

int
main(int argc, char *argv[])
{
	struct send s = { .opt = { .sender = "", .timeout = 300 } };
	int status = send_options_parse(&s, argc, argv);

	if (status == EX_OK) {
		(void)signal(SIGPIPE, SIG_IGN);
		(void)signal(SIGXFSZ, SIG_IGN);
		status = s.opt.relay ? send_relay(&s) : deliver(&s);
	}
	send_disconnect(&s);
	for (unsigned i = 0; i < s.rcpt_count; i++)
		free(s.rcpts[i].words);
	free(s.rcpts);
	spool_free(&s.message);
	if (status < 0)
		return EX_OK;
	return s.opt.qmail ? qmail_status(status) : status;
}
