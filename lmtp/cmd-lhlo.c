/*
 * LHLO (RFC 2033 section 4.1): a new beginning, and what we can do.
 */
#include "lmtp/commands.h"

#include <string.h>

#include "core/pool.h"
#include "lmtp/env.h"
#include "lmtp/session.h"
#include "smtp/path.h"

void
lmtp_cmd_lhlo(struct lmtp_session *s, char *args)
{
	args[strcspn(args, " \t")] = '\0';
	if (*args == '\0') {
		lmtp_reply(s, 501, NULL, "Missing hostname");
		return;
	}
	lmtp_trans_end(s);
	s->helo = smtp_domain_valid(args) ? pool_strdup(s->pool, args) :
		"unknown";
	lmtp_session_state(s, LMTP_READY, NULL);
	lmtp_reply(s, 250, NULL, "%s\n8BITMIME\nENHANCEDSTATUSCODES\n"
		   "PIPELINING", s->env->hostname);
}
