/*
 * Open and keep listeners; see listen.h. A listener's key tells whether the
 * one of an old generation is the same, so that a reload leaves no gap.
 */
#include "master/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/scope.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"
#include "master/dirs.h"
#include "master/master-settings.h"
#include "master/master.h"
#include "service/priv.h"
#include "service/process-settings.h"
#include "service/service-settings.h"
#include "service/users.h"

enum {
	IN_USE_WAIT_MS = 500,
	IN_USE_STEP_MS = 25,
	ORPHANS_WAIT_MS = 3000,	/* a killed master's workers see it soon */
};

/* --- from settings ---------------------------------------------------- */

static struct listener *
listener_add(struct service *service, enum listener_kind kind,
	     const char *name)
{
	struct listener *l = pool_new_obj(service->generation->pool,
					  struct listener);

	l->service = service;
	l->kind = kind;
	l->name = name;
	l->fd = -1;
	TAILQ_INSERT_TAIL(&service->listeners, l, link);
	service->listener_count++;
	return l;
}

static struct listener *
find_in_service(const struct service *service, const char *key)
{
	struct listener *l;

	TAILQ_FOREACH(l, &service->listeners, link) {
		if (str_eq(l->key, key))
			return l;
	}
	return NULL;
}

static struct listener *
find_key(const struct generation *gen, const char *key)
{
	const struct service *service;
	struct listener *l;

	TAILQ_FOREACH(service, &gen->services, link) {
		l = find_in_service(service, key);
		if (l != NULL)
			return l;
	}
	return NULL;
}

/* Give the listener its key; a second one of that key is dropped, and told
   when it belongs to another. */
static void
set_key(struct listener *l, const char *key, struct str *errors)
{
	struct service *service = l->service;
	const struct listener *other = find_key(service->generation, key);

	/* This service isn't part of the generation yet. */
	if (other == NULL)
		other = find_in_service(service, key);
	if (other == NULL) {
		l->key = key;
		return;
	}
	if (other->service != service || strcmp(other->name, l->name) != 0)
		str_printf(errors, "service(%s): listener %s: %s is already "
			   "the address of listener %s of service(%s)\n",
			   service->name, l->name, key, other->name,
			   other->service->name);
	TAILQ_REMOVE(&service->listeners, l, link);
	service->listener_count--;
}

static const char *
section_of(const struct service *service, const char *kind, const char *name)
{
	struct pool *pool = service->generation->pool;

	return pool_printf(pool, "service/%s/%s/%s",
			   conf_escape_name(service->name, pool), kind,
			   conf_escape_name(name, pool));
}

static void
configure_path(struct service *service, enum listener_kind kind,
	       const char *name, struct str *errors)
{
	const struct generation *gen = service->generation;
	const char *section = section_of(service, kind == LISTENER_FIFO ?
					 "fifo_listener" : "unix_listener",
					 name);
	struct err err;
	const struct unix_listener_settings *set = settings_get(gen->conf,
		&scope_global, section, &unix_listener_settings_info, NULL,
		gen->pool, &err);
	struct priv_ids ids = { 0 };
	struct listener *l;

	if (set == NULL) {
		str_printf(errors, "%s: %s\n", section, err.text);
		return;
	}
	if (set->mode == 0)
		return;
	if (users_find(gen->conf, geteuid() == 0 ? set->user : "",
		       geteuid() == 0 ? set->group : "", gen->pool, &ids,
		       &err) < 0) {
		str_printf(errors, "service(%s): unix_listener %s: %s\n",
			   service->name, name, err.text);
		return;
	}
	l = listener_add(service, kind, name);
	l->mode = set->mode & 0777;
	l->uid = ids.uid;
	l->gid = ids.gid;
	l->path = *name == '/' ? name : pool_printf(gen->pool, "%s/%s",
		gen->process->base_dir, name);
	if (kind == LISTENER_UNIX && strlen(l->path) >=
	    sizeof(((struct sockaddr_un *)0)->sun_path))
		str_printf(errors, "service(%s): unix_listener %s: the path "
			   "is too long (%zu octets, %zu at most)\n",
			   service->name, name, strlen(l->path),
			   sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
	set_key(l, pool_printf(gen->pool, "%s:%s", kind == LISTENER_FIFO ?
			       "fifo" : "unix", l->path), errors);
}

int
listen_addresses(const char *word, unsigned port,
		 void (*found)(void *arg, const struct sockaddr *sa,
			       unsigned len), void *arg, struct err *err)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
	};
	char service[16], name[256];
	struct addrinfo *list;
	size_t len = strlen(word);
	int error;

	(void)snprintf(service, sizeof(service), "%u", port);
	if (len > 2 && word[0] == '[' && word[len - 1] == ']')
		(void)snprintf(name, sizeof(name), "%.*s", (int)len - 2,
			       word + 1);
	else
		(void)snprintf(name, sizeof(name), "%s",
			       strcmp(word, "*") == 0 ? "0.0.0.0" : word);
	error = getaddrinfo(name, service, &hints, &list);
	if (error != 0)
		return err_set(err, ERR_CONFIG, "address %s: %s", word,
			       error == EAI_SYSTEM ? strerror(errno) :
			       gai_strerror(error));
	for (struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next)
		found(arg, ai->ai_addr, ai->ai_addrlen);
	freeaddrinfo(list);
	return 0;
}

