/*
 * Sockets of the auth process; see server.h. A ready socket is read once, all
 * whole lines in it are answered, and the answers go out in one write. A peer
 * that doesn't read its answers is not read from, and in the end closed.
 */
#include "auth/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "auth/auth-settings.h"
#include "auth/auth.h"
#include "auth/conn.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"
#include "service/inherit.h"
#include "service/loop.h"
#include "service/priv.h"

enum {
	READ_SIZE = 16384,
	STUCK_MS = 60 * 1000,	/* for a VERSION to come, answers to go */
	ACCEPT_PAUSE_MS = 500,	/* out of descriptors */
	DELAYED_MAX = 10000,	/* failed logins that wait */
};

struct listener {
	SLIST_ENTRY(listener) link;
	struct server *server;
	int fd;
	const char *name;
	enum conn_kind kind;
	bool restricted;	/* mode 0666: SO_PEERCRED decides */
	uid_t owner;
	gid_t group;
	struct loop_io *io;
};

/* A FAIL that waits for its time */
struct delayed {
	TAILQ_ENTRY(delayed) link;
	struct conn *conn;
	int64_t due;
	char *line;
	size_t len;
};

struct server {
	struct auth *auth;
	struct loop *loop;
	unsigned client_limit, clients;
	SLIST_HEAD(, listener) listeners;
	LIST_HEAD(, conn) conns;
	TAILQ_HEAD(, delayed) delayed;
	unsigned delayed_count;
	struct loop_timer *delay_timer, *accept_timer;
	bool paused, told;
};

static void conn_close(struct conn *conn);

/* --- failed logins --- */

static void
delayed_free(struct server *server, struct delayed *d)
{
	TAILQ_REMOVE(&server->delayed, d, link);
	server->delayed_count--;
	free(d->line);
	free(d);
}

static void flush(struct conn *conn);

static void
on_delay(void *arg)
{
	struct server *server = arg;
	struct delayed *d;

	while ((d = TAILQ_FIRST(&server->delayed)) != NULL &&
	       d->due <= clock_ms()) {
		struct conn *conn = d->conn;

		str_append_n(&conn->out, d->line, d->len);
		delayed_free(server, d);
		flush(conn);
	}
	if (d != NULL)
		loop_timer_set(server->delay_timer, d->due - clock_ms() + 1);
}

void
server_delay(struct conn *conn, const char *line, size_t len)
{
	struct server *server = conn->server;
	struct delayed *d;
	unsigned secs = conn->auth->set->auth_failure_delay;

	if (server == NULL || secs == 0 ||
	    server->delayed_count >= DELAYED_MAX) {
		str_append_n(&conn->out, line, len);
		return;
	}
	d = mem_alloc(sizeof(*d));
	d->conn = conn;
	d->due = clock_ms() + (int64_t)secs * 1000;
	d->line = mem_alloc(len);
	memcpy(d->line, line, len);
	d->len = len;
	if (TAILQ_EMPTY(&server->delayed))
		loop_timer_set(server->delay_timer, (int64_t)secs * 1000);
	TAILQ_INSERT_TAIL(&server->delayed, d, link);
	server->delayed_count++;
}

/* --- connections --- */

static void
accept_more(struct server *server, bool on)
{
	struct listener *l;

	if (server->paused != on)
		return;
	server->paused = !on;
	SLIST_FOREACH(l, &server->listeners, link)
		(void)loop_io_set(l->io, on ? LOOP_READ : 0);
}

static void
conn_close(struct conn *conn)
{
	struct server *server = conn->server;
	struct delayed *d = TAILQ_FIRST(&server->delayed), *next;

	for (; d != NULL; d = next) {
		next = TAILQ_NEXT(d, link);
		if (d->conn == conn)
			delayed_free(server, d);
	}
	LIST_REMOVE(conn, link);
	server->clients--;
	loop_io_free(&conn->io);
	loop_timer_free(&conn->timer);
	(void)close(conn->fd);	/* nothing more to tell the peer */
	conn_deinit(conn);
	free(conn);
	accept_more(server, true);
}

