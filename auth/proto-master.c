/*
 * The questions on auth-userdb and auth-master, one line each:
 *
 *	USER id name service=lmtp …	-> USER id name uid=… …
 *	PASS id name service=lmtp …	-> PASS id user=name …
 *	LIST id user=mask service=… …	-> LIST id name …, then DONE id
 *	CACHE-FLUSH id [name …]		-> OK id count (auth-master only)
 *
 * Nobody of that name is NOTFOUND, our own trouble is FAIL. Who may not ask
 * for anyone gets an answer about himself alone (doc/auth-protocol.md).
 */
#include <string.h>

#include "auth/auth.h"
#include "auth/cache.h"
#include "auth/conn.h"
#include "auth/request.h"
#include "core/err.h"
#include "core/log.h"
#include "core/num.h"
#include "core/pool.h"
#include "user/user.h"
#include "user/wire.h"

/* The answer begins at `from` in the output. */
static void
debug_out(struct conn *conn, const char *what, size_t from)
{
	if (log_process.debug && conn->out.len > from)
		conn_debug(what, conn->out.data + from,
			   conn->out.len - from - 1);
}

static void
answer(struct conn *conn, const char *what, const char *id,
       const struct auth_request *req, enum auth_result result,
       const char *found)
{
	size_t from = conn->out.len;

	switch (result) {
	case AUTH_OK:
		str_printf(&conn->out, "%s\t%s", found, id);
		break;
	case AUTH_UNKNOWN:
	case AUTH_MISMATCH:
		str_printf(&conn->out, "NOTFOUND\t%s", id);
		break;
	case AUTH_REFUSED:
	case AUTH_TROUBLE:
		str_printf(&conn->out, "FAIL\t%s", id);
		if (req->reason != NULL) {
			wire_append_word(&conn->out, "reason=");
			wire_append(&conn->out, req->reason);
		}
		break;
	}
	if (result == AUTH_OK && strcmp(found, "USER") == 0) {
		wire_append_word(&conn->out, req->user);
		if (req->userdb.count == 0)
			str_append_c(&conn->out, '\t');
		fields_append(&req->userdb, &conn->out);
	} else if (result == AUTH_OK) {
		wire_append_word(&conn->out, "user=");
		wire_append(&conn->out, req->user);
		auth_request_append_passdb(req, &conn->out);
	}
	str_append_c(&conn->out, '\n');
	debug_out(conn, what, from);
}

/* At 0666 others than the socket's owner may see only themselves. */
static enum auth_result
restrict_to_peer(const struct conn *conn, const struct auth_request *req,
		 enum auth_result result)
{
	const char *text = fields_find(&req->userdb, "uid");
	struct err err;
	uid_t uid;

	if (conn->any_user || result != AUTH_OK)
		return result;
	if (text != NULL && user_id_parse(text, &uid, &err) == 0 &&
	    uid == conn->peer_uid)
		return AUTH_OK;
	auth_request_error(req, "userdb", "uid %ld may not ask for the user "
			   "with uid %s (see the mode of the socket)",
			   (long)conn->peer_uid, text != NULL ? text : "?");
	return AUTH_TROUBLE;
}

/* id, name and the rest; NULL when the line is broken */
static struct auth_request *
new_request(struct conn *conn, const char *const *words, size_t count)
{
	uint32_t id;

	if (count < 3 || !num_u32(words[1], &id)) {
		(void)conn_bug(conn, "sent a broken %s", words[0]);
		return NULL;
	}
	if (wire_find(words + 3, "service") == NULL) {
		(void)conn_bug(conn, "sent a %s without service", words[0]);
		return NULL;
	}
	return auth_request_new(conn->auth, words[2], words + 3);
}

static int
cmd_user(struct conn *conn, const char *const *words, size_t count)
{
	struct auth_request *req = new_request(conn, words, count);
	enum auth_result result = AUTH_UNKNOWN;

	if (req == NULL)
		return -1;
	if (auth_request_fix_user(req))
		result = restrict_to_peer(conn, req, auth_userdb_run(req));
	answer(conn, "userdb out", words[1], req, result, "USER");
	auth_request_free(&req);
	return 0;
}