struct inet_context {
	struct service *service;
	const char *name;
	const struct inet_listener_settings *set;
	bool by_default;	/* the word stands in `listen` */
	struct str *errors;
};

static void
inet_found(void *arg, const struct sockaddr *sa, unsigned len)
{
	struct inet_context *ctx = arg;
	struct pool *pool = ctx->service->generation->pool;
	struct listener *l = listener_add(ctx->service, LISTENER_INET,
					  ctx->name);
	char host[NI_MAXHOST] = "?";

	if (len > sizeof(l->sa))
		len = sizeof(l->sa);
	memcpy(&l->sa, sa, len);
	l->sa_len = len;
	l->ssl = ctx->set->ssl;
	l->haproxy = ctx->set->haproxy;
	l->reuse_port = ctx->set->reuse_port;
	(void)getnameinfo(sa, len, host, sizeof(host), NULL, 0,
			  NI_NUMERICHOST);
	l->may_fail = ctx->by_default && strcmp(host, "::") == 0;
	set_key(l, pool_printf(pool, sa->sa_family == AF_INET6 ?
			       "inet:[%s]:%u" : "inet:%s:%u", host,
			       ctx->set->port), ctx->errors);
}

static void
configure_inet(struct service *service, const char *name, struct str *errors)
{
	struct generation *gen = service->generation;
	struct err err;
	const struct inet_listener_settings *set = settings_get(gen->conf,
		&scope_global, section_of(service, "inet_listener", name),
		&inet_listener_settings_info, NULL, gen->pool, &err);
	struct inet_context ctx = { service, name, set, false, errors };
	char *words, *word;

	if (set == NULL) {
		str_printf(errors, "service(%s): inet_listener %s: %s\n",
			   service->name, name, err.text);
		return;
	}
	if (set->port == 0)
		return;
	ctx.by_default = *set->address == '\0';
	words = pool_strdup(gen->pool, ctx.by_default ? gen->set->listen :
			    set->address);
	while ((word = strsep(&words, ", \t")) != NULL) {
		if (*word != '\0' &&
		    listen_addresses(word, set->port, inet_found, &ctx,
				     &err) < 0)
			str_printf(errors, "service(%s): inet_listener %s: "
				   "%s\n", service->name, name, err.text);
	}
}

static const char **
listener_names(const struct service *service, const char *kind)
{
	const struct generation *gen = service->generation;
	const char *path = pool_printf(gen->pool, "service/%s/%s",
		conf_escape_name(service->name, gen->pool), kind);
	const char **names = conf_names(gen->conf, &scope_global, path,
					gen->pool);

	for (const char **name = names; *name != NULL; name++)
		*name = conf_unescape_name(*name, gen->pool);
	return names;
}

/* Dovecot's processes write their statistics there; ours have no use for
   it. */
static bool
is_bound(const char *name)
{
	return strcmp(name, "stats-writer") != 0 &&
		strcmp(name, "stats-reader") != 0;
}

