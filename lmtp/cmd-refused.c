/*
 * Commands that are known but not to be had: here, or by this client.
 */
#include "lmtp/commands.h"

#include "lmtp/session.h"

void
lmtp_cmd_auth(struct lmtp_session *s, char *args)
{
	lmtp_reply(s, 502, "5.5.1", "Unsupported command");
}
