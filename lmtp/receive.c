/*
 * Receiving a message; see receive.h.
 */
#include "lmtp/receive.h"

#include <string.h>

#include "core/str.h"
#include "io/spool.h"
#include "io/stream.h"
#include "lmtp/dsn.h"
#include "lmtp/env.h"
#include "lmtp/lmtp-settings.h"
#include "lmtp/local.h"
#include "lmtp/reply.h"
#include "lmtp/session.h"
#include "lmtp/words.h"
#include "mail/binary.h"

enum { PROGRESS_OCTETS = 4096 };

void
lmtp_receive_renew(struct lmtp_session *s, struct lmtp_receive *r)
{
	unsigned secs = s->env->set->lmtp_data_timeout;

	r->progress = 0;
	r->deadline = deadline_min(deadline_in((int64_t)secs * 1000),
				   s->deadline);
}

bool
lmtp_receive_more(struct lmtp_session *s, struct lmtp_receive *r, size_t len)
{
	/* Only every few KiB, so that a client who sends an octet now and
	   then can't stay for ever. */
	r->progress += len;
	if (r->progress >= PROGRESS_OCTETS)
		lmtp_receive_renew(s, r);
	for (;;) {
		enum stream_status status = stream_fill(s->stream,
							r->deadline);

		if (status == STREAM_OK)
			return true;
		if (status != STREAM_WAKE) {
			lmtp_session_lost(s, status);
			return false;
		}
		/* A message in hand may come to its end, soon. */
		if (lmtp_session_called(s))
			return false;
		r->deadline = deadline_min(r->deadline, s->deadline);
	}
}

static void
log_failure(const struct lmtp_session *s, const struct lmtp_receive *r)
{
	char id[LMTP_ERROR_ID_MAX];

	log_error(&s->log, "%s [%s]", r->err.text,
		  lmtp_error_id(s->trans->id, id));
}

/* Count the octets of the header, up to the empty line. */
static void
count_header(struct lmtp_receive *r, const char *p, size_t len)
{
	const char *end = p + len, *lf;

	while (p < end && r->at != RECEIVE_BODY) {
		if (*p == '\n' && r->at != RECEIVE_TEXT) {
			r->at = RECEIVE_BODY;
		} else if (*p == '\r' && r->at == RECEIVE_LINE) {
			r->at = RECEIVE_CR;
			p++;
		} else {
			r->header += r->at == RECEIVE_CR;
			lf = memchr(p, '\n', (size_t)(end - p));
			r->at = lf != NULL ? RECEIVE_LINE : RECEIVE_TEXT;
			lf = lf != NULL ? lf + 1 : end;
			r->header += (uint64_t)(lf - p);
			p = lf;
		}
	}
}

static bool
header_too_large(const struct lmtp_session *s, struct lmtp_receive *r,
		 const void *data, size_t len)
{
	uint64_t max = s->env->set->lmtp_max_header_size;

	if (max == 0 || r->at == RECEIVE_BODY)
		return false;
	count_header(r, data, len);
	return r->header > max;
}

static void
too_large(struct lmtp_session *s, struct lmtp_receive *r, const char *what,
	  const char *setting)
{
	r->failed = true;
	(void)err_set(&r->err, ERR_TOOBIG, "%s size exceeds administrative "
		      "limit", what);
	log_info(&s->log, "%s (%s)", r->err.text, setting);
}

/* Into the spool; binary parts are made text on the way. */
static int
take(struct lmtp_session *s, struct lmtp_receive *r, const void *data,
     size_t len)
{
	struct str text = STR_INIT;
	int result;

	if (s->trans->binary == NULL)
		return spool_write(s->env->spool, data, len, &r->err);
	result = binary_feed(s->trans->binary, data, len, &text, &r->err);
	if (result == 0)
		result = spool_write(s->env->spool, str_c(&text), text.len,
				     &r->err);
	str_free(&text);
	return result;
}

static int
take_end(struct lmtp_session *s, struct lmtp_receive *r)
{
	struct str text = STR_INIT;
	int result = 0;

	if (s->trans->binary != NULL)
		result = binary_end(s->trans->binary, &text, &r->err);
	if (result == 0 && text.len > 0)
		result = spool_write(s->env->spool, str_c(&text), text.len,
				     &r->err);
	str_free(&text);
	return result < 0 ? -1 : spool_finish(s->env->spool, &r->err);
}

void
lmtp_receive_keep(struct lmtp_session *s, struct lmtp_receive *r,
		  const void *data, size_t len)
{
	uint64_t max = s->env->set->lmtp_max_message_size;
	struct spool *spool = s->env->spool;

	if (r->failed)
		return;
	if (take(s, r, data, len) < 0) {
		r->failed = true;
		log_failure(s, r);
	} else if (max > 0 && spool_size(spool) + spool_lines(spool) > max) {
		too_large(s, r, "Message", "lmtp_max_message_size");
	} else if (header_too_large(s, r, data, len)) {
		too_large(s, r, "Message header", "lmtp_max_header_size");
	}
	/* Don't hold what nobody will get. */
	if (r->failed)
		spool_reset(spool);
}

void
lmtp_receive_finish(struct lmtp_session *s)
{
	struct lmtp_receive *r = &s->trans->receive;
	const struct lmtp_rcpt *rcpt;

	if (!r->failed && take_end(s, r) < 0) {
		r->failed = true;
		log_failure(s, r);
	}
	if (r->failed) {
		lmtp_reply_receive(s, &r->err);
	} else {
		lmtp_local_deliver(s);
		lmtp_dsn_send(s);
		STAILQ_FOREACH(rcpt, &s->trans->rcpts, link)
			lmtp_reply_result(s, rcpt);
	}
	lmtp_trans_end(s);
}
