/*
 * The event loop over libevent; see loop.h. No other file knows libevent.
 */
#include "service/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "core/log.h"
#include "core/pool.h"

struct loop {
	struct event_base *base;
};

/* The three kinds differ for the caller only. */
struct watch {
	struct event *event;
	loop_fn *fn;
	void *arg;
};

struct loop_io {
	struct watch watch;
	struct loop *loop;
	int fd;
};

struct loop_timer {
	struct watch watch;
};

struct loop_signal {
	struct watch watch;
};

static void __attribute__((noreturn))
die(const char *call)
{
	log_fatal(&log_process, "%s failed: %s", call, strerror(errno));
	exit(EXIT_FAILURE);
}

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	struct watch *watch = arg;

	(void)fd;
	(void)what;
	watch->fn(watch->arg);
}

/* What libevent warns of also fails a call, whose caller tells it better. */
static void
on_libevent_log(int severity, const char *text)
{
	(void)severity;
	log_debug(&log_process, "libevent: %s", text);
}

struct loop *
loop_new(void)
{
	struct loop *loop = mem_alloc(sizeof(*loop));
	struct event_config *config = event_config_new();

	event_set_log_callback(on_libevent_log);
	/* No environment variable chooses how we wait. */
	if (config == NULL ||
	    event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV) != 0)
		die("event_config_new()");
	loop->base = event_base_new_with_config(config);
	if (loop->base == NULL)
		die("event_base_new()");
	event_config_free(config);
	return loop;
}

void
loop_free(struct loop **loopp)
{
	if (*loopp == NULL)
		return;
	event_base_free((*loopp)->base);
	free(*loopp);
	*loopp = NULL;
}

void
loop_run(struct loop *loop)
{
	if (event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY) < 0)
		die("event_base_loop()");
}

void
loop_stop(struct loop *loop)
{
	if (event_base_loopbreak(loop->base) < 0)
		die("event_base_loopbreak()");
}

static void
watch_free(struct watch *watch)
{
	if (watch->event != NULL)
		event_free(watch->event);
	watch->event = NULL;
}

int
loop_io_set(struct loop_io *io, unsigned what)
{
	short events = EV_PERSIST;

	if ((what & LOOP_READ) != 0)
		events |= EV_READ;
	if ((what & LOOP_WRITE) != 0)
		events |= EV_WRITE;
	watch_free(&io->watch);
	if (what == 0)
		return 0;
	io->watch.event = event_new(io->loop->base, io->fd, events, on_event,
				    &io->watch);
	if (io->watch.event == NULL)
		die("event_new()");
	return event_add(io->watch.event, NULL);
}

struct loop_io *
loop_io_new(struct loop *loop, int fd, unsigned what, loop_fn *fn, void *arg)
{
	struct loop_io *io = mem_alloc(sizeof(*io));

	io->loop = loop;
	io->fd = fd;
	io->watch.fn = fn;
	io->watch.arg = arg;
	if (loop_io_set(io, what) < 0) {
		int saved_errno = errno;

		loop_io_free(&io);
		errno = saved_errno;
	}
	return io;
}

void
loop_io_free(struct loop_io **iop)
{
	if (*iop == NULL)
		return;
	watch_free(&(*iop)->watch);
	free(*iop);
	*iop = NULL;
}

struct loop_timer *
loop_timer_new(struct loop *loop, loop_fn *fn, void *arg)
{
	struct loop_timer *timer = mem_alloc(sizeof(*timer));

	timer->watch.fn = fn;
	timer->watch.arg = arg;
	timer->watch.event = evtimer_new(loop->base, on_event, &timer->watch);
	if (timer->watch.event == NULL)
		die("evtimer_new()");
	return timer;
}

void
loop_timer_set(struct loop_timer *timer, int64_t ms)
{
	struct timeval tv = { 0, 0 };

	if (ms > 0) {
		tv.tv_sec = ms / 1000;
		tv.tv_usec = ms % 1000 * 1000;
	}
	if (evtimer_add(timer->watch.event, &tv) < 0)
		die("evtimer_add()");
}

void
loop_timer_clear(struct loop_timer *timer)
{
	if (timer != NULL && evtimer_del(timer->watch.event) < 0)
		die("evtimer_del()");
}

void
loop_timer_free(struct loop_timer **timerp)
{
	if (*timerp == NULL)
		return;
	watch_free(&(*timerp)->watch);
	free(*timerp);
	*timerp = NULL;
}

struct loop_signal *
loop_signal_new(struct loop *loop, int signo, loop_fn *fn, void *arg)
{
	struct loop_signal *sig = mem_alloc(sizeof(*sig));

	sig->watch.fn = fn;
	sig->watch.arg = arg;
	sig->watch.event = evsignal_new(loop->base, signo, on_event,
					&sig->watch);
	if (sig->watch.event == NULL || evsignal_add(sig->watch.event, NULL) < 0)
		die("evsignal_new()");
	return sig;
}

void
loop_signal_free(struct loop_signal **signalp)
{
	if (*signalp == NULL)
		return;
	watch_free(&(*signalp)->watch);
	free(*signalp);
	*signalp = NULL;
}
