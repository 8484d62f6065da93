/*
 * DATA (RFC 5321 section 4.1.1.4, RFC 2033 section 4.2): the message, and a
 * reply for each recipient. Once 354 is said the client gets exactly as many
 * replies as recipients were accepted, or the connection ends.
 */
#include "lmtp/commands.h"

#include "core/err.h"
#include "io/spool.h"
#include "io/stream.h"
#include "lmtp/env.h"
#include "lmtp/lmtp-settings.h"
#include "lmtp/local.h"
#include "lmtp/reply.h"
#include "lmtp/session.h"
#include "smtp/dots.h"

enum { PROGRESS_OCTETS = 4096 };

struct receiver {
	struct lmtp_session *s;
	struct dots dots;
	deadline_t deadline;
	uint64_t progress;	/* octets since the deadline was set */
	bool failed;		/* no room: the rest is read over */
	struct err err;
};

/* Waits begin anew with every few KiB, so that a client who sends an octet
   now and then can't stay for ever. */
static void
renew_deadline(struct receiver *r)
{
	unsigned secs = r->s->env->set->lmtp_data_timeout;

	r->progress = 0;
	r->deadline = deadline_min(deadline_in((int64_t)secs * 1000),
				   r->s->deadline);
}

static void
keep(struct receiver *r, const char *data, size_t len)
{
	uint64_t max = r->s->env->set->lmtp_max_message_size;
	struct spool *spool = r->s->env->spool;

	if (r->failed)
		return;
	if (spool_write(spool, data, len, &r->err) < 0) {
		r->failed = true;
	} else if (max > 0 && spool_size(spool) + spool_lines(spool) > max) {
		(void)err_set(&r->err, ERR_TOOBIG, "Message is larger than "
			      "lmtp_max_message_size");
		r->failed = true;
	}
	/* Don't hold what nobody will get. */
	if (r->failed)
		spool_reset(spool);
}

/* Take what is buffered. */
static void
take_input(struct receiver *r)
{
	struct stream *stream = r->s->stream;
	const char *piece, *data;
	size_t len, piece_len, given;

	data = stream_data(stream, &len);
	given = len;
	while (dots_next(&r->dots, &data, &len, &piece, &piece_len))
		keep(r, piece, piece_len);
	stream_skip(stream, given - len);
	r->progress += given - len;
	if (r->progress >= PROGRESS_OCTETS)
		renew_deadline(r);
}

/* All of the message. False: the session is over. */
static bool
receive(struct receiver *r)
{
	enum stream_status status;

	renew_deadline(r);
	for (;;) {
		take_input(r);
		if (r->dots.state == DOTS_END)
			break;
		status = stream_fill(r->s->stream, r->deadline);
		if (status == STREAM_WAKE) {
			/* A message in hand may come to its end. */
			if (lmtp_session_called(r->s))
				return false;
			r->deadline = deadline_min(r->deadline,
						   r->s->deadline);
		} else if (status != STREAM_OK) {
			lmtp_session_lost(r->s, status);
			return false;
		}
	}
	if (!r->failed && spool_finish(r->s->env->spool, &r->err) < 0)
		r->failed = true;
	return true;
}

static void
answer(struct receiver *r)
{
	struct lmtp_session *s = r->s;
	const struct lmtp_rcpt *rcpt;

	if (r->failed) {
		if (r->err.kind != ERR_TOOBIG)
			log_error(&s->log, "%s", r->err.text);
		lmtp_reply_receive(s, &r->err);
		return;
	}
	lmtp_local_deliver(s);
	STAILQ_FOREACH(rcpt, &s->trans->rcpts, link)
		lmtp_reply_result(s, rcpt);
}

void
lmtp_cmd_data(struct lmtp_session *s, char *args)
{
	struct receiver r = { .s = s, .dots = DOTS_INIT };

	if (s->trans->rcpt_count == 0) {
		lmtp_reply(s, 503, "5.5.0", "No valid recipients");
		return;
	}
	lmtp_session_state(s, LMTP_DATA, NULL);
	lmtp_reply(s, 354, NULL, "OK");
	spool_reset(s->env->spool);
	if (receive(&r))
		answer(&r);
	spool_reset(s->env->spool);
	lmtp_trans_end(s);
}
