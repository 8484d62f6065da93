/*
 * The life of a worker; see service.h. Signals are blocked but in waits, so
 * that none is lost between a look and the wait. (A session's stream lets
 * them in all the time; see service_wakes().)
 */
#include "service/service.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "service/acceptor.h"
#include "service/board.h"
#include "service/inherit.h"
#include "service/process-settings.h"
#include "service/service-settings.h"
#include "service/status.h"

enum {
	EXIT_SETTINGS = 89,
	ORPHAN_LOOK_MS = 20,	/* how often a call asks for the master */
	PIPE_RETRY_MS = 100,	/* a report found the pipe full */
	NO_FDS_PAUSE_MS = 100,	/* accept() found no free descriptor */
};

/* Asked by signals; written in the handler. */
static volatile sig_atomic_t asked_yield, asked_retire, asked_stop;
static volatile sig_atomic_t asked_reopen;

static volatile sig_atomic_t wakes_fd = -1;	/* see service_wakes() */
static volatile sig_atomic_t listeners_closed;

static struct {
	sigset_t wait_mask;
	bool orphan;
	int64_t looked;		/* for the master, clock_ms() */
	unsigned listener_count;
	struct acceptor *acceptor;	/* of a worker; NULL: takes nobody */
} state;

/* setsockopt(2) is safe in a handler. Who waits next waits for an instant,
   and sets the time anew. */
static void
wake_receiver(void)
{
	struct timeval instant = { 0, 1 };
	int saved_errno = errno;

	if (wakes_fd >= 0)
		(void)setsockopt(wakes_fd, SOL_SOCKET, SO_RCVTIMEO, &instant,
				 sizeof(instant));
	errno = saved_errno;
}

/* Their numbers may soon be those of other files: once only. */
static void
shut_listeners(void)
{
	int saved_errno = errno;

	if (listeners_closed)
		return;
	listeners_closed = 1;
	for (unsigned i = 0; i < state.listener_count; i++)
		(void)close(SERVICE_FD_LISTEN + (int)i);
	errno = saved_errno;
}

/* Who is told to retire takes no client from that instant on, wherever he
   is: close(2) is safe in a handler. */
static void
on_retire(void)
{
	asked_retire = 1;
	shut_listeners();
}

static void
on_signal(int signo)
{
	wake_receiver();
	if (signo == SIGTERM)
		asked_stop = 1;
	else if (signo == SIGHUP)
		on_retire();
	else if (signo == SIGUSR1)
		asked_reopen = 1;
	else
		asked_yield = 1;
}

void
service_signals_init(void)
{
	static const int ours[] = { SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 };
	struct sigaction act = { .sa_handler = on_signal,
		.sa_flags = SA_RESTART };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t block;

	(void)sigemptyset(&block);
	(void)sigemptyset(&act.sa_mask);
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++) {
		(void)sigaddset(&block, ours[i]);
		(void)sigaction(ours[i], &act, NULL);
	}
	/* ^C on a foreground master's terminal reaches us too, but it is the
	   master's to stop us. */
	(void)sigaction(SIGINT, &ignore, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigaction(SIGXFSZ, &ignore, NULL);
	(void)sigprocmask(SIG_BLOCK, &block, &state.wait_mask);
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		(void)sigdelset(&state.wait_mask, ours[i]);
}

void
service_signals_reset(void)
{
	asked_yield = asked_retire = asked_stop = asked_reopen = 0;
}

void
service_wakes(int fd)
{
	wakes_fd = fd;
}

int
service_watch_fd(void)
{
	return SERVICE_FD_MASTER;
}

const sigset_t *
service_wait_mask(void)
{
	return &state.wait_mask;
}

/* An orphan's listeners stand in the way of the next master; those of a
   worker that is replaced may be gone from the configuration, and clients
   would wait on them for nobody. */
static void
close_listeners(void)
{
	/* It goes first: others have the listeners open, and as long as this
	   one is there the kernel might wake it for a client. */
	acceptor_free(&state.acceptor);
	shut_listeners();
}

static void
look_for_master(void)
{
	struct pollfd pfd = { SERVICE_FD_MASTER, POLLIN, 0 };
	int64_t now = clock_ms();

	if (state.orphan || now - state.looked < ORPHAN_LOOK_MS)
		return;
	state.looked = now;
	if (poll(&pfd, 1, 0) > 0) {
		state.orphan = true;
		close_listeners();
	}
}

enum service_call
service_called(void)
{
	if (asked_reopen) {
		asked_reopen = 0;
		inherit_reopen_log();
	}
	look_for_master();
	if (asked_retire)
		close_listeners();
	if (state.orphan)
		return SERVICE_ORPHAN;
	if (asked_stop)
		return SERVICE_STOP;
	if (asked_retire)
		return SERVICE_RETIRE;
	if (asked_yield) {
		asked_yield = 0;
		return SERVICE_YIELD;
	}
	return SERVICE_GO_ON;
}

struct worker {
	const struct service *service;
	const struct inherit *in;
	pid_t pid;
	unsigned slot;
	unsigned served;
	bool told_idle;		/* what the master believes */
};

