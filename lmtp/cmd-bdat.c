/*
 * BDAT (RFC 3030 section 2): the message in chunks, octets as they are. What
 * belongs to a chunk is read in any case: octets of a refused one are never
 * run as commands.
 */
#include "lmtp/commands.h"

#include <string.h>
#include <strings.h>

#include "core/num.h"
#include "io/stream.h"
#include "lmtp/local.h"
#include "lmtp/receive.h"
#include "lmtp/reply.h"
#include "lmtp/session.h"

struct chunk {
	uint64_t size;
	bool last;
};

/* Read all of the chunk, into the spool or (keep is false) over it. False:
   the session is over. */
static bool
read_chunk(struct lmtp_session *s, struct lmtp_receive *r,
	   const struct chunk *chunk, bool keep)
{
	uint64_t left = chunk->size;

	lmtp_receive_renew(s, r);
	while (left > 0) {
		const char *data;
		size_t len;

		data = stream_data(s->stream, &len);
		if (len > left)
			len = (size_t)left;
		if (keep)
			lmtp_receive_keep(s, r, data, len);
		stream_skip(s->stream, len);
		left -= len;
		if (left > 0 && !lmtp_receive_more(s, r, len))
			return false;
	}
	return true;
}

/* Why this chunk can't be taken; NULL: it can. */
static const char *
refusal(const struct lmtp_session *s)
{
	if (s->trans == NULL)
		return "MAIL needed first";
	if (s->trans->rcpt_count == 0)
		return "No valid recipients";
	if (s->trans->receive.failed)
		return "Previous data chunk failed, issue RSET first";
	return NULL;
}

/* An intermediate chunk's reply; after a failure the message is lost. */
static void
reply_chunk(struct lmtp_session *s, const struct chunk *chunk)
{
	const struct lmtp_receive *r = &s->trans->receive;

	if (!r->failed)
		lmtp_reply(s, 250, "2.0.0", "Added %llu octets",
			   (unsigned long long)chunk->size);
	else if (r->err.kind == ERR_TOOBIG)
		lmtp_reply(s, 552, "5.3.4", "%s", r->err.text);
	else if (r->err.kind == ERR_PERM)
		lmtp_reply(s, 554, "5.6.0", "%s", r->err.text);
	else
		lmtp_reply_failure(s);
}

static void
take_chunk(struct lmtp_session *s, const struct chunk *chunk)
{
	struct lmtp_trans *trans = s->trans;

	if (!trans->chunking) {
		trans->chunking = true;
		lmtp_local_expect(s);
	}
	lmtp_session_state(s, LMTP_DATA, NULL);
	if (!read_chunk(s, &trans->receive, chunk, true))
		return;
	if (chunk->last)
		lmtp_receive_finish(s);
	else
		reply_chunk(s, chunk);
}

/* A transaction whose chunk could not be understood is beyond repair. */
static void
bad_chunk(struct lmtp_session *s, const char *words)
{
	if (s->trans != NULL) {
		s->trans->chunking = true;
		s->trans->receive.failed = true;
		(void)err_set(&s->trans->receive.err, ERR_PROTO, "%s", words);
	}
	lmtp_reply(s, 501, "5.5.4", "%s", words);
}

static const char *
parse(char *args, struct chunk *chunk)
{
	char *end = strchr(args, ' ');

	if (end != NULL)
		*end++ = '\0';
	chunk->last = false;
	if (!num_u64(args, &chunk->size))
		return "Invalid chunk size parameter";
	if (end == NULL)
		return NULL;
	chunk->last = strcasecmp(end, "LAST") == 0;
	return chunk->last ? NULL : "Invalid end marker parameter";
}

void
lmtp_cmd_bdat(struct lmtp_session *s, char *args)
{
	struct chunk chunk = { 0, false };
	const char *fault = parse(args, &chunk), *words = refusal(s);
	struct lmtp_receive over = { .failed = false };

	if (fault == NULL && words == NULL) {
		take_chunk(s, &chunk);
		return;
	}
	if (!read_chunk(s, &over, &chunk, false))
		return;
	if (fault != NULL)
		bad_chunk(s, fault);
	else
		lmtp_reply(s, 503, "5.5.0", "%s", words);
}
