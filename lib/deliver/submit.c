/*
 * Sending mail; see submit.h. This process speaks SMTP without TLS itself; for
 * TLS there is loft-send, so that loft-lda needs no OpenSSL and starts fast.
 */
#include "deliver/submit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "deliver/deliver-settings.h"
#include "deliver/submit-program.h"
#include "deliver/submit-smtp.h"

enum {
	ARGS_MAX = 32,
	OWN_ARGS_MAX = 6,	/* of them, behind sendmail_path's */
	GRACE_SECS = 5,		/* for loft-send to end by itself */
};

/* The words of a command line, and what they are made of. */
struct command {
	char *args[ARGS_MAX + 1];
	int count;
	struct pool *pool;
};

static bool
uses_host(const struct deliver_settings *set)
{
	return *set->submission_host != '\0';
}

static bool
uses_tls(const struct deliver_settings *set)
{
	return strcmp(set->submission_ssl, "no") != 0;
}

static const char *
send_path(const struct deliver_settings *set)
{
	return *set->deliver_send_path != '\0' ? set->deliver_send_path :
		BINDIR "/loft-send";
}

bool
submit_possible(const struct deliver_settings *set)
{
	char path[4096];
	size_t len = strcspn(set->sendmail_path, " ");

	if (uses_host(set))
		return !uses_tls(set) || submit_program_exists(send_path(set));
	if (len == 0 || len >= sizeof(path))
		return false;
	memcpy(path, set->sendmail_path, len);
	path[len] = '\0';
	return submit_program_exists(path);
}

/* --- programs --- */

static void
add(struct command *c, const char *arg)
{
	if (c->count < ARGS_MAX)
		c->args[c->count++] = pool_strdup(c->pool, arg);
}

static int
send_by_program(const struct deliver_settings *set,
		const struct submission *mail, struct pool *pool,
		struct err *err)
{
	struct command c = { .pool = pool };
	char *rest = pool_strdup(pool, set->sendmail_path), *word;

	while (c.count < ARGS_MAX - OWN_ARGS_MAX &&
	       (word = strsep(&rest, " ")) != NULL) {
		if (*word != '\0')
			add(&c, word);
	}
	add(&c, "-i");
	add(&c, "-f");
	add(&c, *mail->sender != '\0' ? mail->sender : "<>");
	add(&c, "--");
	add(&c, mail->recipient);
	return submit_program(c.args, mail->message, set->submission_timeout,
			      err) == 0 ? 0 : -1;
}

/* --- the host --- */

/* "host", "host:port", "[v6]:port". */
static void
split_host(char *text, const char **host_r, const char **port_r)
{
	char *colon = strrchr(text, ':');

	*host_r = text;
	if (*text == '[' && strchr(text, ']') != NULL) {
		char *end = strchr(text, ']');

		colon = end[1] == ':' ? end + 1 : NULL;
		*end = '\0';
		*host_r = text + 1;
	} else if (colon != NULL && strchr(text, ':') != colon) {
		colon = NULL;	/* a bare IPv6 address */
	}
	if (colon == NULL)
		return;
	*colon = '\0';
	*port_r = colon + 1;
}

/* The certificate is checked as the settings want it: against what they name,
   else against what the system trusts. */
static void
add_tls(struct command *c, const struct deliver_settings *set)
{
	add(c, strcmp(set->submission_ssl, "smtps") == 0 ? "--tls" :
	    "--starttls");
	if (!set->ssl_client_require_valid_cert)
		return;
	add(c, "--verify");
	if (*set->ssl_client_ca_file != '\0') {
		add(c, "--ca-file");
		add(c, set->ssl_client_ca_file);
	}
	if (*set->ssl_client_ca_dir != '\0') {
		add(c, "--ca-dir");
		add(c, set->ssl_client_ca_dir);
	}
}

static int
send_by_tls(const struct deliver_settings *set, const char *host,
	    const char *port, const struct submission *mail,
	    struct pool *pool, struct err *err)
{
	struct command c = { .pool = pool };
	int status;

	add(&c, send_path(set));
	add(&c, "--smtp");
	add(&c, "--host");
	add(&c, host);
	add(&c, "--port");
	add(&c, port);
	add_tls(&c, set);
	add(&c, "--helo");
	add(&c, mail->hostname);
	add(&c, "--timeout");
	add(&c, pool_printf(pool, "%u", set->submission_timeout));
	add(&c, "-f");
	add(&c, *mail->sender != '\0' ? mail->sender : "<>");
	add(&c, "--");
	add(&c, mail->recipient);
	status = submit_program(c.args, mail->message,
				set->submission_timeout + GRACE_SECS, err);
	/* Of what is refused for good only this is surely the recipient's
	   fault. */
	if (status == EX_NOUSER)
		err->kind = ERR_PERM;
	return status == 0 ? 0 : -1;
}

static int
send_by_host(const struct deliver_settings *set,
	     const struct submission *mail, struct pool *pool,
	     struct err *err)
{
	char *text = pool_strdup(pool, set->submission_host);
	bool smtps = strcmp(set->submission_ssl, "smtps") == 0;
	const char *host, *port = smtps ? "465" : "25";

	split_host(text, &host, &port);
	return uses_tls(set) ?
		send_by_tls(set, host, port, mail, pool, err) :
		submit_smtp(host, port, set->submission_timeout, mail, err);
}

int
submit_mail(const struct deliver_settings *set, const struct submission *mail,
	    struct err *err)
{
	struct pool *pool;
	int result;

	if (!submit_possible(set))
		return err_set(err, ERR_CONFIG, "Neither submission_host nor "
			       "sendmail_path can be used");
	pool = pool_new();
	result = uses_host(set) ? send_by_host(set, mail, pool, err) :
		send_by_program(set, mail, pool, err);
	pool_free(&pool);
	return result == 0 ? 0 : err_prefix(err, "sending mail to <%s>",
					    mail->recipient);
}
