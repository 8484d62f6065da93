/*
 * LHLO (RFC 2033 section 4.1): a new beginning, and what we can do.
 */
#include "lmtp/commands.h"

#include <string.h>

#include "core/str.h"
#include "lmtp/env.h"
#include "lmtp/lmtp-settings.h"
#include "lmtp/session.h"
#include "smtp/path.h"

/* What can be had, in alphabetical order, then what is for trusted peers. */
static void
list_extensions(const struct lmtp_session *s, struct str *out)
{
	const struct lmtp_settings *set = s->env->set;

	struct str mechs = STR_INIT;

	lmtp_auth_offered(s, &mechs);
	str_append(out, "\n8BITMIME");
	if (mechs.len > 0)
		str_printf(out, "\nAUTH%s", str_c(&mechs));
	str_free(&mechs);
	str_append(out, "\nBINARYMIME\nCHUNKING");
	if (s->env->dsn)
		str_append(out, "\nDSN");
	str_append(out, "\nENHANCEDSTATUSCODES");
	str_append(out, "\nIGNOREQUOTA");
	if (set->lmtp_max_recipients > 0 || set->lmtp_max_transactions > 0)
		str_append(out, "\nLIMITS");
	if (set->lmtp_max_transactions > 0)
		str_printf(out, " MAILMAX=%u", set->lmtp_max_transactions);
	if (set->lmtp_max_recipients > 0)
		str_printf(out, " RCPTMAX=%u", set->lmtp_max_recipients);
	str_append(out, "\nPIPELINING\nSIZE");
	if (s->env->max_size > 0)
		str_printf(out, " %llu",
			   (unsigned long long)s->env->max_size);
	str_append(out, "\nSMTPUTF8");
	if (s->env->tls != NULL && s->tls == NULL)
		str_append(out, "\nSTARTTLS");
	if (lmtp_peer_trusted(s))
		str_append(out, "\nXCLIENT ADDR PORT PROTO HELO LOGIN SESSION "
			   "TTL TIMEOUT");
	if (lmtp_peer_may_forward(s))
		str_append(out, "\nXFORWARD NAME ADDR PORT PROTO HELO IDENT "
			   "SOURCE");
	if (lmtp_peer_trusted(s))
		str_append(out, "\nXRCPTFORWARD");
}

void
lmtp_cmd_lhlo(struct lmtp_session *s, char *args)
{
	struct str text = STR_INIT;

	args += strspn(args, "\t");
	args[strcspn(args, " \t")] = '\0';
	if (*args == '\0') {
		lmtp_reply(s, 501, NULL, "Missing hostname");
		return;
	}
	lmtp_trans_end(s);
	/* Not in the session's pool: it may be said again and again. */
	s->helo = smtp_domain_valid(args) &&
		str_copy(s->helo_name, sizeof(s->helo_name), args) ?
		s->helo_name : "unknown";
	lmtp_session_state(s, LMTP_READY, NULL);
	str_append(&text, s->env->hostname);
	list_extensions(s, &text);
	lmtp_reply(s, 250, NULL, "%s", str_c(&text));
	str_free(&text);
}
