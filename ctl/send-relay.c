/*
 * loft-send --relay: the caller speaks LMTP on standard input with a server
 * that it can't reach itself; see send.h. With --starttls the plain beginning
 * is ours, the caller gets the greeting and sees nothing of the rest.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "core/err.h"
#include "core/pool.h"
#include "ctl/relay.h"
#include "ctl/send.h"
#include "io/stream.h"
#include "smtp/reply.h"

/* The greeting, kept for the caller; then TLS. */
static int
begin_tls(struct send *s, struct str *greeting, struct err *err)
{
	struct smtp_client *c = &s->client;

	if (smtp_client_read(c, err) < 0)
		return -1;
	smtp_reply_append(greeting, c->reply.code, NULL, str_c(&c->text));
	if (c->reply.code != 220)
		return 0;
	if (smtp_client_lhlo(c, s->opt.helo, err) < 0 ||
	    smtp_client_starttls(c, err) < 0 || send_start_tls(s, err) < 0)
		return -1;
	return 0;
}

/* The caller's client learns in the server's place why there is none. */
static int
no_server(const struct err *err)
{
	(void)printf("421 4.4.1 %s\r\n", err->text);
	(void)fflush(stdout);
	(void)fprintf(stderr, "loft-send: %s\n", err->text);
	return EX_TEMPFAIL;
}

int
send_relay(struct send *s)
{
	struct str greeting = STR_INIT;
	struct err err;
	int result;

	if (send_connect(s, &err) < 0 ||
	    (s->opt.starttls && begin_tls(s, &greeting, &err) < 0)) {
		str_free(&greeting);
		return no_server(&err);
	}
	(void)fputs(str_c(&greeting), stdout);
	str_free(&greeting);
	/* Where nobody listens any more the relay finds out, too. */
	(void)fflush(stdout);
	result = relay_run(s->client.stream, s->fd,
			   (int64_t)s->opt.timeout * 1000, &err);
	if (result < 0)
		(void)fprintf(stderr, "loft-send: %s\n", err.text);
	return result < 0 ? EX_TEMPFAIL : EX_OK;
}
