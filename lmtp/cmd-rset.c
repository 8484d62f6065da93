/* RSET (RFC 5321 section 4.1.1.5): forget the transaction. */
#include "lmtp/commands.h"

#include "lmtp/session.h"

void
lmtp_cmd_rset(struct lmtp_session *s, char *args)
{
	lmtp_trans_end(s);
	lmtp_reply(s, 250, "2.0.0", "OK");
}