/* Send what waits. Returns false when the connection is gone. */
static bool
send_out(struct conn *conn)
{
	while (conn->out.len > 0) {
		ssize_t n = send(conn->fd, conn->out.data, conn->out.len,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return true;
		if (n < 0)
			return false;
		memmove(conn->out.data, conn->out.data + n,
			conn->out.len - (size_t)n);
		str_truncate(&conn->out, conn->out.len - (size_t)n);
	}
	return true;
}

/* Send; while the peer has no room for it, only wait for that. */
static void
flush(struct conn *conn)
{
	bool blocked;

	if (!send_out(conn)) {
		conn_close(conn);
		return;
	}
	blocked = conn->out.len > 0;
	if (blocked == conn->writing)
		return;
	conn->writing = blocked;
	(void)loop_io_set(conn->io, blocked ? LOOP_WRITE : LOOP_READ);
	if (blocked)
		loop_timer_set(conn->timer, STUCK_MS);
	else
		loop_timer_clear(conn->timer);
}

/* There is room again: the rest of the answers, then of the questions. */
static void
on_writable(struct conn *conn)
{
	do {
		if (!send_out(conn)) {
			conn_close(conn);
			return;
		}
		if (conn->out.len > 0)
			return;
		if (conn_resume(conn) < 0) {
			conn_close(conn);
			return;
		}
	} while (conn->out.len > 0);
	flush(conn);
}

static void
on_ready(void *arg)
{
	struct conn *conn = arg;
	bool greeted = conn->greeted;
	char data[READ_SIZE];
	ssize_t n;
	int ret;

	if (conn->writing) {
		on_writable(conn);
		return;
	}
	n = recv(conn->fd, data, sizeof(data), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK ||
		      errno == EINTR))
		return;
	if (n <= 0) {
		conn_close(conn);
		return;
	}
	conn->heard = clock_ms();
	ret = conn_feed(conn, data, (size_t)n);
	/* answers, and a mistake behind them: the answers still count */
	if (ret < 0 && conn->out.len > 0)
		(void)send_out(conn);
	if (ret < 0) {
		conn_close(conn);
		return;
	}
	if (!greeted && conn->greeted)
		loop_timer_clear(conn->timer);
	flush(conn);
}

static void
on_stuck(void *arg)
{
	struct conn *conn = arg;

	if (conn->greeted)
		log_error(&log_process, "client (pid=%ld,uid=%ld) doesn't "
			  "read its answers: closed", (long)conn->peer_pid,
			  (long)conn->peer_uid);
	conn_close(conn);
}

/* --- listeners --- */

static void
set_rights(struct conn *conn, const struct listener *l)
{
	struct ucred cred = { .pid = 0, .uid = (uid_t)-1, .gid = (gid_t)-1 };
	socklen_t len = sizeof(cred);

	/* without credentials the peer is nobody in particular */
	(void)getsockopt(conn->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	conn->peer_uid = cred.uid;
	conn->peer_pid = cred.pid;
	conn->any_user = !l->restricted || cred.uid == 0 ||
		cred.uid == l->owner || cred.gid == l->group;
}

static void
conn_open(struct listener *l, int fd)
{
	struct server *server = l->server;
	struct conn *conn = mem_alloc(sizeof(*conn));

	conn_init(conn, server->auth, l->kind);
	conn->server = server;
	conn->fd = fd;
	conn->heard = clock_ms();
	set_rights(conn, l);
	LIST_INSERT_HEAD(&server->conns, conn, link);
	server->clients++;
	conn->timer = loop_timer_new(server->loop, on_stuck, conn);
	conn->io = loop_io_new(server->loop, fd, LOOP_READ, on_ready, conn);
	if (conn->io == NULL) {
		log_error(&log_process, "can't watch a connection: %s",
			  strerror(errno));
		conn_close(conn);
		return;
	}
	loop_timer_set(conn->timer, STUCK_MS);
	flush(conn);
}

static void
on_accept_pause_over(void *arg)
{
	accept_more(arg, true);
}

/* Anybody can open a socket of mode 0666, and keep it open. Of those who may
   only ask for themselves, who has been silent longest makes room. */
static bool
make_room(struct server *server)
{
	struct conn *conn, *chosen = NULL;

	LIST_FOREACH(conn, &server->conns, link) {
		if (!conn->any_user && (chosen == NULL ||
					conn->heard <= chosen->heard))
			chosen = conn;
	}
	if (chosen != NULL)
		conn_close(chosen);
	return chosen != NULL;
}

static void
on_accept(void *arg)
{
	struct listener *l = arg;
	struct server *server = l->server;
	int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0) {
		conn_open(l, fd);
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
		   errno == ENOBUFS) {
		log_error(&log_process, "accept(%s) failed: %s", l->name,
			  strerror(errno));
		accept_more(server, false);
		loop_timer_set(server->accept_timer, ACCEPT_PAUSE_MS);
	}
	if (server->clients < server->client_limit)
		return;
	if (!server->told)
		log_warning(&log_process, "client_limit (%u) reached: clients "
			    "wait", server->client_limit);
	server->told = true;
	if (!make_room(server))
		accept_more(server, false);
}

