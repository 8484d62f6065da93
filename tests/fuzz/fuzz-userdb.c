/*
 * Answers of a userdb that may be anybody's: what it sends after its VERSION.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "user/lookup.h"
#include "user/user-settings.h"
#include "user/user.h"
#include "user/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct user_settings set = {
	.mail_uid = "1000", .mail_gid = "1000", .mail_home = "/h/%u",
	.mail_access_groups = "", .first_valid_uid = 500,
	.first_valid_gid = 1,
};

static const uint8_t *answer;
static size_t answer_size;
static int peer = -1;

/* A peer that has said everything already and reads nothing. */
static int
connect_peer(const char *path, struct err *err)
{
	static const char hello[] = "VERSION\t1\t1\n";
	int fds[2];

	if (answer == NULL)
		return err_set(err, ERR_TEMP, "%s is gone", path);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
		return err_sys(err, "socketpair()");
	ASSERT(send(fds[1], hello, strlen(hello), 0) > 0);
	if (answer_size > 0)
		ASSERT(send(fds[1], answer, answer_size, MSG_DONTWAIT) > 0);
	(void)shutdown(fds[1], SHUT_WR);
	answer = NULL;
	peer = fds[1];
	return fds[0];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t none[1];
	struct user_request reqs[2] = {
		{ .name = "alice", .service = "lmtp" },
		{ .name = "bob@x", .service = "lmtp" },
	};
	struct userdb_conn *conn = userdb_conn_new("/none");
	struct pool *pool = pool_new();
	const char *const *names;
	unsigned ids[2];
	struct err err;

	answer = size > 0 ? data : none;
	answer_size = size < 100000 ? size : 100000;
	userdb_conn_set_connect(conn, connect_peer);
	for (int i = 0; i < 2; i++)
		userdb_lookup_queue(conn, &reqs[i], &ids[i]);
	for (int i = 0; i < 2; i++) {
		struct user *user = NULL;

		if (userdb_lookup_answer(conn, ids[i], &set, pool, &user,
					 &err) <= 0)
			continue;
		ASSERT(user->uid >= 500 && user->gid >= 1);
		ASSERT(wire_user_ok(user->name));
		ASSERT(user->home == NULL || *user->home == '/');
	}
	(void)userdb_list(conn, "*", "x", pool, &names, &err);
	userdb_conn_free(&conn);
	pool_free(&pool);
	if (peer != -1)
		(void)close(peer);
	peer = -1;
	return 0;
}
