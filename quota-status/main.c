/*
 * Postfix asks at RCPT whether a message would fit (check_policy_service):
 *
 *	service quota-status {
 *	  executable = quota-status -p postfix
 *	  unix_listener /var/spool/postfix/private/quota-status {
 *	    user = postfix
 *	  }
 *	}
 *
 * A worker of lib/service/service.h; a client may ask for as long as it likes.
 */
#include <stdio.h>
#include <string.h>

#include "conf/conf.h"
#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"
#include "io/stream.h"
#include "quota-status/answer.h"
#include "quota-status/policy.h"
#include "service/service.h"
#include "service/status.h"

enum {
	EXIT_USAGE = 64,
	IDLE_MS = 600000,	/* between requests; Postfix closes after 300 s */
	REQUEST_MS = 60000,	/* for a whole one */
	REPLY_MS = 60000,
};

struct session {
	struct stream *stream;
	struct pool *pool;	/* of one request */
	struct policy_request req;
	bool begun;		/* some of it was read */
	bool skipping;		/* the rest of a line that is too long */
	deadline_t deadline;
	bool done;
};

/* What the master wants. Between requests a client can go at any time: it
   connects anew. */
static void
look(struct session *s)
{
	enum service_call call = service_called();

	if (call == SERVICE_ORPHAN)
		stream_watch(s->stream, -1, service_wait_mask());
	if (call >= SERVICE_STOP || (call != SERVICE_GO_ON && !s->begun))
		s->done = true;
}

static enum stream_status
send_reply(struct session *s, const char *action)
{
	deadline_t deadline = deadline_in(REPLY_MS);
	struct str out = STR_INIT;
	enum stream_status status;

	str_printf(&out, "action=%s\n\n", action);
	status = stream_write(s->stream, out.data, out.len, deadline);
	if (status == STREAM_OK || status == STREAM_WAKE)
		status = stream_flush(s->stream, deadline);
	while (status == STREAM_WAKE && !s->done) {
		look(s);
		status = stream_flush(s->stream, deadline);
	}
	str_free(&out);
	return status;
}

static void
next_request(struct session *s)
{
	pool_clear(s->pool);
	s->req = (struct policy_request){ .recipient = NULL };
	s->begun = false;
	s->deadline = deadline_in(IDLE_MS);
	status_set(STATUS_SESSION, NULL, NULL, NULL);
}

static void
take_line(struct session *s, const char *line, size_t len)
{
	int whole;

	if (!s->begun) {
		s->deadline = deadline_in(REQUEST_MS);
		status_set(STATUS_TRANSACTION, NULL, NULL, NULL);
	}
	s->begun = true;
	whole = policy_line(&s->req, line, len, s->pool);
	if (whole < 0) {
		log_error(&log_process, "Client sent too many lines");
		s->done = true;
	} else if (whole > 0) {
		if (send_reply(s, answer_request(&s->req, s->pool)) !=
		    STREAM_OK)
			s->done = true;
		next_request(s);
		look(s);
	}
}

/* A line, or more of one that is too long. */
static enum stream_status
read_some(struct session *s)
{
	enum stream_status status;
	char *line;
	size_t len;

	if (s->skipping) {
		status = stream_skip_line(s->stream, s->deadline);
		s->skipping = status != STREAM_OK;
		return status;
	}
	status = stream_read_line(s->stream, POLICY_LINE_MAX, s->deadline,
				  &line, &len);
	if (status == STREAM_OK)
		take_line(s, line, len);
	return status;
}

static void
read_line(struct session *s)
{
	switch (read_some(s)) {
	case STREAM_OK:
		break;
	case STREAM_WAKE:
		look(s);
		break;
	case STREAM_TOOLONG:
		s->skipping = true;
		break;
	case STREAM_EOF:
	case STREAM_TIMEOUT:
	case STREAM_ERROR:
		s->done = true;
		break;
	}
}

static void
client(const struct conf *conf, struct service_client *cl)
{
	struct session s = { .pool = pool_new() };

	(void)conf;
	s.stream = stream_new(cl->fd_in, cl->fd_out);
	stream_watch(s.stream, service_watch_fd(), service_wait_mask());
	next_request(&s);
	while (!s.done)
		read_line(&s);
	stream_free(&s.stream);
	pool_free(&s.pool);
}

int
main(int argc, char **argv)
{
	static const struct service service = {
		.name = "quota-status", .init = answer_init, .client = client,
	};

	if (!service_inherited() || argc != 3 || strcmp(argv[1], "-p") != 0 ||
	    strcmp(argv[2], "postfix") != 0) {
		(void)fprintf(stderr, "usage: quota-status -p postfix (as a "
			      "service's executable)\n");
		return EXIT_USAGE;
	}
	return service_run(&service);
}
