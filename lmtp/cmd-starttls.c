/*
 * STARTTLS (RFC 3207): what was said in plain counts no more afterwards, and
 * nothing plain may stand behind it.
 */
#include "lmtp/commands.h"

#include <string.h>

#include "core/ip.h"
#include "core/pool.h"
#include "io/stream.h"
#include "lmtp/env.h"
#include "lmtp/session.h"
#include "service/service.h"

/* False after a reply that says why not. */
static bool
allowed(struct lmtp_session *s)
{
	if (s->tls != NULL) {
		lmtp_reply(s, 502, "5.5.1", "TLS is already active.");
	} else if (s->env->tls == NULL) {
		lmtp_reply(s, 502, "5.5.1", "TLS support is not enabled.");
	} else if (s->trans != NULL) {
		lmtp_reply(s, 503, "5.5.0", "STARTTLS not permitted during a "
			   "mail transaction");
	} else if (stream_buffered(s->stream) > 0) {
		/* Somebody put it there who wants it to be taken for what
		   comes under TLS. */
		lmtp_reply(s, 554, "5.7.0", "Nothing may stand behind "
			   "STARTTLS");
		s->closing = "Plain text behind STARTTLS";
	} else {
		return true;
	}
	return false;
}

/* Send what is queued, "go on" above all. */
static bool
flush(struct lmtp_session *s)
{
	deadline_t deadline = deadline_in(LMTP_HANDSHAKE_MS);
	enum stream_status status;

	do {
		status = stream_flush(s->stream,
				      deadline_min(deadline, s->deadline));
	} while (status == STREAM_WAKE && !lmtp_session_called(s));
	if (status != STREAM_OK)
		lmtp_session_lost(s, status);
	return s->closing == NULL;
}

/* As if he had just come; XCLIENT may have been anybody's, too. */
static void
begin_anew(struct lmtp_session *s)
{
	char buf[IP_TEXT_MAX];

	if (ip_is_set(&s->client->remote))
		s->peer = s->client_ip = pool_strdup(s->pool,
			ip_text(&s->client->remote, buf));
	s->remote_port = s->client->remote_port;
	memset(&s->forward, 0, sizeof(s->forward));
	s->auth_user = NULL;
	s->helo = NULL;
	s->errors = 0;
	lmtp_session_state(s, LMTP_GREETING, NULL);
}

void
lmtp_cmd_starttls(struct lmtp_session *s, char *args)
{
	if (!allowed(s))
		return;
	lmtp_reply(s, 220, "2.0.0", "Begin TLS negotiation now.");
	if (flush(s) && lmtp_session_start_tls(s))
		begin_anew(s);
}
