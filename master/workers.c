/*
 * A service at work; see workers.h.
 */
#include "master/workers.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "master/avail.h"
#include "master/listen.h"
#include "master/logs.h"
#include "master/process.h"
#include "master/spawn.h"
#include "service/board.h"
#include "service/loop.h"
#include "service/service-settings.h"

enum {
	PAUSE_MIN_MS = 50,
	PAUSE_MAX_MS = 3000,
	LIMIT_LOOK_MS = 250,	/* at process_limit: look for who may yield */
	LIMIT_TELL_MS = 60000,	/* say so at most this often */
	YIELD_AFTER_MS = 5000,	/* a session that long idle may be ended */
	REPORTS_MAX = 128,	/* read at once */
	REST_MS = 5,		/* from reading reports */
	REST_AFTER_MS = 100,	/* the last worker was asked for */
	LOOK_MS = 50,		/* a client waits: does he still? */
	BIRTH_MS = 5000,	/* no word for so long: the template hangs */
};

static struct avail
avail_of(const struct service *s, bool client_waits)
{
	return (struct avail){ s->set->process_min_avail, s->process_limit,
		s->worker_count, s->idle_count, client_waits };
}

static bool
current(const struct service *s)
{
	const struct master *m = s->generation->master;

	return s->generation == m->now && !m->stopping;
}

/* --- starting ----------------------------------------------------------- */

static void
pause_starts(struct service *s)
{
	s->pause_ms = s->pause_ms == 0 ? PAUSE_MIN_MS : s->pause_ms * 2;
	if (s->pause_ms > PAUSE_MAX_MS)
		s->pause_ms = PAUSE_MAX_MS;
	s->pausing = true;
	loop_timer_set(s->pause_timer, s->pause_ms);
}

/* The template, daemon or log process must be there, and not be one whose
   worker crashed. */
static bool
have_main(struct service *s)
{
	struct err err;

	/* Two log processes would read lines in pieces. */
	if (s->kind == KIND_LOG && logs_writer_lives(s->generation->master))
		return s->main != NULL;
	if (s->restart_template && s->kind == KIND_WORKERS)
		process_retire_template(s);
	if (s->main != NULL)
		return true;
	if (spawn_main(s, &err) == 0)
		return true;
	log_error(&log_process, "service(%s): %s", s->name, err.text);
	pause_starts(s);
	return false;
}

static void
watch(struct service *s, bool on);

static void
start_workers(struct service *s, bool client_waits)
{
	struct avail avail = avail_of(s, client_waits);

	for (unsigned n = avail_start(&avail); n > 0; n--) {
		if (!have_main(s))
			return;
		if (spawn_worker(s) < 0) {
			pause_starts(s);
			return;
		}
		s->spawned_at = clock_ms();
		loop_timer_set(s->birth_timer, BIRTH_MS);
	}
}

/* The last request is so old: another template is to make the workers when
   this one doesn't. */
static void
on_birth_timer(void *arg)
{
	struct service *s = arg;
	const struct process *p;

	TAILQ_FOREACH(p, &s->workers, link) {
		if (p->pid != 0 || p->parent == NULL)
			continue;
		log_error(&log_process, "service(%s): template %d doesn't "
			  "answer, killing it", s->name, (int)p->parent->pid);
		process_signal(p->parent, SIGKILL, false);
		return;
	}
}

/* --- process_limit ------------------------------------------------------ */

static bool
may_yield(const struct service *s, const struct process *p, int64_t now,
	  struct board_entry *entry)
{
	return p->state == PROCESS_BUSY && !p->told &&
		now - p->yield_at >= YIELD_AFTER_MS &&
		board_read(s->board, p->slot, entry) &&
		entry->pid == p->pid && entry->state == STATUS_SESSION &&
		now - entry->since >= YIELD_AFTER_MS;
}

/* Clients wait: the session that idles longest outside a transaction goes. */
static void
ask_oldest_to_yield(struct service *s)
{
	int64_t now = clock_ms(), oldest = INT64_MAX;
	struct process *p, *chosen = NULL;
	struct board_entry entry;

	TAILQ_FOREACH(p, &s->workers, link) {
		if (may_yield(s, p, now, &entry) && entry.since < oldest) {
			oldest = entry.since;
			chosen = p;
		}
	}
	if (chosen == NULL)
		return;
	chosen->yield_at = now;
	process_signal(chosen, SIGUSR2, false);
}

