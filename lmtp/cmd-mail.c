/*
 * MAIL (RFC 5321 section 4.1.1.2): a sender, and a transaction.
 */
#include "lmtp/commands.h"

#include <string.h>
#include <strings.h>

#include "core/err.h"
#include "core/ip.h"
#include "core/num.h"
#include "core/pool.h"
#include "lmtp/env.h"
#include "lmtp/lmtp-settings.h"
#include "lmtp/session.h"
#include "lmtp/words.h"
#include "mail/binary.h"
#include "service/service.h"
#include "smtp/params.h"

/* What MAIL's parameters may be. Each says what is wrong, with false. */

static bool
set_body(struct lmtp_session *s, const char *value)
{
	if (value == NULL) {
		lmtp_reply(s, 501, "5.5.4", "Missing BODY= parameter value");
		return false;
	}
	if (strcasecmp(value, "BINARYMIME") == 0) {
		s->trans->binary = binary_new();
		return true;
	}
	if (strcasecmp(value, "8BITMIME") != 0 &&
	    strcasecmp(value, "7BIT") != 0) {
		lmtp_reply(s, 555, "5.5.4", "Unsupported mail BODY type");
		return false;
	}
	return true;	/* stored as it comes, either way */
}

/* Whom the client holds for the author (RFC 4954 section 5); nobody here
   asks. */
static bool
set_auth(struct lmtp_session *s, const char *value)
{
	if (value == NULL ||
	    (strcmp(value, "<>") != 0 &&
	     smtp_xtext_decode(value, s->trans->pool) == NULL)) {
		lmtp_reply(s, 501, "5.5.4", "Invalid AUTH= parameter");
		return false;
	}
	return true;
}

static bool
set_size(struct lmtp_session *s, const char *value)
{
	uint64_t max = s->env->max_size, size;

	if (value == NULL || !num_u64(value, &size)) {
		lmtp_reply(s, 501, "5.5.4", "Invalid SIZE= parameter");
		return false;
	}
	if (max > 0 && size > max) {
		lmtp_reply(s, 552, "5.3.4",
			   "Message size exceeds administrative limit");
		return false;
	}
	s->trans->size = size;
	return true;
}

static bool
set_utf8(struct lmtp_session *s, const char *value)
{
	if (value != NULL) {
		lmtp_reply(s, 501, "5.5.4", "SMTPUTF8 takes no value");
		return false;
	}
	s->trans->utf8 = true;
	return true;
}

static bool
set_ret(struct lmtp_session *s, const char *value)
{
	/* What it asks for concerns reports of failures: not ours. */
	if (value == NULL || (strcasecmp(value, "FULL") != 0 &&
			      strcasecmp(value, "HDRS") != 0)) {
		lmtp_reply(s, 501, "5.5.4", "Invalid RET= parameter");
		return false;
	}
	return true;
}

static bool
set_envid(struct lmtp_session *s, const char *value)
{
	s->trans->envid = value == NULL ? NULL :
		smtp_envid_parse(value, s->trans->pool);
	if (s->trans->envid == NULL) {
		lmtp_reply(s, 501, "5.5.4", "Invalid ENVID= parameter");
		return false;
	}
	return true;
}

static bool
set_params(struct lmtp_session *s, const struct smtp_param *p)
{
	static const struct {
		const char *name;
		bool (*set)(struct lmtp_session *s, const char *value);
		bool dsn;	/* only where DSN is offered */
	} known[] = {
		{ "AUTH", set_auth, false },
		{ "BODY", set_body, false },
		{ "ENVID", set_envid, true },
		{ "RET", set_ret, true },
		{ "SIZE", set_size, false },
		{ "SMTPUTF8", set_utf8, false },
	};
	const size_t count = sizeof(known) / sizeof(*known);

	for (; p->name != NULL; p++) {
		size_t i = 0;

		while (i < count && strcmp(p->name, known[i].name) != 0)
			i++;
		if (i == count || (known[i].dsn && !s->env->dsn) ||
		    (known[i].set == set_auth &&
		     *s->env->set->lmtp_auth_mechanisms == '\0')) {
			lmtp_reply(s, 555, "5.5.4", "Unsupported parameters");
			return false;
		}
		if (!known[i].set(s, p->value))
			return false;
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
	if (trans->sender.utf8 && !trans->utf8) {
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
	if (set->lmtp_require_tls && s->tls == NULL &&
	    ip_is_set(&s->client->remote)) {
		lmtp_reply(s, 530, "5.7.0", "TLS required.");
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
