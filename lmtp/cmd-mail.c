/*
 * MAIL (RFC 5321 section 4.1.1.2): a sender, and a transaction.
 */
#include "lmtp/commands.h"

#include <string.h>
#include <strings.h>

#include "core/err.h"
#include "core/pool.h"
#include "lmtp/env.h"
#include "lmtp/lmtp-settings.h"
#include "lmtp/session.h"
#include "lmtp/words.h"
#include "smtp/params.h"

static bool
set_body(struct lmtp_session *s, const char *value)
{
	struct lmtp_trans *trans = s->trans;

	if (value == NULL) {
		lmtp_reply(s, 501, "5.5.4", "Missing BODY= parameter value");
		return false;
	}
	if (strcasecmp(value, "8BITMIME") != 0 &&
	    strcasecmp(value, "7BIT") != 0) {
		lmtp_reply(s, 555, "5.5.4", "Unsupported mail BODY type");
		return false;
	}
	trans->body_8bit = strcasecmp(value, "8BITMIME") == 0;
	return true;
}

static bool
set_params(struct lmtp_session *s, const struct smtp_param *p)
{
	for (; p->name != NULL; p++) {
		if (strcmp(p->name, "BODY") == 0) {
			if (!set_body(s, p->value))
				return false;
		} else {
			lmtp_reply(s, 555, "5.5.4", "Unsupported parameters");
			return false;
		}
	}
	return true;
}

/* False after a reply that says why not. */
static bool
parse(struct lmtp_session *s, const char *args)
{
	struct lmtp_trans *trans = s->trans;
	struct smtp_param *params;
	struct err err;

	if (smtp_path_parse(&args, SMTP_PATH_EMPTY | SMTP_PATH_IGNORE_BROKEN |
			    lmtp_path_workarounds(s->env->set), trans->pool,
			    &trans->sender, &err) < 0) {
		lmtp_reply(s, 501, "5.5.4", "Invalid FROM: %s", err.text);
		return false;
	}
	if (smtp_params_parse(args, "MAIL", trans->pool, &params, &err) < 0) {
		lmtp_reply(s, 501, "5.5.4", "%s", err.text);
		return false;
	}
	if (!set_params(s, params))
		return false;
	if (trans->sender.utf8) {
		lmtp_reply(s, 550, "5.6.7", "Non-ASCII addresses need the "
			   "SMTPUTF8 parameter");
		return false;
	}
	return true;
}

void
lmtp_cmd_mail(struct lmtp_session *s, char *args)
{
	const struct lmtp_settings *set = s->env->set;

	if (strncasecmp(args, "FROM:", 5) != 0) {
		lmtp_reply(s, 501, "5.5.4", "Invalid parameters");
		return;
	}
	if (set->lmtp_max_transactions > 0 &&
	    s->trans_count >= set->lmtp_max_transactions) {
		lmtp_session_close(s, "4.7.0", "Too many transactions.");
		return;
	}
	lmtp_trans_begin(s);
	if (!parse(s, args + 5)) {
		lmtp_trans_end(s);
		return;
	}
	s->trans_count++;
	lmtp_session_state(s, LMTP_MAIL, NULL);
	lmtp_reply(s, 250, "2.1.0", "OK");
}
