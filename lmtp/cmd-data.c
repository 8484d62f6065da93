/*
 * DATA (RFC 5321 section 4.1.1.4, RFC 2033 section 4.2): the message, and a
 * reply for each recipient. Once 354 is said the client gets exactly as many
 * replies as recipients were accepted, or the connection ends.
 */
#include "lmtp/commands.h"

#include "io/stream.h"
#include "lmtp/local.h"
#include "lmtp/receive.h"
#include "lmtp/session.h"
#include "smtp/dots.h"

/* Take what is buffered; how many octets of input. */
static size_t
take_input(struct lmtp_session *s, struct dots *dots)
{
	const char *piece, *data;
	size_t len, piece_len, given;

	data = stream_data(s->stream, &len);
	given = len;
	while (dots_next(dots, &data, &len, &piece, &piece_len))
		lmtp_receive_keep(s, &s->trans->receive, piece, piece_len);
	stream_skip(s->stream, given - len);
	return given - len;
}

void
lmtp_cmd_data(struct lmtp_session *s, char *args)
{
	struct dots dots = DOTS_INIT;
	size_t used;

	if (s->trans->receive.failed) {
		lmtp_reply(s, 503, "5.5.0", "Previous data chunk failed, "
			   "issue RSET first");
		return;
	}
	/* RFC 3030 section 3: binary mail can't be told by its lines. */
	if (s->trans->chunking || s->trans->binary != NULL) {
		lmtp_reply(s, 503, "5.5.0", "Bad sequence of commands");
		return;
	}
	if (s->trans->rcpt_count == 0) {
		lmtp_reply(s, 503, "5.5.0", "No valid recipients");
		return;
	}
	lmtp_session_state(s, LMTP_DATA, NULL);
	lmtp_reply(s, 354, NULL, "OK");
	lmtp_receive_renew(s, &s->trans->receive);
	lmtp_local_expect(s);
	for (;;) {
		used = take_input(s, &dots);
		if (dots.state == DOTS_END)
			break;
		if (!lmtp_receive_more(s, &s->trans->receive, used))
			return;
	}
	lmtp_receive_finish(s);
}
