/*
 * XCLIENT, as Dovecot's proxies and Postfix send it: a trusted peer tells for
 * whom he speaks. The session begins anew then. Attributes that nobody here
 * needs are checked and forgotten, unknown ones passed over.
 */
#include "lmtp/commands.h"

#include <string.h>
#include <strings.h>

#include "core/ip.h"
#include "core/num.h"
#include "core/pool.h"
#include "lmtp/env.h"
#include "lmtp/lmtp-settings.h"
#include "lmtp/session.h"
#include "lmtp/words.h"
#include "service/service.h"
#include "smtp/params.h"
#include "smtp/utf8.h"

bool
lmtp_peer_trusted(const struct lmtp_session *s)
{
	return ip_is_set(&s->client->remote) &&
		ip_in_list(&s->client->remote,
			   s->env->set->login_trusted_networks);
}

/* What was told; taken over when all of it is right. */
struct attributes {
	struct pool *pool;
	const char *ip, *session;
	in_port_t port;
};

static bool
set_addr(struct attributes *a, const char *value)
{
	char buf[IP_TEXT_MAX];
	struct ip ip;

	bool v6 = strncasecmp(value, "IPV6:", 5) == 0;

	if (!ip_parse(v6 ? value + 5 : value, &ip) ||
	    (v6 && strchr(value + 5, ':') == NULL))
		return false;
	a->ip = pool_strdup(a->pool, ip_text(&ip, buf));
	return true;
}

static bool
set_port(struct attributes *a, const char *value)
{
	uint32_t port;

	if (!num_u32(value, &port) || port > 65535)
		return false;
	a->port = (in_port_t)port;
	return true;
}

static bool
check_proto(struct attributes *a, const char *value)
{
	return strcasecmp(value, "SMTP") == 0 ||
		strcasecmp(value, "ESMTP") == 0 ||
		strcasecmp(value, "LMTP") == 0;
}

static bool
check_number(struct attributes *a, const char *value)
{
	uint32_t n;

	return num_u32(value, &n);
}

/* Any text will do: nobody here asks. */
static bool
pass_over(struct attributes *a, const char *value)
{
	return true;
}

/* What can't stand in logs and Received as it is isn't taken over. */
static bool
set_session(struct attributes *a, const char *value)
{
	if (lmtp_session_id_valid(value))
		a->session = value;
	return true;
}

static const struct {
	const char *name;
	bool (*set)(struct attributes *a, const char *value);
} known[] = {
	{ "ADDR", set_addr },
	{ "HELO", pass_over },
	{ "LOGIN", pass_over },
	{ "PORT", set_port },
	{ "PROTO", check_proto },
	{ "SESSION", set_session },
	{ "TIMEOUT", check_number },
	{ "TTL", check_number },
};

/* False after a reply that says what is wrong with "NAME=xtext". */
static bool
set_attribute(struct lmtp_session *s, struct attributes *a, char *word)
{
	struct smtp_param param;
	const char *fault = smtp_param_parse(word, &param), *text = "";

	if (fault == NULL && param.value != NULL && smtp_has_8bit(param.value))
		fault = "Unexpected character in parameter value";
	if (fault != NULL) {
		lmtp_reply(s, 501, "5.5.4", "Invalid parameter: %s", fault);
		return false;
	}
	if (param.value != NULL)
		text = smtp_xtext_decode(param.value, a->pool);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strcmp(param.name, known[i].name) != 0)
			continue;
		if (text == NULL) {
			lmtp_reply(s, 501, "5.5.4", "Invalid %s parameter: "
				   "Invalid hexchar after '+' in xtext",
				   known[i].name);
			return false;
		}
		if (strcasecmp(text, "[UNAVAILABLE]") == 0 ||
		    known[i].set(a, text))
			return true;
		lmtp_reply(s, 501, "5.5.4", "Invalid %s parameter",
			   known[i].name);
		return false;
	}
	return true;
}

static void
take_over(struct lmtp_session *s, const struct attributes *a)
{
	if (a->ip != NULL)
		s->peer = s->client_ip = a->ip;
	if (a->port != 0)
		s->remote_port = a->port;
	if (a->session != NULL)
		s->id = a->session;
	s->auth_user = NULL;
	s->helo = NULL;
	lmtp_session_state(s, LMTP_GREETING, NULL);
	lmtp_session_greet(s);
}

void
lmtp_cmd_xclient(struct lmtp_session *s, char *args)
{
	struct attributes a = { .pool = s->pool };
	char *word;

	if (s->trans != NULL) {
		lmtp_reply(s, 503, "5.5.0", "XCLIENT not permitted during a "
			   "mail transaction");
		return;
	}
	if (!lmtp_peer_trusted(s)) {
		lmtp_reply(s, 550, "5.7.14", "You are not from trusted IP");
		return;
	}
	/* What it says lives as long as the session, so there is an end. */
	if (++s->xclient_count > LMTP_XCLIENT_MAX) {
		lmtp_session_close(s, "4.7.0", "Too many XCLIENT commands.");
		return;
	}
	if (*args == '\0')
		args = NULL;
	while ((word = strsep(&args, " ")) != NULL) {
		if (!set_attribute(s, &a, word))
			return;
	}
	take_over(s, &a);
}
