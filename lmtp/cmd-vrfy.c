/*
 * VRFY (RFC 5321 section 3.5): whether somebody exists is told at RCPT, for
 * one and the same price; here is no second oracle.
 */
#include "lmtp/commands.h"

#include <stddef.h>

#include "core/err.h"
#include "core/pool.h"
#include "lmtp/session.h"
#include "lmtp/words.h"
#include "smtp/path.h"

/* RFC 5321 section 3.5.1: also a mailbox, with brackets or without. */
static bool
is_mailbox(const char *args)
{
	struct pool *pool = pool_new();
	struct smtp_path path;
	struct err err;
	bool is = smtp_path_parse(&args, SMTP_PATH_BARE, pool, &path,
				  &err) == 0 && *args == '\0' && !path.utf8;

	pool_free(&pool);
	return is;
}

void
lmtp_cmd_vrfy(struct lmtp_session *s, char *args)
{
	const char *fault = lmtp_string_fault(args);

	if (fault != NULL && !is_mailbox(args))
		lmtp_reply(s, 501, "5.5.4", "Invalid string parameter: %s",
			   fault);
	else
		lmtp_reply(s, 252, "2.3.3", "Try RCPT instead");
}