void
listeners_configure(struct service *service, struct str *errors)
{
	const char **names = listener_names(service, "unix_listener");

	for (; *names != NULL; names++) {
		if (is_bound(*names))
			configure_path(service, LISTENER_UNIX, *names,
				       errors);
	}
	names = listener_names(service, "fifo_listener");
	for (; *names != NULL; names++)
		configure_path(service, LISTENER_FIFO, *names, errors);
	names = listener_names(service, "inet_listener");
	for (; *names != NULL; names++)
		configure_inet(service, *names, errors);
}

/* --- unix sockets and fifos ------------------------------------------- */

/* Who listens at that path? 0: nobody; 1: *pid_r does, or did and left it to
   his children (0: too busy to tell); -1 where that can't be told. */
static int
find_peer(const struct sockaddr_un *sa, pid_t *pid_r, struct err *err)
{
	struct ucred cred = { 0 };
	socklen_t len = sizeof(cred);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0);
	int cause;

	if (fd < 0)
		return err_sys(err, "socket()");
	cause = connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0 ?
		0 : errno;
	if (cause == 0)
		(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	(void)close(fd);
	if (cause == ECONNREFUSED || cause == ENOENT)
		return 0;
	*pid_r = cred.pid;
	return 1;
}

/* Somebody has that path. 0 when it was a dead socket, or one of a killed
   master whose workers have not noticed yet, and is removed. */
static int
remove_stale(const char *path, const struct sockaddr_un *sa, pid_t dead,
	     struct err *err)
{
	struct stat st;
	pid_t pid = 0;
	int found;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : err_path(err, "lstat", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, ERR_CONFIG, "%s exists and is no socket",
			       path);
	found = find_peer(sa, &pid, err);
	if (found < 0)
		return -1;
	if (found == 1 && (pid == 0 || pid != dead))
		return err_set(err, ERR_CONFIG, "socket %s is in use: process "
			       "%d listens on it", path, (int)pid);
	if (unlink(path) != 0 && errno != ENOENT)
		return err_path(err, "unlink", path);
	return 0;
}

/* bind() with the mode from the first instant: it honours the umask. */
static int
bind_path(int fd, const struct sockaddr_un *sa, mode_t mode)
{
	mode_t old = umask(~mode & 0777);
	int result = bind(fd, (const struct sockaddr *)sa, sizeof(*sa));
	int cause = errno;

	(void)umask(old);
	errno = cause;
	return result;
}

static int
explain_bind(const struct listener *l, struct err *err)
{
	char *dir = mem_strdup(l->path);
	char *slash = strrchr(dir, '/');
	struct stat st;
	int cause = errno;

	if (slash != NULL && slash != dir)
		*slash = '\0';
	if (cause == ENOENT && stat(dir, &st) != 0)
		(void)err_set(err, ERR_CONFIG, "bind(%s) failed: the "
			      "directory %s doesn't exist", l->path, dir);
	else if (cause == EROFS || cause == ENOENT)
		(void)err_set(err, ERR_CONFIG, "bind(%s) failed: %s", l->path,
			      strerror(cause));
	else {
		errno = cause;
		(void)err_path(err, "bind", l->path);
	}
	free(dir);
	return -1;
}

static int
set_owner(const struct listener *l, struct err *err)
{
	if (geteuid() != 0)
		return 0;
	if (chown(l->path, l->uid, l->gid) != 0)
		return err_path(err, "chown", l->path);
	return 0;
}

static int
bind_unix(int fd, const struct listener *l, struct err *err)
{
	pid_t dead = l->service->generation->master->dead_pid;
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	if (!str_copy(sa.sun_path, sizeof(sa.sun_path), l->path))
		return err_set(err, ERR_CONFIG, "path is too long: %s",
			       l->path);
	if (bind_path(fd, &sa, l->mode) != 0) {
		if (errno != EADDRINUSE)
			return explain_bind(l, err);
		if (remove_stale(l->path, &sa, dead, err) < 0)
			return -1;
		if (bind_path(fd, &sa, l->mode) != 0)
			return explain_bind(l, err);
	}
	if (set_owner(l, err) < 0) {
		(void)unlink(l->path);
		return -1;
	}
	/* Only from here on can anybody connect. */
	if (listen(fd, SOMAXCONN) != 0)
		return err_sys(err, "listen(%s)", l->path);
	return 0;
}

