/*
 * SASL for others (Postfix), in Dovecot's auth client protocol:
 *
 *	AUTH id MECH service=smtp … [resp=BASE64]
 *	CONT id BASE64			CANCEL id
 *	-> CONT id BASE64, OK id user=name …, FAIL id [user=name] …
 *
 * Passwords come through here and are never logged; failures wait for
 * auth_failure_delay (server.c keeps them).
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "auth/auth-settings.h"
#include "auth/auth.h"
#include "auth/conn.h"
#include "auth/mech.h"
#include "auth/request.h"
#include "auth/server.h"
#include "core/log.h"
#include "core/num.h"
#include "core/pool.h"
#include "user/wire.h"

/* A login under way; lives in its own pool. */
struct sasl {
	LIST_ENTRY(sasl) link;
	struct pool *pool;
	uint32_t id;
	const struct mech *mech;
	struct mech_state state;
	const char *const *params;
};

/* auth_mechanisms, as far as they are here */
static void
append_mechs(struct conn *conn)
{
	const char *list = conn->auth->set->auth_mechanisms;

	while (*list != '\0') {
		size_t len = strcspn(list, " ,\t");
		char name[32];
		const struct mech *mech;

		(void)snprintf(name, sizeof(name), "%.*s", (int)len, list);
		mech = mech_find(name);
		if (mech != NULL)
			str_printf(&conn->out, "MECH\t%s\t%s\n", mech->name,
				   mech->flags);
		list += len;
		list += strspn(list, " ,\t");
	}
}

static bool
mech_offered(const struct conn *conn, const struct mech *mech)
{
	const char *list = conn->auth->set->auth_mechanisms;
	size_t len = strlen(mech->name);

	while (*list != '\0') {
		size_t n = strcspn(list, " ,\t");

		if (n == len && strncasecmp(list, mech->name, n) == 0)
			return true;
		list += n;
		list += strspn(list, " ,\t");
	}
	return false;
}

void
client_greet(struct conn *conn)
{
	static unsigned last_cuid;
	unsigned char cookie[16];

	str_append(&conn->out, "VERSION\t1\t2\n");
	append_mechs(conn);
	str_printf(&conn->out, "SPID\t%ld\nCUID\t%u\nCOOKIE\t",
		   (long)getpid(), ++last_cuid);
	if (getrandom(cookie, sizeof(cookie), 0) != sizeof(cookie))
		memset(cookie, 0, sizeof(cookie));	/* nobody uses it */
	for (size_t i = 0; i < sizeof(cookie); i++)
		str_printf(&conn->out, "%02x", cookie[i]);
	str_append(&conn->out, "\nDONE\n");
}

static void
sasl_free(struct conn *conn, struct sasl *sasl)
{
	struct pool *pool = sasl->pool;

	LIST_REMOVE(sasl, link);
	conn->sasl_count--;
	if (sasl->state.password != NULL)
		explicit_bzero((void *)(uintptr_t)sasl->state.password,
			       strlen(sasl->state.password));
	pool_free(&pool);
}

void
client_deinit(struct conn *conn)
{
	while (!LIST_EMPTY(&conn->sasl))
		sasl_free(conn, LIST_FIRST(&conn->sasl));
}

/* The reply to a failed login, after the delay */
static void
reply_fail(struct conn *conn, uint32_t id, const char *user,
	   const char *code, const char *reason)
{
	struct str line = STR_INIT;

	str_printf(&line, "FAIL\t%u", id);
	if (user != NULL) {
		wire_append_word(&line, "user=");
		wire_append(&line, user);
	}
	if (code != NULL && strcmp(code, "temp_fail") == 0)
		str_append(&line, "\ttemp");
	if (code != NULL)
		str_printf(&line, "\tcode=%s", code);
	if (reason != NULL) {
		wire_append_word(&line, "reason=");
		wire_append(&line, reason);
	}
	if (log_process.debug)
		conn_debug("client passdb out", line.data, line.len);
	str_append_c(&line, '\n');
	server_delay(conn, str_c(&line), line.len);
	str_free(&line);
}

static void
reply_ok(struct conn *conn, uint32_t id, struct auth_request *req)
{
	size_t from = conn->out.len;

	if (fields_find(&req->passdb, "nologin") != NULL)
		fields_set(&req->passdb, "nologin", NULL);
	if (strcmp(req->asked, req->user) != 0)
		fields_set(&req->passdb, "original_user", req->asked);
	str_printf(&conn->out, "OK\t%u", id);
	wire_append_word(&conn->out, "user=");
	wire_append(&conn->out, req->user);
	auth_request_append_passdb(req, &conn->out);
	if (log_process.debug)
		conn_debug("client passdb out", conn->out.data + from,
			   conn->out.len - from);
	str_append_c(&conn->out, '\n');
}

/* The mechanism has user and password: are they right? */
static void
finish(struct conn *conn, struct sasl *sasl)
{
	struct auth_request *req = auth_request_new(conn->auth,
						    sasl->state.user,
						    sasl->params);
	enum auth_result result = AUTH_UNKNOWN;

	req->mech = sasl->mech->name;
	req->password = sasl->state.password;
	if (auth_request_fix_user(req))
		result = auth_passdb_run(req);
	if (result == AUTH_OK)
		reply_ok(conn, sasl->id, req);
	else
		reply_fail(conn, sasl->id, req->user,
			   result == AUTH_TROUBLE ? "temp_fail" : NULL,
			   fields_find(&req->passdb, "reason"));
	auth_request_free(&req);
	sasl_free(conn, sasl);
}