static void
tell_limit(struct service *s)
{
	int64_t now = clock_ms();

	s->limit_count++;
	if (s->limit_told && now - s->limit_told_at < LIMIT_TELL_MS)
		return;
	s->limit_told = true;
	s->limit_told_at = now;
	log_warning(&log_process, "service(%s): process_limit (%u) reached, "
		    "client connections are waiting", s->name,
		    s->process_limit);
}

static void
on_limit_timer(void *arg)
{
	struct service *s = arg;
	struct avail avail = avail_of(s, false);

	if (!current(s))
		return;
	if (avail_exhausted(&avail) && listeners_waiting(s)) {
		ask_oldest_to_yield(s);
		loop_timer_set(s->limit_timer, LIMIT_LOOK_MS);
		return;
	}
	s->limited = false;
	workers_balance(s);
}

/* --- listeners ---------------------------------------------------------- */

static void
on_client(void *arg)
{
	struct listener *l = arg;
	struct service *s = l->service;
	struct avail avail = avail_of(s, true);

	if (avail_exhausted(&avail)) {
		watch(s, false);
		tell_limit(s);
		s->limited = true;
		loop_timer_set(s->limit_timer, LIMIT_LOOK_MS);
		return;
	}
	if (s->pausing) {
		watch(s, false);
		return;
	}
	if (avail.idle == 0)
		start_workers(s, true);
	workers_balance(s);
}

static void
watch(struct service *s, bool on)
{
	struct listener *l;

	TAILQ_FOREACH(l, &s->listeners, link) {
		if (!on) {
			loop_io_free(&l->io);
		} else if (l->io == NULL) {
			l->io = loop_io_new(s->generation->master->loop,
					    l->fd, LOOP_READ, on_client, l);
			if (l->io == NULL)
				log_error(&log_process, "service(%s): can't "
					  "watch listener %s: %s", s->name,
					  l->name, strerror(errno));
		}
	}
}

/* The kernel wakes one idle worker for a client; when that one ended
   instead, the others sleep on. */
void
workers_look(struct service *s)
{
	struct process *p;

	if (!current(s) || s->kind != KIND_WORKERS || !listeners_waiting(s))
		return;
	TAILQ_FOREACH(p, &s->workers, link) {
		if (p->state != PROCESS_BUSY && !p->told)
			process_signal(p, SIGUSR2, false);
	}
	/* Until a look finds nobody: who is idle by then may sleep, too. */
	loop_timer_set(s->look_timer, LOOK_MS);
}

static void
on_look_timer(void *arg)
{
	workers_look(arg);
}

/* --- idle_kill ---------------------------------------------------------- */

/* The worker that idles longest, if it may go; else when to look again. */
static struct process *
longest_idle(const struct service *s, int64_t now, int64_t *wait_r)
{
	int64_t limit = (int64_t)s->idle_kill * 1000, oldest = INT64_MAX;
	struct process *p, *chosen = NULL;

	TAILQ_FOREACH(p, &s->workers, link) {
		if (p->state == PROCESS_IDLE && !p->told && p->since < oldest) {
			oldest = p->since;
			chosen = p;
		}
	}
	if (chosen == NULL)
		*wait_r = limit;
	else if (now - oldest < limit)
		*wait_r = limit - (now - oldest);
	else
		return chosen;
	return NULL;
}

static void
on_idle_timer(void *arg)
{
	struct service *s = arg;
	int64_t now = clock_ms(), wait = 0;
	struct avail avail = avail_of(s, false);
	struct process *p;

	if (!current(s))
		return;
	for (unsigned n = avail_surplus(&avail); n > 0; n--) {
		p = longest_idle(s, now, &wait);
		if (p == NULL) {
			loop_timer_set(s->idle_timer, wait);
			break;
		}
		process_signal(p, SIGHUP, true);
	}
	workers_balance(s);
}

static void
expect_idle_kill(struct service *s)
{
	struct avail avail = avail_of(s, false);
	int64_t wait = 0;

	/* 4294967295 secs, Dovecot's word for never. */
	if (avail_surplus(&avail) == 0 || s->idle_kill == UINT32_MAX) {
		loop_timer_clear(s->idle_timer);
		return;
	}
	(void)longest_idle(s, clock_ms(), &wait);
	loop_timer_set(s->idle_timer, wait);
}

