/*
 * The listeners of a generation; see listen.h. A listener's key tells whether
 * the one of an old generation is the same, so that a reload leaves no gap.
 */
#include "master/listen.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"
#include "core/log.h"
#include "core/str.h"
#include "master/master.h"

enum {
	IN_USE_WAIT_MS = 500,
	ORPHANS_WAIT_MS = 3000,	/* a killed master's workers see it soon */
};

struct listener *
listeners_find_in(const struct service *service, const char *key)
{
	struct listener *l;

	TAILQ_FOREACH(l, &service->listeners, link) {
		if (str_eq(l->key, key))
			return l;
	}
	return NULL;
}

struct listener *
listeners_find(const struct generation *gen, const char *key)
{
	const struct service *service;
	struct listener *l;

	TAILQ_FOREACH(service, &gen->services, link) {
		l = listeners_find_in(service, key);
		if (l != NULL)
			return l;
	}
	return NULL;
}

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
	const struct listener *same = listeners_find(old, l->key);
	struct err err;

	if (same == NULL || same->fd < 0 || !still_there(l))
		return false;
	l->fd = same->fd;
	l->taken = true;
	if (l->kind != LISTENER_INET && (l->mode != same->mode ||
					 l->uid != same->uid ||
					 l->gid != same->gid)) {
		/* Narrow first where both change. */
		(void)listener_set_owner(l, &err);
		(void)chmod(l->path, l->mode);
	}
	return true;
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
			if (listener_open(l, deadline, &err) == 0)
				continue;
			if (l->may_fail && (errno == EAFNOSUPPORT ||
					    errno == EADDRNOTAVAIL))
				forget_listener(l);
			else
				str_printf(errors, "%sservice(%s): listener "
					   "%s: %s\n", l->where,
					   service->name, l->name, err.text);
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
			same = listeners_find(old, l->key);
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
listeners_unlink(const struct service *service)
{
	const struct listener *l;

	TAILQ_FOREACH(l, &service->listeners, link) {
		if (l->kind == LISTENER_UNIX && l->fd >= 0)
			(void)unlink(l->path);	/* gone already is fine */
	}
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
	struct listener *l = listeners_find(gen, key);

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
			    listener_open(l, deadline_in(IN_USE_WAIT_MS),
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
