/*
 * The table of children; see process.h.
 */
#include "master/process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"
#include "master/workers.h"
#include "service/board.h"
#include "service/loop.h"
#include "service/process-settings.h"

enum {
	EARLY_MAX = 64,
	DAEMON_SERVED_MS = 1000,	/* it lived so long: no pause */
};

/* Workers that died before their template's word of them came. */
static struct {
	pid_t pid;
	int status;
} early[EARLY_MAX];
static unsigned early_next;

/* --- birth -------------------------------------------------------------- */

struct process *
process_new(struct service *service, enum process_kind kind, pid_t pid)
{
	struct master *m = service->generation->master;
	struct process *p = mem_alloc(sizeof(*p));

	p->service = service;
	p->kind = kind;
	p->pid = pid;
	p->control_fd = -1;
	p->state = PROCESS_STARTING;
	p->since = clock_ms();
	(void)str_copy(p->name, sizeof(p->name), service->name);
	service->generation->process_count++;
	if (kind == PROCESS_WORKER) {
		TAILQ_INSERT_TAIL(&service->workers, p, link);
		service->worker_count++;
		service->idle_count++;
	}
	if (pid != 0)
		HASH_ADD_INT(m->processes, pid, p);
	return p;
}

void
process_set_state(struct process *p, enum process_state state)
{
	struct service *s = p->service;
	bool was = p->state != PROCESS_BUSY, is = state != PROCESS_BUSY;

	if (p->kind == PROCESS_WORKER && was != is && !p->told)
		s->idle_count = is ? s->idle_count + 1 : s->idle_count - 1;
	p->state = state;
	p->since = clock_ms();
	if (state == PROCESS_BUSY)
		p->served = true;
}

void
process_signal(struct process *p, int signo, bool told)
{
	if (told && !p->told) {
		/* It goes: it isn't there for the next client any more. */
		if (p->kind == PROCESS_WORKER && p->state != PROCESS_BUSY)
			p->service->idle_count--;
		p->told = true;
	}
	/* Gone already is fine: it will be reaped. */
	if (p->pid > 0)
		(void)kill(p->pid, signo);
}

void
process_retire_template(struct service *service)
{
	struct process *p = service->main;

	if (p == NULL)
		return;
	service->main = NULL;
	p->told = true;
	(void)shutdown(p->control_fd, SHUT_WR);
}

/* --- death -------------------------------------------------------------- */

static const char *
status_words(int status)
{
	switch (status) {
	case 83:
		return " (Out of memory)";
	case 84:
		return " (exec() failed)";
	case 89:
		return " (Fatal failure)";
	}
	return "";
}

static void
log_death(const struct process *p, int status)
{
	char who[64];

	(void)snprintf(who, sizeof(who), "service(%s): child %d", p->name,
		       (int)p->pid);
	if (WIFSIGNALED(status)) {
		/* SIGTERM kills who isn't yet ready for it. */
		if (p->told && (WTERMSIG(status) == SIGKILL ||
				WTERMSIG(status) == SIGTERM))
			return;
		log_error(&log_process, "%s killed with signal %d%s", who,
			  WTERMSIG(status), WCOREDUMP(status) ?
			  " (core dumped)" : " (core not dumped)");
	} else if (WEXITSTATUS(status) != 0) {
		log_error(&log_process, "%s returned error %d%s", who,
			  WEXITSTATUS(status),
			  status_words(WEXITSTATUS(status)));
	}
}

static void
worker_gone(struct process *p, int status)
{
	struct service *s = p->service;

	TAILQ_REMOVE(&s->workers, p, link);
	s->worker_count--;
	if (p->state != PROCESS_BUSY && !p->told)
		s->idle_count--;
	/* Before an upgrade's children had boards; they have none now. */
	if (s->slots != NULL)
		s->slots[p->slot] = NULL;
	if (s->board != NULL)
		board_clear(s->board, p->slot);
	if (WIFSIGNALED(status))
		s->restart_template = true;
}

static void
process_free(struct process *p)
{
	struct master *m = p->service->generation->master;

	loop_io_free(&p->control_io);
	if (p->control_fd >= 0)
		(void)close(p->control_fd);
	if (p->pid != 0)
		HASH_DEL(m->processes, p);
	p->service->generation->process_count--;
	free(p);
}

/* Workers it was asked for and never told of will not come. */
static void
template_gone(struct process *p)
{
	struct process *w, *next;

	for (w = TAILQ_FIRST(&p->service->workers); w != NULL; w = next) {
		next = TAILQ_NEXT(w, link);
		if (w->parent != p)
			continue;
		w->parent = NULL;
		if (w->pid != 0)
			continue;
		worker_gone(w, 0);
		process_free(w);
	}
}

static bool
of_use(const struct process *p)
{
	if (p->kind == PROCESS_WORKER || p->kind == PROCESS_TEMPLATE)
		return p->served;
	return p->state != PROCESS_STARTING &&
		clock_ms() - p->since >= DAEMON_SERVED_MS;
}