/* --- reports ------------------------------------------------------------ */

static void
on_report(struct service *s, const struct service_report *report)
{
	struct process *p = process_reported(s, report->pid, report->slot);

	if (p == NULL)
		return;
	process_set_state(p, report->state == REPORT_BUSY ? PROCESS_BUSY :
			  PROCESS_IDLE);
	if (report->state == REPORT_BUSY)
		s->pause_ms = 0;
}

/* False when there are none (more) now. */
static bool
read_reports(struct service *s)
{
	struct service_report reports[REPORTS_MAX];
	ssize_t n = read(s->status_fds[0], reports, sizeof(reports));

	for (ssize_t i = 0; i < n / (ssize_t)sizeof(*reports); i++)
		on_report(s, &reports[i]);
	return n == sizeof(reports);
}

void
workers_read_reports(struct service *s)
{
	if (s->status_io == NULL)
		return;
	while (read_reports(s))
		continue;
}

/* There are enough idle ones, and have been for a while: nothing needs to be
   done at once. */
static bool
comfortable(const struct service *s)
{
	return s->idle_count > 0 && s->idle_count >= s->set->process_min_avail
		&& clock_ms() - s->spawned_at >= REST_AFTER_MS;
}

/* The first report of a burst is read at once. To read each of those after
   it would cost two context switches a connection. */
static void
on_status(void *arg)
{
	struct service *s = arg;

	(void)read_reports(s);
	if (!current(s))
		return;
	workers_balance(s);
	if (!comfortable(s))
		return;
	(void)loop_io_set(s->status_io, 0);
	loop_timer_set(s->rest_timer, REST_MS);
}

static void
on_rest_over(void *arg)
{
	struct service *s = arg;

	(void)loop_io_set(s->status_io, LOOP_READ);
}

/* --- the service -------------------------------------------------------- */

void
workers_balance(struct service *s)
{
	struct avail avail;

	if (!current(s) || s->pausing)
		return;
	if (!have_main(s) || s->kind != KIND_WORKERS)
		return;
	start_workers(s, false);
	avail = avail_of(s, false);
	if (!avail_exhausted(&avail))
		s->limited = false;
	watch(s, avail_watch(&avail) && !s->limited);
	expect_idle_kill(s);
}

static void
on_pause_over(void *arg)
{
	struct service *s = arg;

	s->pausing = false;
	workers_balance(s);
}

void
workers_lost(struct service *s, bool birth)
{
	if (birth && !s->pausing)
		pause_starts(s);
	else
		workers_balance(s);
}

int
workers_prepare(struct service *s, struct err *err)
{
	struct loop *loop = s->generation->master->loop;

	s->pause_timer = loop_timer_new(loop, on_pause_over, s);
	s->idle_timer = loop_timer_new(loop, on_idle_timer, s);
	s->limit_timer = loop_timer_new(loop, on_limit_timer, s);
	s->birth_timer = loop_timer_new(loop, on_birth_timer, s);
	s->look_timer = loop_timer_new(loop, on_look_timer, s);
	s->rest_timer = loop_timer_new(loop, on_rest_over, s);
	if (spawn_prepare(s, err) < 0)
		return -1;
	s->status_io = loop_io_new(loop, s->status_fds[0], LOOP_READ,
				   on_status, s);
	return s->status_io != NULL ? 0 : err_sys(err, "epoll_ctl(status)");
}

void
workers_freeze(struct service *s)
{
	if (s->status_io == NULL)	/* it never came to be */
		return;
	watch(s, false);
	loop_timer_clear(s->pause_timer);
	loop_timer_clear(s->idle_timer);
	loop_timer_clear(s->limit_timer);
	loop_timer_clear(s->birth_timer);
	loop_timer_clear(s->look_timer);
}

void
workers_release(struct service *s)
{
	watch(s, false);
	loop_timer_free(&s->pause_timer);
	loop_timer_free(&s->idle_timer);
	loop_timer_free(&s->limit_timer);
	loop_timer_free(&s->birth_timer);
	loop_timer_free(&s->look_timer);
	loop_timer_free(&s->rest_timer);
	loop_io_free(&s->status_io);
	spawn_release(s);
}
