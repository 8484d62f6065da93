/*
 * AUTH (RFC 4954). Passwords are auth's business, and come under TLS only;
 * EXTERNAL takes the name from the client's certificate, which has been
 * checked. A login gives no rights here: it stands in the log and in Received.
 */
#include "lmtp/commands.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "conf/settings.h"
#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "io/tls.h"
#include "lmtp/env.h"
#include "lmtp/lmtp-settings.h"
#include "lmtp/reply.h"
#include "lmtp/session.h"
#include "service/ssl-settings.h"
#include "user/sasl.h"

enum { RESPONSE_MAX = 4096, NAME_MAX_LEN = 256 };

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	"abcdefghijklmnopqrstuvwxyz0123456789+/";

static bool
usable(const struct lmtp_session *s, const char *mech)
{
	if (strcmp(mech, "PLAIN") == 0 || strcmp(mech, "LOGIN") == 0)
		return s->tls != NULL;
	return strcmp(mech, "EXTERNAL") == 0 && s->tls != NULL &&
		tls_peer_cert(s->tls) == TLS_PEER_VALID;
}

/* The next word of lmtp_auth_mechanisms, in upper case. */
static bool
next_mech(const char **list, char mech[32])
{
	size_t len, i;

	*list += strspn(*list, " ,\t");
	len = strcspn(*list, " ,\t");
	for (i = 0; i < len && i < 31; i++)
		mech[i] = (char)toupper((unsigned char)(*list)[i]);
	mech[i] = '\0';
	*list += len;
	return len > 0;
}

void
lmtp_auth_offered(const struct lmtp_session *s, struct str *out)
{
	const char *list = s->env->set->lmtp_auth_mechanisms;
	char mech[32];

	while (next_mech(&list, mech)) {
		if (usable(s, mech))
			str_printf(out, " %s", mech);
	}
}

static bool
is_configured(const struct lmtp_session *s, const char *name)
{
	const char *list = s->env->set->lmtp_auth_mechanisms;
	char mech[32];

	if (strcmp(name, "PLAIN") != 0 && strcmp(name, "LOGIN") != 0 &&
	    strcmp(name, "EXTERNAL") != 0)
		return false;
	while (next_mech(&list, mech)) {
		if (strcmp(mech, name) == 0)
			return true;
	}
	return false;
}

/* --- base64 ------------------------------------------------------------- */

static bool
base64_ok(const char *text)
{
	size_t len = strspn(text, base64_digits);
	size_t pad = strspn(text + len, "=");

	return text[len + pad] == '\0' && pad <= 2 && (len + pad) % 4 == 0;
}

/* Of text that base64_ok() likes; false when it doesn't fit or has a NUL. */
static bool
base64_decode(const char *text, char *buf, size_t size)
{
	unsigned bits = 0, held = 0;
	size_t n = 0;

	for (; *text != '\0' && *text != '='; text++) {
		bits = bits << 6 | (unsigned)(strchr(base64_digits, *text) -
					      base64_digits);
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		if (n + 1 >= size || (bits >> held & 255) == 0)
			return false;
		buf[n++] = (char)(bits >> held & 255);
	}
	buf[n] = '\0';
	return true;
}

/* --- the dialogue ------------------------------------------------------- */

/* A challenge, and what the client says to it; NULL after a reply that says
   what was wrong, or when the session is over. Valid until the next read. */
static char *
ask(struct lmtp_session *s, const char *challenge)
{
	deadline_t deadline = deadline_in(
		(int64_t)s->env->set->lmtp_command_timeout * 1000);
	enum stream_status status;
	char *line;
	size_t len;

	lmtp_reply(s, 334, NULL, "%s", challenge);
	do {
		status = stream_read_line(s->stream, RESPONSE_MAX,
			deadline_min(deadline, s->deadline), &line, &len);
	} while (status == STREAM_WAKE && !lmtp_session_called(s));
	if (s->closing != NULL)
		return NULL;
	if (status == STREAM_TOOLONG) {
		lmtp_session_close(s, "4.7.0", "Too long a response.");
		return NULL;
	}
	if (status != STREAM_OK) {
		lmtp_session_lost(s, status);
		return NULL;
	}
	if (strcmp(line, "*") == 0) {
		lmtp_reply(s, 501, "5.7.0", "Authentication cancelled");
		return NULL;
	}
	if (strlen(line) == len && base64_ok(line))
		return line;
	lmtp_reply(s, 501, "5.5.2", "Invalid base64 data in response");
	return NULL;
}

static void
logged_in(struct lmtp_session *s, const char *mech, const char *user)
{
	s->auth_user = pool_strdup(s->pool, user);
	log_info(&s->log, "Login: user=<%s>, method=%s, rip=%s%s", user, mech,
		 s->peer, s->tls != NULL ? ", TLS" : "");
	lmtp_reply(s, 235, "2.7.0", "Logged in.");
}

static void
refused(struct lmtp_session *s, const char *mech)
{
	log_info(&s->log, "Login failed: method=%s, rip=%s", mech, s->peer);
	lmtp_reply(s, 535, "5.7.8", "Authentication failed.");
	if (++s->auth_failures >= LMTP_AUTH_FAILURES_MAX)
		lmtp_session_close(s, "4.7.0",
				   "Too many authentication failures.");
}