static void
process_died(struct process *p, int status)
{
	struct service *s = p->service;
	struct master *m = s->generation->master;
	bool was_main = s->main == p, unready = p->state == PROCESS_STARTING;
	bool at_birth = !p->told && !of_use(p) && (status != 0 || was_main);

	log_death(p, status);
	if (p->kind == PROCESS_WORKER)
		worker_gone(p, status);
	else if (p->kind == PROCESS_TEMPLATE)
		template_gone(p);
	if (was_main)
		s->main = NULL;
	process_free(p);
	if (was_main && unready && (m->starting || s->generation == m->next))
		life_failed(s);
	else if (s->generation == m->now && !m->stopping)
		workers_lost(s, at_birth);
	life_gone(m);
}

static void
note_early(pid_t pid, int status)
{
	early[early_next % EARLY_MAX].pid = pid;
	early[early_next % EARLY_MAX].status = status;
	early_next++;
}

static bool
died_early(pid_t pid, int *status_r)
{
	for (unsigned i = 0; i < EARLY_MAX; i++) {
		if (early[i].pid == pid) {
			early[i].pid = 0;
			*status_r = early[i].status;
			return true;
		}
	}
	return false;
}

/* --- what templates and daemons say ------------------------------------- */

static bool
is_our_child(pid_t pid)
{
	siginfo_t info;

	return pid > 0 && waitid(P_PID, (id_t)pid, &info,
				 WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* How to ask a worker to end that is born too late: a client may have been
   faster than we are. */
static int
end_signal(const struct master *m)
{
	return m->stopping || m->now->process->shutdown_clients ? SIGTERM :
		SIGHUP;
}

static void
on_spawned(struct process *template, const struct control_answer *answer)
{
	struct service *s = template->service;
	struct master *m = s->generation->master;
	struct process *w = answer->slot < s->process_limit ?
		s->slots[answer->slot] : NULL;
	int status;

	if (w == NULL || w->parent != template)
		return;
	w->parent = NULL;
	if (answer->kind == ANSWER_FAILED) {
		worker_gone(w, 0);
		process_free(w);
		workers_lost(s, true);
		return;
	}
	if (w->pid == 0) {	/* else its own report was faster */
		w->pid = answer->pid;
		HASH_ADD_INT(m->processes, pid, w);
	}
	/* Who is still there has got the pid of one that died before. */
	if (died_early(w->pid, &status) && !is_our_child(w->pid))
		process_died(w, status);
	else if (w->told || m->stopping)
		process_signal(w, end_signal(m), true);
	life_born(m);
}

static void
on_answer(struct process *p, const struct control_answer *answer)
{
	if (answer->kind != ANSWER_READY) {
		on_spawned(p, answer);
		return;
	}
	if (p->state == PROCESS_STARTING) {
		process_set_state(p, PROCESS_IDLE);
		life_ready(p);
	}
}

static void
on_control(void *arg)
{
	struct process *p = arg;
	struct control_answer answer;
	ssize_t n;

	while ((n = recv(p->control_fd, &answer, sizeof(answer),
			 MSG_DONTWAIT)) == sizeof(answer))
		on_answer(p, &answer);
	/* Its end; SIGCHLD tells the rest. */
	if (n >= 0 || (errno != EAGAIN && errno != EINTR))
		loop_io_free(&p->control_io);
}

void
process_set_control(struct process *p, int fd)
{
	p->control_fd = fd;
	p->control_io = loop_io_new(p->service->generation->master->loop, fd,
				    LOOP_READ, on_control, p);
}

static struct process *
find(const struct master *m, pid_t pid)
{
	struct process *p;

	HASH_FIND_INT(m->processes, &pid, p);
	return p;
}

/* Births before deaths. The list may change under us, by a death. */
static void
drain_controls(struct master *m)
{
	struct process *p, *next;

	HASH_ITER(hh, m->processes, p, next) {
		if (p->kind == PROCESS_TEMPLATE && p->control_io != NULL)
			on_control(p);
	}
}

static bool
reap(struct master *m, pid_t pid, int status)
{
	struct process *p = find(m, pid);
	bool worker = p == NULL || p->kind == PROCESS_WORKER;

	if (p != NULL)
		process_died(p, status);
	else
		note_early(pid, status);
	return worker;
}

void
process_reap(struct master *m)
{
	bool workers = false;
	struct service *s;
	int status;
	pid_t pid;

	drain_controls(m);
	/* Who has said that he serves is no failed birth. */
	TAILQ_FOREACH(s, &m->now->services, link)
		workers_read_reports(s);
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		workers = reap(m, pid, status) || workers;
	if (!workers)
		return;
	TAILQ_FOREACH(s, &m->now->services, link)
		workers_look(s);
}

struct process *
process_reported(struct service *s, pid_t pid, unsigned slot)
{
	struct master *m = s->generation->master;
	struct process *p = find(m, pid);

	if (p != NULL)
		return p->service == s && p->kind == PROCESS_WORKER ? p :
			NULL;
	if (!is_our_child(pid))
		return NULL;
	p = slot < s->process_limit ? s->slots[slot] : NULL;
	if (p == NULL || p->pid != 0) {
		/* Its template died before telling us: nobody counts it. */
		(void)kill(pid, end_signal(m));
		return NULL;
	}
	p->pid = pid;
	HASH_ADD_INT(m->processes, pid, p);
	if (p->told || m->stopping)
		process_signal(p, end_signal(m), true);
	life_born(m);
	return p;
}
