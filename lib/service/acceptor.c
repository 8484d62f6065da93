/*
 * Where a worker waits for its next client; see acceptor.h.
 */
#include "service/acceptor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/err.h"
#include "core/pool.h"
#include "service/inherit.h"
#include "service/service.h"

struct acceptor {
	const struct service_listener *listeners;
	unsigned count;
	unsigned next;		/* listener to look at first, for fairness */
	int epoll;
	struct epoll_event *events;	/* room for all at once */
	bool *ready;		/* a client may be there, by listener */
	bool try_all;
};

static int
watch(const struct acceptor *a, int fd, uint32_t events, unsigned number)
{
	struct epoll_event event = { .events = events, .data.u32 = number };

	return epoll_ctl(a->epoll, EPOLL_CTL_ADD, fd, &event);
}

static int
watch_all(const struct acceptor *a, int watch_fd)
{
	for (unsigned i = 0; i < a->count; i++) {
		if (watch(a, a->listeners[i].fd, EPOLLIN | EPOLLEXCLUSIVE,
			  i) != 0)
			return -1;
	}
	return watch(a, watch_fd, EPOLLIN, a->count);
}

struct acceptor *
acceptor_new(const struct service_listener *listeners, unsigned count,
	     int watch_fd, struct err *err)
{
	struct acceptor *a = mem_alloc(sizeof(*a));

	a->listeners = listeners;
	a->count = count;
	a->events = mem_alloc((count + 1) * sizeof(*a->events));
	a->ready = mem_alloc((count + 1) * sizeof(*a->ready));
	a->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (a->epoll >= 0 && watch_all(a, watch_fd) == 0)
		return a;
	(void)err_sys(err, "epoll(listeners)");
	acceptor_free(&a);
	return NULL;
}

void
acceptor_free(struct acceptor **ap)
{
	struct acceptor *a = *ap;

	if (a == NULL)
		return;
	if (a->epoll >= 0)
		(void)close(a->epoll);
	free(a->events);
	free(a->ready);
	free(a);
	*ap = NULL;
}

void
acceptor_try_all(struct acceptor *a)
{
	a->try_all = true;
}

static void
set_ready(struct acceptor *a, bool ready)
{
	for (unsigned i = 0; i < a->count; i++)
		a->ready[i] = ready;
}

bool
acceptor_wait(struct acceptor *a, int wait_ms, const sigset_t *mask)
{
	bool any = false;
	int n = -1;

	if (!a->try_all)
		n = epoll_pwait(a->epoll, a->events, (int)a->count + 1,
				wait_ms, mask);
	/* Of a client for whom another one was woken the set knows nothing:
	   it has to be looked for. */
	if (a->try_all || (n < 0 && errno == EINTR))
		any = true;
	a->try_all = false;
	set_ready(a, any);
	for (int i = 0; i < n; i++) {
		unsigned number = a->events[i].data.u32;

		if (number < a->count)
			any = a->ready[number] = true;
	}
	return any;
}

static void
set_addresses(struct service_client *client, const struct sockaddr *sa)
{
	struct sockaddr_storage local;
	struct ucred cred;
	socklen_t len = sizeof(local);

	if (sa->sa_family == AF_UNIX) {
		len = sizeof(cred);
		if (getsockopt(client->fd_in, SOL_SOCKET, SO_PEERCRED, &cred,
			       &len) == 0) {
			client->peer_pid = cred.pid;
			client->peer_uid = cred.uid;
		}
		return;
	}
	client->remote = ip_from_sockaddr(sa, &client->remote_port);
	if (getsockname(client->fd_in, (struct sockaddr *)&local, &len) == 0)
		client->local = ip_from_sockaddr((struct sockaddr *)&local,
						 &client->local_port);
}

static int
take_from(const struct service_listener *listener,
	  struct service_client *client)
{
	struct sockaddr_storage sa = { .ss_family = AF_UNIX };
	socklen_t len = sizeof(sa);
	int fd = accept4(listener->fd, (struct sockaddr *)&sa, &len,
			 SOCK_CLOEXEC);

	if (fd < 0)
		return -1;
	memset(client, 0, sizeof(*client));
	client->fd_in = client->fd_out = fd;
	client->listener = listener->name;
	client->ssl = listener->ssl;
	client->haproxy = listener->haproxy;
	set_addresses(client, (const struct sockaddr *)&sa);
	return 0;
}

static bool
no_room(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
		error == ENOMEM;
}

int
acceptor_take(struct acceptor *a, struct service_client *client)
{
	for (unsigned i = 0; i < a->count; i++) {
		unsigned n = (a->next + i) % a->count;

		if (!a->ready[n])
			continue;
		if (take_from(&a->listeners[n], client) == 0) {
			a->next = (n + 1) % a->count;
			return 1;
		}
		/* Another may wait behind one who gave up. EINVAL: shut
		   down. */
		if (errno != EAGAIN && errno != EINVAL)
			a->try_all = true;
		if (no_room(errno))
			return -1;
	}
	return 0;
}
