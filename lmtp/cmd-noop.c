/* NOOP (RFC 5321 section 4.1.1.9): are you there? */
#include "lmtp/commands.h"

#include "lmtp/session.h"
#include "lmtp/words.h"

void
lmtp_cmd_noop(struct lmtp_session *s, char *args)
{
	const char *fault = *args == '\0' ? NULL : lmtp_string_fault(args);

	if (fault != NULL)
		lmtp_reply(s, 501, "5.5.4", "Invalid string parameter: %s",
			   fault);
	else
		lmtp_reply(s, 250, "2.0.0", "OK");
}