static int
open_unix(const struct listener *l, struct err *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0);

	if (fd < 0)
		return err_sys(err, "socket()");
	if (bind_unix(fd, l, err) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static int
open_fifo(const struct listener *l, struct err *err)
{
	struct stat st;
	int fd;

	if (mkfifo(l->path, l->mode) != 0 && errno != EEXIST)
		return err_path(err, "mkfifo", l->path);
	fd = open(l->path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_path(err, "open", l->path);
	if (fstat(fd, &st) != 0 || !S_ISFIFO(st.st_mode)) {
		(void)close(fd);
		return err_set(err, ERR_CONFIG, "%s exists and is no fifo",
			       l->path);
	}
	if (fchmod(fd, l->mode) != 0 || set_owner(l, err) < 0) {
		(void)close(fd);
		return err_path(err, "chmod", l->path);
	}
	return fd;
}

/* --- inet ------------------------------------------------------------- */

static int
set_options(int fd, const struct listener *l)
{
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
		return -1;
	if (l->reuse_port &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0)
		return -1;
	if (l->sa.ss_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
		return -1;
	/* Accepted sockets inherit it. */
	return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static int
open_inet_once(const struct listener *l)
{
	int fd = socket(l->sa.ss_family,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int cause;

	if (fd < 0)
		return -1;
	if (set_options(fd, l) == 0 &&
	    bind(fd, (const struct sockaddr *)&l->sa, l->sa_len) == 0 &&
	    listen(fd, SOMAXCONN) == 0)
		return fd;
	cause = errno;
	(void)close(fd);
	errno = cause;
	return -1;
}

static int
open_inet(const struct listener *l, deadline_t deadline, struct err *err)
{
	const struct timespec step = { 0, IN_USE_STEP_MS * 1000000L };
	int fd;

	while ((fd = open_inet_once(l)) < 0 && errno == EADDRINUSE &&
	       deadline_left(deadline) > 0)
		(void)nanosleep(&step, NULL);
	if (fd >= 0)
		return fd;
	if (errno == EADDRINUSE)
		return err_set(err, ERR_CONFIG, "listen(%s) failed: the "
			       "address is in use by another process",
			       l->key + strlen("inet:"));
	return err_sys(err, "listen(%s)", l->key + strlen("inet:"));
}

/* --- a generation's ---------------------------------------------------- */

/* Does the file of a listener that is kept still exist, as it should be? */
static bool
still_there(const struct listener *l)
{
	struct stat st;

	if (l->kind == LISTENER_INET)
		return true;
	if (lstat(l->path, &st) != 0)
		return false;
	return l->kind == LISTENER_UNIX ? S_ISSOCK(st.st_mode) :
		S_ISFIFO(st.st_mode);
}

static bool
take(struct listener *l, const struct generation *old)
{
	const struct listener *same = find_key(old, l->key);
	struct err err;

	if (same == NULL || same->fd < 0 || !still_there(l))
		return false;
	l->fd = same->fd;
	l->taken = true;
	if (l->kind != LISTENER_INET && (l->mode != same->mode ||
					 l->uid != same->uid ||
					 l->gid != same->gid)) {
		/* Narrow first where both change. */
		(void)set_owner(l, &err);
		(void)chmod(l->path, l->mode);
	}
	return true;
}

static int
open_one(struct listener *l, deadline_t deadline, struct err *err)
{
	const char *base_dir = l->service->generation->process->base_dir;

	switch (l->kind) {
	case LISTENER_INET:
		l->fd = open_inet(l, deadline, err);
		break;
	case LISTENER_FIFO:
		l->fd = open_fifo(l, err);
		break;
	default:
		if (dirs_make_parents(l->path, base_dir, err) < 0)
			return -1;
		l->fd = open_unix(l, err);
	}
	return l->fd >= 0 ? 0 : -1;
}

static void
forget_listener(struct listener *l)
{
	TAILQ_REMOVE(&l->service->listeners, l, link);
	l->service->listener_count--;
}

bool
listeners_open(struct generation *gen, struct generation *old,
	       struct str *errors)
{
	deadline_t deadline = deadline_in(gen->master->dead_pid != 0 ?
					  ORPHANS_WAIT_MS : IN_USE_WAIT_MS);
	size_t before = errors->len;
	struct service *service;
	struct listener *l, *next;
	struct err err;

	TAILQ_FOREACH(service, &gen->services, link) {
		for (l = TAILQ_FIRST(&service->listeners); l != NULL;
		     l = next) {
			next = TAILQ_NEXT(l, link);
			if (old != NULL && take(l, old))
				continue;
			if (open_one(l, deadline, &err) == 0)
				continue;
			if (l->may_fail && (errno == EAFNOSUPPORT ||
					    errno == EADDRNOTAVAIL))
				forget_listener(l);
			else
				str_printf(errors, "service(%s): listener "
					   "%s: %s\n", service->name, l->name,
					   err.text);
		}
	}
	if (errors->len == before)
		return true;
	listeners_close(gen);
	return false;
}

void
listeners_commit(struct generation *gen, struct generation *old)
{
	struct service *service;
	struct listener *l, *same;

	TAILQ_FOREACH(service, &gen->services, link) {
		TAILQ_FOREACH(l, &service->listeners, link) {
			same = find_key(old, l->key);
			if (same == NULL)
				continue;
			/* Its file was gone, and is the new one's now. */
			if (!l->taken && same->fd >= 0) {
				(void)shutdown(same->fd, SHUT_RDWR);
				(void)close(same->fd);
			}
			same->fd = -1;
			l->taken = false;
		}
	}
}

static void
close_one(struct listener *l)
{
	if (l->fd < 0)
		return;
	if (!l->taken) {
		/* Sessions that go on have it open too; nobody shall wait in
		   a backlog that nobody looks at. */
		(void)shutdown(l->fd, SHUT_RDWR);
		(void)close(l->fd);
		if (l->kind != LISTENER_INET)
			(void)unlink(l->path);
	}
	l->fd = -1;
}

void
listeners_close(struct generation *gen)
{
	struct service *service;
	struct listener *l;

	TAILQ_FOREACH(service, &gen->services, link) {
		TAILQ_FOREACH(l, &service->listeners, link)
			close_one(l);
	}
}

void
listeners_adopt(const struct generation *gen)
{
	const struct service *service;
	const struct listener *l;

	TAILQ_FOREACH(service, &gen->services, link) {
		TAILQ_FOREACH(l, &service->listeners, link) {
			if (l->kind == LISTENER_UNIX && l->fd >= 0)
				(void)listen(l->fd, SOMAXCONN);
		}
	}
}

void
listeners_give(struct generation *gen, const char *key, int fd)
{
	struct listener *l = find_key(gen, key);

	if (l != NULL && l->fd < 0) {
		l->fd = fd;
		return;
	}
	(void)shutdown(fd, SHUT_RDWR);
	(void)close(fd);
}

void
listeners_complete(struct generation *gen)
{
	struct service *service;
	struct listener *l, *next;
	struct err err;

	TAILQ_FOREACH(service, &gen->services, link) {
		for (l = TAILQ_FIRST(&service->listeners); l != NULL;
		     l = next) {
			next = TAILQ_NEXT(l, link);
			if (l->fd >= 0 ||
			    open_one(l, deadline_in(IN_USE_WAIT_MS),
				     &err) == 0)
				continue;
			if (!l->may_fail)
				log_error(&log_process, "service(%s): "
					  "listener %s: %s", service->name,
					  l->name, err.text);
			forget_listener(l);
		}
	}
}

bool
listeners_waiting(const struct service *service)
{
	const struct listener *l;

	TAILQ_FOREACH(l, &service->listeners, link) {
		struct pollfd pfd = { l->fd, POLLIN, 0 };

		if (l->fd >= 0 && poll(&pfd, 1, 0) > 0)
			return true;
	}
	return false;
}