static int
cmd_pass(struct conn *conn, const char *const *words, size_t count)
{
	struct auth_request *req = new_request(conn, words, count);
	enum auth_result result = AUTH_UNKNOWN;

	if (req == NULL)
		return -1;
	if (!conn->any_user) {
		auth_request_error(req, "passdb", "uid %ld may not do passdb "
				   "lookups (see the mode of the socket)",
				   (long)conn->peer_uid);
		result = AUTH_TROUBLE;
	} else if (auth_request_fix_user(req)) {
		result = auth_passdb_run(req);
	}
	answer(conn, "passdb out", words[1], req, result, "PASS");
	auth_request_free(&req);
	return 0;
}

struct listing {
	struct conn *conn;
	const char *id, *mask;
};

static void
list_name(const char *name, void *arg)
{
	const struct listing *listing = arg;

	if (!wire_match(listing->mask, name))
		return;
	str_printf(&listing->conn->out, "LIST\t%s", listing->id);
	wire_append_word(&listing->conn->out, name);
	str_append_c(&listing->conn->out, '\n');
}

/* Every userdb that can list; with none of these it fails. */
static bool
list_all(struct conn *conn, struct listing *listing)
{
	unsigned able = 0, failed = 0;
	struct err err;

	for (size_t i = 0; i < conn->auth->userdb_count; i++) {
		const struct userdb *userdb = &conn->auth->userdbs[i];

		if (userdb->driver->list == NULL)
			continue;
		able++;
		if (userdb->driver->list(userdb->db, list_name, listing,
					 &err) < 0) {
			log_error(&log_process, "%s: %s", userdb->driver->name,
				  err.text);
			failed++;
		}
	}
	if (able == 0)
		log_error(&log_process, "users can't be listed: no userdb "
			  "offers it");
	return able > 0 && failed == 0;
}

static int
cmd_list(struct conn *conn, const char *const *words, size_t count)
{
	struct listing listing = { .conn = conn };
	const char *mask;
	uint32_t id;
	bool ok = false;

	if (count < 2 || !num_u32(words[1], &id))
		return conn_bug(conn, "sent a broken LIST");
	mask = wire_find(words + 2, "user");
	if (mask == NULL)
		mask = count > 2 && strchr(words[2], '=') == NULL ?
			words[2] : "*";
	listing.id = words[1];
	listing.mask = *mask != '\0' ? mask : "*";
	if (conn->any_user)
		ok = list_all(conn, &listing);
	else
		log_error(&log_process, "uid %ld may not list users (see the "
			  "mode of the socket)", (long)conn->peer_uid);
	str_printf(&conn->out, "DONE\t%s\t%s\n", words[1], ok ? "" : "fail");
	return 0;
}

static int
cmd_cache_flush(struct conn *conn, const char *const *words, size_t count)
{
	unsigned flushed = 0;
	uint32_t id;

	if (count < 2 || !num_u32(words[1], &id))
		return conn_bug(conn, "sent a broken CACHE-FLUSH");
	if (count == 2)
		flushed = auth_cache_flush(conn->auth->cache, NULL);
	for (size_t i = 2; i < count; i++)
		flushed += auth_cache_flush(conn->auth->cache, words[i]);
	str_printf(&conn->out, "OK\t%s\t%u\n", words[1], flushed);
	return 0;
}

static const struct {
	const char *name;
	bool master_only;
	int (*run)(struct conn *conn, const char *const *words, size_t count);
} commands[] = {
	{ "USER", false, cmd_user },
	{ "PASS", false, cmd_pass },
	{ "LIST", false, cmd_list },
	{ "CACHE-FLUSH", true, cmd_cache_flush },
};

int
master_line(struct conn *conn, const char *const *words, size_t count)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(words[0], commands[i].name) != 0 ||
		    (commands[i].master_only && conn->kind != CONN_MASTER))
			continue;
		return commands[i].run(conn, words, count);
	}
	return conn_bug(conn, "unknown command %.64s", words[0]);
}
