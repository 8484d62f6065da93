/*
 * VRFY (RFC 5321 section 3.5): whether somebody exists is told at RCPT, for
 * one and the same price; here is no second oracle.
 */
#include "lmtp/commands.h"

#include "lmtp/session.h"
#include "smtp/utf8.h"

void
lmtp_cmd_vrfy(struct lmtp_session *s, char *args)
{
	if (smtp_has_8bit(args))
		lmtp_reply(s, 501, "5.5.4", "Invalid string parameter: "
			   "Invalid character in string");
	else
		lmtp_reply(s, 252, "2.3.3", "Try RCPT instead");
}
