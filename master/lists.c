/*
 * Lists of processes and services; see lists.h. What a worker says of itself
 * on the board is shown, not believed.
 */
#include "master/lists.h"

#include <unistd.h>

#include "core/clock.h"
#include "core/str.h"
#include "master/master.h"
#include "service/board.h"
#include "service/service-settings.h"

static const char *
state_name(const struct process *p, const struct board_entry *entry)
{
	static const char *const board_names[] = {
		"idle", "session", "transaction", "data"
	};

	if (p->kind != PROCESS_WORKER)
		return p->state == PROCESS_STARTING ? "starting" : "running";
	if (p->state != PROCESS_BUSY && p->told)
		return "ending";
	return entry != NULL ? board_names[entry->state] :
		p->state == PROCESS_BUSY ? "session" : "starting";
}

static void
list_process(const struct process *p, struct str *lines)
{
	static const char *const kinds[] = {
		"worker", "template", "daemon", "log"
	};
	struct board_entry entry;
	bool known = p->kind == PROCESS_WORKER && p->service->board != NULL &&
		board_read(p->service->board, p->slot, &entry) &&
		entry.pid == p->pid;
	const struct generation *gen = p->service->generation;

	str_printf(lines, "%s\t%d\t%s\t%s\t%s\t%lld\t%s\t%s\t%s\n", p->name,
		   (int)p->pid, kinds[p->kind],
		   state_name(p, known ? &entry : NULL),
		   gen == gen->master->now ? "current" : "old",
		   (long long)(clock_ms() -
			       (known ? entry.since : p->since)) / 1000,
		   known ? entry.user : "", known ? entry.peer : "",
		   known ? entry.what : "");
}

void
list_processes(const struct master *m, struct str *lines)
{
	str_append(lines, "name\tpid\tkind\tstate\tgeneration\tsecs\tuser\t"
		   "peer\twhat\n");
	str_printf(lines, "master\t%d\tmaster\trunning\tcurrent\t%lld\t\t\t\n",
		   (int)getpid(),
		   (long long)(clock_ms() - m->started) / 1000);
	for (const struct process *p = m->processes; p != NULL;
	     p = p->hh.next)
		list_process(p, lines);
}

void
list_services(const struct master *m, struct str *lines)
{
	const struct service *s;

	str_append(lines, "name\tprocess_count\tprocess_avail\tprocess_limit\t"
		   "process_min_avail\tclient_limit\tlisteners\t"
		   "process_total\tlimit_reached\tthrottle_msecs\n");
	TAILQ_FOREACH(s, &m->now->services, link) {
		bool workers = s->kind == KIND_WORKERS;

		str_printf(lines, "%s\t%u\t%u\t%u\t%u\t%u\t%u\t%lu\t%lu\t%u\n",
			   s->name, workers ? s->worker_count :
			   s->main != NULL, workers ? s->idle_count : 0,
			   s->process_limit, s->set->process_min_avail,
			   s->client_limit,
			   s->listener_count, s->process_total,
			   s->limit_count, s->pausing ? s->pause_ms : 0);
	}
}
