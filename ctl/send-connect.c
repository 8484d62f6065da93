/*
 * The connection of loft-send: a socket, a host or a command, and TLS; see
 * send.h.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "core/clock.h"
#include "core/err.h"
#include "ctl/send.h"
#include "io/sock.h"
#include "io/stream.h"
#include "io/tls.h"

enum { COMMAND_END_MS = 5000 };

static deadline_t
deadline_of(const struct send *s)
{
	return deadline_in((int64_t)s->opt.timeout * 1000);
}

static int
shake_hands(struct send *s, struct tls *tls, struct err *err)
{
	deadline_t deadline = deadline_of(s);
	enum stream_status status;

	do {
		status = stream_handshake(s->client.stream, deadline);
	} while (status == STREAM_WAKE);
	if (status == STREAM_OK)
		return 0;
	return err_set(err, ERR_TEMP, "TLS handshaking failed: %s",
		       status == STREAM_TIMEOUT ? "Timed out" :
		       errno == EPROTO ? tls_error(tls) : strerror(errno));
}

int
send_start_tls(struct send *s, struct err *err)
{
	struct tls *tls;
	char text[160];

	s->tls_context = tls_context_client(s->opt.ca_file, s->opt.ca_dir,
					    s->opt.verify, err);
	if (s->tls_context == NULL)
		return -1;
	tls = tls_connect(s->client.stream, s->fd, s->fd, s->tls_context,
			  s->opt.host, err);
	if (tls == NULL || shake_hands(s, tls, err) < 0)
		return -1;
	tls_describe(tls, text, sizeof(text));
	if (s->opt.verbose)
		(void)fprintf(stderr, "= %s%s\n", text,
			      tls_peer_cert(tls) == TLS_PEER_VALID ?
			      ", certificate verified" : "");
	return 0;
}

int
send_connect(struct send *s, struct err *err)
{
	const struct send_options *opt = &s->opt;

	if (opt->command != NULL)
		s->fd = sock_connect_command(opt->command, &s->command_pid,
					     err);
	else if (opt->host != NULL)
		s->fd = sock_connect_inet(opt->host, opt->port,
					  deadline_of(s), err);
	else
		s->fd = sock_connect_unix(opt->socket, err);
	if (s->fd < 0)
		return -1;
	smtp_client_init(&s->client, stream_new(s->fd, s->fd), !opt->smtp,
			 (int64_t)opt->timeout * 1000);
	if (opt->verbose)
		s->client.trace = send_show;
	return opt->tls ? send_start_tls(s, err) : 0;
}

int
send_greet(struct send *s, struct err *err)
{
	const struct send_options *opt = &s->opt;

	if (smtp_client_hello(&s->client, opt->helo, err) < 0)
		return -1;
	if (!opt->starttls)
		return 0;
	if (smtp_client_starttls(&s->client, err) < 0 ||
	    send_start_tls(s, err) < 0)
		return -1;
	return smtp_client_lhlo(&s->client, opt->helo, err);
}

/* The command has lost its peer; give it a moment, then end it. */
static void
end_command(pid_t pid)
{
	deadline_t deadline = deadline_in(COMMAND_END_MS);
	struct timespec pause = { 0, 10 * 1000000 };

	while (waitpid(pid, NULL, WNOHANG) == 0) {
		if (deadline_left(deadline) == 0) {
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, NULL, 0);
			return;
		}
		(void)nanosleep(&pause, NULL);
	}
}

void
send_disconnect(struct send *s)
{
	if (s->client.stream != NULL)
		smtp_client_deinit(&s->client);
	tls_context_free(&s->tls_context);
	if (s->command_pid != 0)
		end_command(s->command_pid);
	s->command_pid = 0;
}