/* --- PLAIN and LOGIN ---------------------------------------------------- */

static const char *const *
params_of(const struct lmtp_session *s, struct pool *pool)
{
	const char **params = pool_new_array(pool, const char *, 6);
	unsigned n = 0;

	params[n++] = "service=lmtp";
	if (s->tls != NULL)
		params[n++] = "secured";
	params[n++] = pool_printf(pool, "session=%s", s->id);
	if (s->local_ip != NULL)
		params[n++] = pool_printf(pool, "lip=%s", s->local_ip);
	if (s->client_ip != NULL)
		params[n++] = pool_printf(pool, "rip=%s", s->client_ip);
	return (const char *const *)params;
}

static void
answer(struct lmtp_session *s, const char *mech, enum sasl_result result,
       const char *text, const struct err *err)
{
	switch (result) {
	case SASL_OK:
		logged_in(s, mech, text);
		return;
	case SASL_REFUSED:
		refused(s, mech);
		return;
	default:
		lmtp_reply_later(s, NULL, 454, "4.7.0",
				 "Temporary authentication failure",
				 result == SASL_TROUBLE ? err->text :
				 "auth can't tell at present");
		return;
	}
}

static void
ask_auth(struct lmtp_session *s, const char *mech, const char *response)
{
	struct pool *pool = pool_new();
	const char *text = NULL, *line;
	struct err err;
	struct sasl_client *client = sasl_client_new(s->env->auth_client,
		lmtp_env_connect, &err);
	enum sasl_result result = SASL_TROUBLE;

	if (client != NULL)
		result = sasl_client_start(client, mech, params_of(s, pool),
					   response, pool, &text, &err);
	while (result == SASL_CONTINUE) {
		line = ask(s, text);
		if (line == NULL)
			break;
		result = sasl_client_go_on(client, line, pool, &text, &err);
	}
	if (result != SASL_CONTINUE)
		answer(s, mech, result, text, &err);
	sasl_client_free(&client);
	pool_free(&pool);
}

/* --- EXTERNAL ----------------------------------------------------------- */

/* The name in the certificate; who says one himself must say the same. */
static void
external(struct lmtp_session *s, const char *response)
{
	char name[NAME_MAX_LEN], said[NAME_MAX_LEN];
	struct err err;
	struct pool *pool = pool_new();
	const struct ssl_settings *set = settings_get(s->env->conf,
		&s->env->scope, "", &ssl_settings_info, NULL, pool, &err);

	if (response == NULL)
		response = ask(s, "");
	else if (strcmp(response, "=") == 0)
		response = "";
	if (response != NULL) {
		if (set != NULL &&
		    tls_peer_name(s->tls, set->ssl_cert_username_field, name,
				  sizeof(name)) &&
		    base64_decode(response, said, sizeof(said)) &&
		    (*said == '\0' || strcmp(said, name) == 0))
			logged_in(s, "EXTERNAL", name);
		else
			refused(s, "EXTERNAL");
	}
	pool_free(&pool);
}

/* --- the command -------------------------------------------------------- */

/* False after a reply that says why not. */
static bool
allowed(struct lmtp_session *s, const char *mech, const char *response)
{
	if (s->helo == NULL)
		lmtp_reply(s, 503, "5.5.1", "LHLO needed first");
	else if (s->auth_user != NULL)
		lmtp_reply(s, 503, "5.5.1", "Already authenticated");
	else if (s->trans != NULL)
		lmtp_reply(s, 503, "5.5.0", "AUTH not permitted during a "
			   "mail transaction");
	else if (*mech == '\0')
		lmtp_reply(s, 501, "5.5.4", "Missing mechanism");
	else if (!is_configured(s, mech) ||
		 (!usable(s, mech) && s->tls != NULL))
		lmtp_reply(s, 504, "5.5.4", "Unsupported authentication "
			   "mechanism");
	else if (!usable(s, mech))
		lmtp_reply(s, 538, "5.7.11", "Encryption required for this "
			   "authentication mechanism");
	else if (response != NULL && strcmp(response, "=") != 0 &&
		 !base64_ok(response))
		lmtp_reply(s, 501, "5.5.2", "Invalid base64 data in initial "
			   "response");
	else
		return true;
	return false;
}

void
lmtp_cmd_auth(struct lmtp_session *s, char *args)
{
	char mech[32];
	const char *word = args, *response = NULL;

	if (*s->env->set->lmtp_auth_mechanisms == '\0') {
		lmtp_reply(s, 502, "5.5.1", "Unsupported command");
		return;
	}
	args = strchr(args, ' ');
	if (args != NULL) {
		*args++ = '\0';
		response = args + strspn(args, " ");
	}
	(void)next_mech(&word, mech);
	if (!allowed(s, mech, response))
		return;
	if (strcmp(mech, "EXTERNAL") == 0)
		external(s, response);
	else
		ask_auth(s, mech, response);
}
