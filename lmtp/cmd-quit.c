/* QUIT (RFC 5321 section 4.1.1.10): the orderly end. */
#include "lmtp/commands.h"

#include "lmtp/session.h"

void
lmtp_cmd_quit(struct lmtp_session *s, char *args)
{
	lmtp_reply(s, 221, "2.0.0", "Bye");
	if (s->closing == NULL) {
		s->running = NULL;	/* it is finished */
		s->closing = "Logged out";
	}
}
