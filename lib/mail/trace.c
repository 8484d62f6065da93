/*
 * The Received field; see trace.h.
 */
#include "mail/trace.h"

#include "core/str.h"
#include "mail/date.h"

void
header_received(struct str *out, const struct trace *t)
{
	char date[MAIL_DATE_MAX];

	str_printf(out, "Received: from %s", t->client);
	if (t->client_ip != NULL)
		str_printf(out, " ([%s])", t->client_ip);
	if (t->tls != NULL)
		str_printf(out, "\n\t(using %s)", t->tls);
	str_printf(out, "\n\tby %s with %s\n\tid %s\n\t(envelope-from <%s>)",
		   t->hostname, t->protocol, t->session_id, t->sender);
	if (t->recipient != NULL)
		str_printf(out, "\n\tfor <%s>", t->recipient);
	str_printf(out, "; %s\n", mail_date(t->when, date));
}
