/*
 * One client of the auth process: its buffers and what it may do. Lines go in
 * by conn_feed(), answers gather in `out`; server.c moves octets between
 * these and the socket, so that tests and fuzzers need none.
 */
#ifndef LOFT_AUTH_CONN_H
#define LOFT_AUTH_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "core/str.h"

struct auth;
struct sasl;
struct server;

enum conn_kind {
	CONN_USERDB,	/* auth-userdb: USER, PASS, LIST */
	CONN_MASTER,	/* auth-master: CACHE-FLUSH, too */
	CONN_CLIENT,	/* auth-client: SASL, for Postfix */
};

enum {
	CONN_OUT_MAX = 256 * 1024,	/* answers kept before asking waits */
	CONN_SASL_MAX = 100,		/* logins at a time */
};

struct conn {
	LIST_ENTRY(conn) link;
	struct auth *auth;
	struct server *server;	/* NULL in tests: answers aren't delayed */
	enum conn_kind kind;
	bool greeted;		/* the client's VERSION came */
	bool ready;		/* client protocol: its CPID came, too */
	bool any_user;		/* may ask for whom it likes */
	uid_t peer_uid;
	pid_t peer_pid;
	struct str in, out;
	size_t in_pos;		/* consumed part of in */
	LIST_HEAD(, sasl) sasl;	/* logins under way */
	unsigned sasl_count;
	/* server.c's own */
	int fd;
	struct loop_io *io;
	struct loop_timer *timer;
	bool writing;		/* waits for room to send */
	int64_t heard;		/* when it said something last, clock_ms() */
};

/* The server's greeting goes to `out`. */
void conn_init(struct conn *conn, struct auth *auth, enum conn_kind kind);
void conn_deinit(struct conn *conn);

/* Take in what the client sent and answer every whole line, unless too many
   answers wait; conn_resume() goes on with the rest. -1: it broke the
   protocol (told in the log), close it. */
int conn_feed(struct conn *conn, const char *data, size_t len);
int conn_resume(struct conn *conn);

/* For the two protocols: a line that makes no sense. Always -1. */
int conn_bug(const struct conn *conn, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* One line, taken apart. -1 as above. */
int master_line(struct conn *conn, const char *const *words, size_t count);
int client_line(struct conn *conn, const char *const *words, size_t count);

/* The client protocol's greeting, and the end of its logins. */
void client_greet(struct conn *conn);
void client_deinit(struct conn *conn);

/* A log line with the words of a question, as debug. */
void conn_debug(const char *what, const char *line, size_t len);

#endif
