/*
 * The end of the daemon; see stop.h.
 */
#include "master/stop.h"

#include <signal.h>

#include "core/log.h"
#include "master/generation.h"
#include "master/listen.h"
#include "master/process.h"
#include "master/spawn.h"
#include "master/workers.h"
#include "service/loop.h"

enum {
	IN_FLIGHT_MS = 5500,	/* messages in hand at a stop have 5 s */
	KILL_MS = 2000,		/* what was killed is gone, or never goes */
};

void
stop_answer_backlog(struct master *m)
{
	struct service *s;

	TAILQ_FOREACH(s, &m->now->services, link) {
		if (s->kind == KIND_WORKERS && s->status_io != NULL &&
		    s->idle_count == 0 && listeners_waiting(s))
			(void)spawn_worker(s);
	}
}

static void
stop_sessions(struct master *m)
{
	struct process *p;
	struct service *s;

	TAILQ_FOREACH(s, &m->now->services, link) {
		workers_freeze(s);
		if (s->kind != KIND_WORKERS)
			continue;
		listeners_unlink(s);
		process_retire_template(s);
	}
	for (p = m->processes; p != NULL; p = p->hh.next) {
		if (p->kind == PROCESS_WORKER)
			process_signal(p, SIGTERM, true);
	}
}

/* How many of these kinds live; those not yet told are asked to end. */
static unsigned
end_kind(struct master *m, enum process_kind kind)
{
	struct process *p;
	unsigned count = 0;

	for (p = m->processes; p != NULL; p = p->hh.next) {
		if (p->kind != kind)
			continue;
		count++;
		if (!p->told)
			process_signal(p, SIGTERM, true);
	}
	return count;
}

/* A log process that isn't ready would die of the signal, and the reason why
   we stop with it. */
static bool
log_is_starting(const struct master *m)
{
	const struct process *p;

	for (p = m->processes; p != NULL; p = p->hh.next) {
		if (p->kind == PROCESS_LOG && p->state == PROCESS_STARTING)
			return true;
	}
	return false;
}

void
stop_step(struct master *m)
{
	if (end_kind(m, PROCESS_WORKER) + end_kind(m, PROCESS_TEMPLATE) +
	    generation_unborn(m->now) > 0)
		return;
	if (end_kind(m, PROCESS_DAEMON) > 0)
		return;
	if (!m->killing && log_is_starting(m))
		return;
	if (end_kind(m, PROCESS_LOG) > 0)
		return;
	loop_stop(m->loop);
}

static void
on_stop_timer(void *arg)
{
	struct master *m = arg;
	struct process *p;

	if (m->killing) {
		/* In the kernel's hands, but for a log process that hangs. */
		for (p = m->processes; p != NULL; p = p->hh.next)
			process_signal(p, SIGKILL, true);
		loop_stop(m->loop);
		return;
	}
	m->killing = true;
	for (p = m->processes; p != NULL; p = p->hh.next) {
		if (p->kind == PROCESS_LOG)
			continue;
		log_warning(&log_process, "service(%s): process %d doesn't "
			    "end, killing it", p->name, (int)p->pid);
		process_signal(p, SIGKILL, true);
	}
	loop_timer_set(m->stop_timer, KILL_MS);
}

void
stop_begin(struct master *m)
{
	m->stop_timer = loop_timer_new(m->loop, on_stop_timer, m);
	loop_timer_set(m->stop_timer, IN_FLIGHT_MS);
	stop_sessions(m);
	stop_step(m);
}
