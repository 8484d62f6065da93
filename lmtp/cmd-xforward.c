/*
 * XFORWARD, as Postfix sends it: where the next mail is from, and what its
 * queue id is at the MTA. It stands behind every log line of the transaction,
 * so that one search finds the MTA's lines and ours; nothing else follows
 * from it. It is forgotten with the transaction.
 */
#include "lmtp/commands.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/ip.h"
#include "core/num.h"
#include "core/pool.h"
#include "core/str.h"
#include "lmtp/session.h"
#include "service/service.h"
#include "smtp/params.h"

bool
lmtp_peer_may_forward(const struct lmtp_session *s)
{
	return !ip_is_set(&s->client->remote) || lmtp_peer_trusted(s);
}

/* Text of others between words of ours: nothing that ends them. What is too
   long is cut. */
static void
put(char *dst, size_t size, const char *value)
{
	(void)str_copy(dst, size, value);
	for (char *p = dst; *p != '\0'; p++) {
		if (*p <= ' ' || *p >= 0x7f || strchr("()[],=", *p) != NULL)
			*p = '?';
	}
}

static bool
set_name(struct lmtp_forward *f, const char *value)
{
	put(f->name, sizeof(f->name), value);
	return true;
}

static bool
set_addr(struct lmtp_forward *f, const char *value)
{
	struct ip ip;

	if (*value == '\0') {
		*f->addr = '\0';
		return true;
	}
	if (strncasecmp(value, "IPV6:", 5) == 0)
		value += 5;
	if (!ip_parse(value, &ip))
		return false;
	(void)ip_text(&ip, f->addr);
	return true;
}

static bool
check_port(struct lmtp_forward *f, const char *value)
{
	uint32_t port;

	return *value == '\0' || (num_u32(value, &port) && port <= 65535);
}

static bool
check_source(struct lmtp_forward *f, const char *value)
{
	return *value == '\0' || strcasecmp(value, "LOCAL") == 0 ||
		strcasecmp(value, "REMOTE") == 0;
}

static bool
set_ident(struct lmtp_forward *f, const char *value)
{
	put(f->ident, sizeof(f->ident), value);
	return true;
}

/* Of no use here. */
static bool
pass_over(struct lmtp_forward *f, const char *value)
{
	return true;
}

static const struct {
	const char *name;
	bool (*set)(struct lmtp_forward *f, const char *value);
} known[] = {
	{ "ADDR", set_addr },
	{ "HELO", pass_over },
	{ "IDENT", set_ident },
	{ "NAME", set_name },
	{ "PORT", check_port },
	{ "PROTO", pass_over },
	{ "SOURCE", check_source },
};

enum { KNOWN_COUNT = sizeof(known) / sizeof(*known) };

static bool
is_unavailable(const char *text)
{
	return strcasecmp(text, "[UNAVAILABLE]") == 0 ||
		strcasecmp(text, "[TEMPUNAVAIL]") == 0;
}

/* What is wrong with "NAME=xtext", or NULL. */
static const char *
set_attribute(struct lmtp_forward *f, char *word, struct pool *pool)
{
	char *value = strchr(word, '=');
	const char *text;
	size_t i = 0;

	if (value == NULL)
		return "Attribute without a value";
	*value++ = '\0';
	while (i < KNOWN_COUNT && strcasecmp(word, known[i].name) != 0)
		i++;
	if (i == KNOWN_COUNT)
		return "Unknown attribute";
	text = smtp_xtext_decode(value, pool);
	if (text == NULL)
		return "Invalid hexchar after '+' in xtext";
	if (is_unavailable(text))
		text = "";
	return known[i].set(f, text) ? NULL : "Invalid value";
}

/* " (queue_id=A5079AA02E2, client=mx.example.org[192.0.2.1])". */
static void
set_words(struct lmtp_session *s)
{
	struct lmtp_forward *f = &s->forward;
	const char *name = *f->name != '\0' ? f->name : "unknown";
	bool client = *f->name != '\0' || *f->addr != '\0';

	if (!client && *f->ident == '\0') {
		s->log.suffix = NULL;
		return;
	}
	(void)snprintf(f->words, sizeof(f->words), " (%s%s%s%s%s%s%s%s)",
		       *f->ident != '\0' ? "queue_id=" : "", f->ident,
		       *f->ident != '\0' && client ? ", " : "",
		       client ? "client=" : "", client ? name : "",
		       *f->addr != '\0' ? "[" : "", f->addr,
		       *f->addr != '\0' ? "]" : "");
	s->log.suffix = f->words;
}

void
lmtp_cmd_xforward(struct lmtp_session *s, char *args)
{
	struct lmtp_forward f = s->forward;
	const char *fault = NULL;
	struct pool *pool;
	char *word;

	if (!lmtp_peer_may_forward(s)) {
		lmtp_reply(s, 550, "5.7.14", "You are not from trusted IP");
		return;
	}
	if (s->trans != NULL) {
		lmtp_reply(s, 503, "5.5.0", "XFORWARD not permitted during a "
			   "mail transaction");
		return;
	}
	pool = pool_new();
	while (fault == NULL && (word = strsep(&args, " ")) != NULL)
		fault = set_attribute(&f, word, pool);
	pool_free(&pool);
	if (fault != NULL) {
		lmtp_reply(s, 501, "5.5.4", "Invalid XFORWARD parameter: %s",
			   fault);
		return;
	}
	s->forward = f;
	set_words(s);
	lmtp_reply(s, 250, "2.0.0", "OK");
}
