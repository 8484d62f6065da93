/* HELP (RFC 5321 section 4.1.1.8). */
#include "lmtp/commands.h"

#include "lmtp/session.h"

void
lmtp_cmd_help(struct lmtp_session *s, char *args)
{
	lmtp_reply(s, 214, "2.0.0", "LHLO MAIL RCPT DATA BDAT RSET NOOP "
		   "VRFY HELP QUIT");
}
