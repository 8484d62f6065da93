/*
 * A generation's processes, all services together; see generation.h.
 */
#include "master/generation.h"

#include <signal.h>

#include "core/err.h"
#include "core/str.h"
#include "master/process.h"
#include "master/spawn.h"
#include "master/workers.h"

bool
generation_start(struct generation *gen, bool with_log, struct str *errors)
{
	struct service *s;
	struct err err;

	TAILQ_FOREACH(s, &gen->services, link) {
		if (workers_prepare(s, &err) < 0) {
			str_printf(errors, "service(%s): %s\n", s->name,
				   err.text);
			return false;
		}
	}
	TAILQ_FOREACH(s, &gen->services, link) {
		if (s->kind == KIND_LOG && !with_log)
			continue;
		if (spawn_main(s, &err) < 0) {
			str_printf(errors, "service(%s): %s\n", s->name,
				   err.text);
			return false;
		}
	}
	return true;
}

bool
generation_ready(const struct generation *gen, bool with_log)
{
	const struct service *s;

	TAILQ_FOREACH(s, &gen->services, link) {
		if (s->kind == KIND_LOG && !with_log)
			continue;
		if (s->main == NULL || s->main->state == PROCESS_STARTING)
			return false;
	}
	return true;
}

void
generation_balance(struct generation *gen)
{
	struct service *s;

	TAILQ_FOREACH(s, &gen->services, link)
		workers_balance(s);
}

static void
release_services(struct generation *gen)
{
	struct service *s;

	TAILQ_FOREACH(s, &gen->services, link)
		workers_release(s);
}

void
generations_free_old(struct master *m)
{
	struct generation *gen, *next;

	for (gen = TAILQ_FIRST(&m->old); gen != NULL; gen = next) {
		next = TAILQ_NEXT(gen, link);
		if (gen->process_count > 0)
			continue;
		TAILQ_REMOVE(&m->old, gen, link);
		release_services(gen);
		generation_free(&gen);
	}
}

void
generation_retire(struct generation *gen, bool end_sessions)
{
	struct service *s;
	struct process *p;

	TAILQ_FOREACH(s, &gen->services, link) {
		workers_freeze(s);
		TAILQ_FOREACH(p, &s->workers, link)
			process_signal(p, end_sessions ? SIGTERM : SIGHUP,
				       true);
		if (s->kind == KIND_WORKERS)
			process_retire_template(s);
		else if (s->main != NULL)
			process_signal(s->main, SIGTERM, true);
	}
	TAILQ_INSERT_TAIL(&gen->master->old, gen, link);
}

unsigned
generation_unborn(const struct generation *gen)
{
	const struct service *s;
	const struct process *p;
	unsigned count = 0;

	TAILQ_FOREACH(s, &gen->services, link) {
		TAILQ_FOREACH(p, &s->workers, link)
			count += p->pid == 0;
	}
	return count;
}

bool
generations_old_born(const struct master *m)
{
	const struct generation *gen;

	TAILQ_FOREACH(gen, &m->old, link) {
		if (generation_unborn(gen) > 0)
			return false;
	}
	return true;
}