/* Tell the master; false when its pipe is full. */
static bool
report(const struct worker *w, uint32_t what)
{
	struct service_report rec = { w->pid, w->slot, what };

	return write(SERVICE_FD_STATUS, &rec, sizeof(rec)) == sizeof(rec) ||
		errno != EAGAIN;
}

/* Without descriptors (or memory) clients wait; look again a little later. */
static void
wait_for_fds(int cause)
{
	static bool told;
	struct pollfd pfd = { SERVICE_FD_MASTER, POLLIN, 0 };
	struct timespec pause = { 0, NO_FDS_PAUSE_MS * 1000000L };

	if (!told)
		log_error(&log_process, "accept() failed: %s; clients wait",
			  strerror(cause));
	told = true;
	(void)ppoll(&pfd, 1, &pause, &state.wait_mask);
}

static void
serve(struct worker *w, struct service_client *client)
{
	if (w->told_idle)
		w->told_idle = !report(w, REPORT_BUSY);
	status_set(STATUS_SESSION, NULL, NULL, NULL);
	service_wakes(client->fd_in);
	w->service->client(w->in->conf, client);
	service_wakes(-1);
	w->served++;
}

static bool
worker_done(const struct worker *w)
{
	return service_called() >= SERVICE_RETIRE ||
		(w->in->set->service_count > 0 &&
		 w->served >= w->in->set->service_count);
}

static bool
take_client(struct service_client *client)
{
	int result = acceptor_take(state.acceptor, client);

	if (result < 0)
		wait_for_fds(errno);
	return result > 0;
}

/* Who was told to retire before the client came must not take him. A wait that
   found a client ready lets no signal in, even if one is there; here they come
   in until the very call, and on_retire() takes the listeners away from it. */
static bool
take_unless_done(const struct worker *w, struct service_client *client)
{
	sigset_t blocked;
	bool taken;

	(void)sigprocmask(SIG_SETMASK, &state.wait_mask, &blocked);
	taken = !worker_done(w) && take_client(client);
	(void)sigprocmask(SIG_SETMASK, &blocked, NULL);
	return taken;
}

/* The next client; false when the worker is to end. */
static bool
next_client(struct worker *w, struct service_client *client)
{
	int wait_ms = -1;

	if (state.acceptor != NULL)
		acceptor_try_all(state.acceptor);
	while (!worker_done(w)) {
		bool ready = acceptor_wait(state.acceptor, wait_ms,
					   &state.wait_mask);

		if (ready && take_unless_done(w, client))
			return true;
		if (!w->told_idle && !worker_done(w)) {
			status_set(STATUS_IDLE, NULL, NULL, NULL);
			w->told_idle = report(w, REPORT_IDLE);
		}
		wait_ms = w->told_idle ? -1 : PIPE_RETRY_MS;
	}
	return false;
}

/* At a stop those who wait in the backlog are told so, by the session. */
static void
serve_backlog(struct worker *w)
{
	struct service_client client;

	while (service_called() == SERVICE_STOP && state.acceptor != NULL) {
		acceptor_try_all(state.acceptor);
		if (!acceptor_wait(state.acceptor, 0, &state.wait_mask) ||
		    !take_client(&client))
			return;
		serve(w, &client);
	}
}

int
service_worker(const struct service *service, const struct inherit *in,
	       unsigned slot)
{
	struct worker w = {
		.service = service, .in = in, .pid = getpid(), .slot = slot,
	};
	struct service_client client;
	struct err err;

	state.acceptor = acceptor_new(in->listeners, in->listener_count,
				      SERVICE_FD_MASTER, &err);
	if (state.acceptor == NULL) {
		log_error(&log_process, "%s", err.text);
		return EXIT_FAILURE;
	}
	status_init(in->board, slot, in->process->verbose_proctitle);
	/* Its birth, should the template not live to tell of it. */
	status_set(STATUS_IDLE, NULL, NULL, NULL);
	w.told_idle = report(&w, REPORT_IDLE);
	while (next_client(&w, &client))
		serve(&w, &client);
	serve_backlog(&w);
	acceptor_free(&state.acceptor);
	return EXIT_SUCCESS;
}

static bool
is_template(void)
{
	struct stat st;

	return fstat(SERVICE_FD_CONTROL, &st) == 0 && S_ISSOCK(st.st_mode);
}

static int
prepare(const struct service *service, struct inherit *in, struct err *err)
{
	if (inherit_open(service->name, in, err) < 0)
		return -1;
	state.listener_count = in->listener_count;
	if (service->own_log && inherit_own_log(in, err) < 0)
		return -1;
	if (service->init != NULL && service->init(in->conf, err) < 0)
		return -1;
	return inherit_drop(in, !service->as_service_user, err);
}

int
service_run(const struct service *service)
{
	static struct inherit in;	/* workers keep it until they exit */
	struct err err;
	unsigned slot;

	service_signals_init();
	if (prepare(service, &in, &err) < 0) {
		log_fatal(&log_process, "%s", err.text);
		return EXIT_SETTINGS;
	}
	if (is_template()) {
		slot = template_run(&in);
	} else {
		slot = in.slot;
		if (inherit_limit(&in, &err) < 0) {
			log_fatal(&log_process, "%s", err.text);
			return EXIT_SETTINGS;
		}
	}
	return service_worker(service, &in, slot);
}