static void
reply_cont(struct conn *conn, const struct sasl *sasl)
{
	const char *challenge = sasl->state.challenge;
	unsigned char text[64];

	(void)EVP_EncodeBlock(text, (const unsigned char *)challenge,
			      (int)strlen(challenge));
	str_printf(&conn->out, "CONT\t%u\t%s\n", sasl->id,
		   (const char *)text);
}

static void
give_up(struct conn *conn, struct sasl *sasl, const char *code,
	const char *reason)
{
	reply_fail(conn, sasl->id, NULL, code, reason);
	sasl_free(conn, sasl);
}

/* One response; NULL: the client sent none with its AUTH. */
static void
step(struct conn *conn, struct sasl *sasl, const char *resp)
{
	size_t text_len = resp != NULL ? strlen(resp) : 0, pad = 0;
	char *data = NULL;
	int len = 0;

	if (resp != NULL) {
		data = pool_alloc(sasl->pool, text_len + 1);
		while (pad < 2 && pad < text_len &&
		       resp[text_len - 1 - pad] == '=')
			pad++;
		len = text_len % 4 != 0 ? -1 :
			EVP_DecodeBlock((unsigned char *)data,
					(const unsigned char *)resp,
					(int)text_len) - (int)pad;
		if (len < 0) {
			give_up(conn, sasl, "invalid_base64",
				"Invalid base64 data");
			return;
		}
		data[len] = '\0';
	}
	sasl->state.challenge = NULL;
	switch (sasl->mech->step(&sasl->state, data, (size_t)len)) {
	case MECH_MORE:
		reply_cont(conn, sasl);
		break;
	case MECH_DONE:
		finish(conn, sasl);
		break;
	case MECH_BROKEN:
		give_up(conn, sasl, NULL, "invalid input");
		break;
	}
}

static struct sasl *
sasl_find(struct conn *conn, uint32_t id)
{
	struct sasl *sasl;

	LIST_FOREACH(sasl, &conn->sasl, link)
		if (sasl->id == id)
			return sasl;
	return NULL;
}

/* Everything behind the mechanism, but the password in resp=. */
static const char *const *
copy_params(struct pool *pool, const char *const *words, size_t count)
{
	const char **params = pool_new_array(pool, const char *, count + 1);
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (!str_begins(words[i], "resp="))
			params[n++] = pool_strdup(pool, words[i]);
	return (const char *const *)params;
}

static int
cmd_auth(struct conn *conn, const char *const *words, size_t count,
	 uint32_t id)
{
	const struct mech *mech = count > 2 ? mech_find(words[2]) : NULL;
	struct pool *pool;
	struct sasl *sasl;

	if (count < 3)
		return conn_bug(conn, "sent a broken AUTH");
	if (wire_find(words + 3, "service") == NULL)
		return conn_bug(conn, "sent an AUTH without service");
	if (sasl_find(conn, id) != NULL)
		return conn_bug(conn, "sent AUTH %u twice", id);
	if (mech == NULL || !mech_offered(conn, mech)) {
		reply_fail(conn, id, NULL, NULL, "Unsupported mechanism");
		return 0;
	}
	if (conn->sasl_count >= CONN_SASL_MAX) {
		reply_fail(conn, id, NULL, "temp_fail", "Too many logins");
		return 0;
	}
	pool = pool_new();
	sasl = pool_new_obj(pool, struct sasl);
	sasl->pool = sasl->state.pool = pool;
	sasl->id = id;
	sasl->mech = mech;
	sasl->params = copy_params(pool, words + 3, count - 3);
	LIST_INSERT_HEAD(&conn->sasl, sasl, link);
	conn->sasl_count++;
	step(conn, sasl, wire_find(words + 3, "resp"));
	return 0;
}

static int
cmd_cont(struct conn *conn, const char *const *words, size_t count,
	 uint32_t id)
{
	struct sasl *sasl = sasl_find(conn, id);

	if (count < 3)
		return conn_bug(conn, "sent a broken CONT");
	if (sasl == NULL)
		reply_fail(conn, id, NULL, NULL, "Authentication request "
			   "timed out");
	else
		step(conn, sasl, words[2]);
	return 0;
}

static int
cmd_cancel(struct conn *conn, const char *const *words, size_t count,
	   uint32_t id)
{
	struct sasl *sasl = sasl_find(conn, id);

	(void)words;
	(void)count;
	if (sasl != NULL)
		sasl_free(conn, sasl);
	return 0;
}

static void
debug_in(const char *const *words, size_t count)
{
	bool is_auth = strcmp(words[0], "AUTH") == 0;
	struct str line = STR_INIT;

	if (!log_process.debug)
		return;
	str_append(&line, words[0]);
	for (size_t i = 1; i < count; i++) {
		bool open = i == 1 ||
			(is_auth && !str_begins(words[i], "resp="));

		wire_append_word(&line, open ? words[i] :
				 is_auth ? "resp=<hidden>" : "<hidden>");
	}
	conn_debug("client in", line.data, line.len);
	str_free(&line);
}

int
client_line(struct conn *conn, const char *const *words, size_t count)
{
	uint32_t id = 0;

	debug_in(words, count);
	if (count < 2 || !num_u32(words[1], &id))
		return conn_bug(conn, "sent a broken %.64s", words[0]);
	if (strcmp(words[0], "CPID") == 0 && !conn->ready) {
		conn->ready = true;
		return 0;
	}
	if (!conn->ready)
		return conn_bug(conn, "sent %.64s before CPID", words[0]);
	if (strcmp(words[0], "AUTH") == 0)
		return cmd_auth(conn, words, count, id);
	if (strcmp(words[0], "CONT") == 0)
		return cmd_cont(conn, words, count, id);
	if (strcmp(words[0], "CANCEL") == 0)
		return cmd_cancel(conn, words, count, id);
	return conn_bug(conn, "unknown command %.64s", words[0]);
}