static enum conn_kind
kind_by_name(const char *name)
{
	if (str_ends(name, "-userdb"))
		return CONN_USERDB;
	if (str_ends(name, "-master"))
		return CONN_MASTER;
	return CONN_CLIENT;
}

/* Mode and owner are those of the socket's file, which the master made. Where
   it can't be seen, everybody is a stranger. */
static void
learn_rights(struct listener *l)
{
	struct sockaddr_un addr = { .sun_family = AF_UNSPEC };
	socklen_t len = sizeof(addr) - 1;
	struct stat st;

	l->restricted = true;
	l->owner = (uid_t)-1;
	l->group = (gid_t)-1;
	if (getsockname(l->fd, (struct sockaddr *)&addr, &len) != 0 ||
	    addr.sun_family != AF_UNIX || addr.sun_path[0] != '/')
		return;
	/* The directory may be another program's alone (Postfix's private/). */
	if (priv_read_stat(addr.sun_path, &st) != 0) {
		log_warning(&log_process, "stat(%s) failed: %s: only root may "
			    "ask for others there", addr.sun_path,
			    strerror(errno));
		return;
	}
	l->restricted = (st.st_mode & 0777) == 0666;
	l->owner = st.st_uid;
	l->group = st.st_gid;
}

int
server_listen(struct server *server, const struct service_listener *listener,
	      struct err *err)
{
	struct listener *l;

	if (listener->kind != LISTENER_UNIX &&
	    listener->kind != LISTENER_INET)
		return 0;
	l = mem_alloc(sizeof(*l));
	l->server = server;
	l->fd = listener->fd;
	l->name = listener->name;
	l->kind = kind_by_name(listener->name);
	if (listener->kind == LISTENER_UNIX)
		learn_rights(l);
	l->io = loop_io_new(server->loop, l->fd, LOOP_READ, on_accept, l);
	if (l->io == NULL) {
		(void)err_sys(err, "watching listener %s", l->name);
		free(l);
		return -1;
	}
	SLIST_INSERT_HEAD(&server->listeners, l, link);
	return 0;
}

struct server *
server_new(struct auth *auth, struct loop *loop, unsigned client_limit)
{
	struct server *server = mem_alloc(sizeof(*server));

	server->auth = auth;
	server->loop = loop;
	server->client_limit = client_limit;
	SLIST_INIT(&server->listeners);
	LIST_INIT(&server->conns);
	TAILQ_INIT(&server->delayed);
	server->delay_timer = loop_timer_new(loop, on_delay, server);
	server->accept_timer = loop_timer_new(loop, on_accept_pause_over,
					      server);
	return server;
}

void
server_free(struct server **serverp)
{
	struct server *server = *serverp;
	struct listener *l;

	*serverp = NULL;
	if (server == NULL)
		return;
	while ((l = SLIST_FIRST(&server->listeners)) != NULL) {
		SLIST_REMOVE_HEAD(&server->listeners, link);
		loop_io_free(&l->io);
		free(l);
	}
	while (!LIST_EMPTY(&server->conns))
		conn_close(LIST_FIRST(&server->conns));
	loop_timer_free(&server->delay_timer);
	loop_timer_free(&server->accept_timer);
	free(server);
}
