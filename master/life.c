/*
 * The life of the daemon: start and reload, and who hears of what (the stop
 * is in stop.c). Each is a sequence of steps that the death or readiness of a
 * child moves on; nothing here waits.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "config.h"
#include "conf/conf.h"
#include "conf/snapshot.h"
#include "core/err.h"
#include "core/log.h"
#include "core/str.h"
#include "master/control.h"
#include "master/generation.h"
#include "master/listen.h"
#include "master/logs.h"
#include "master/master-settings.h"
#include "master/master.h"
#include "master/process.h"
#include "master/stop.h"
#include "master/upgrade.h"
#include "master/workers.h"
#include "service/loop.h"
#include "service/process-settings.h"

enum {
	EXIT_SETTINGS = 89,
	READY_MS = 10000,	/* templates and daemons get ready within */
	BORN_MS = 1000,		/* a reload's answer waits for births */
};

static void
log_lines(enum log_level level, const char *prefix, const char *lines)
{
	while (*lines != '\0') {
		size_t len = strcspn(lines, "\n");

		log_write(&log_process, level, "%s%.*s", prefix, (int)len,
			  lines);
		lines += len + (lines[len] == '\n');
	}
}

/* From now on no client gets the old settings. */
static void
finish_reload(struct master *m)
{
	m->finishing = false;
	control_reloaded(m->control, true, "");
	/* A new program waits until somebody asks for a reload. */
	if (!m->stopping && !m->renewing && upgrade_wanted(m))
		upgrade_execute(m);
}

/* --- start -------------------------------------------------------------- */

static void
log_startup(const struct master *m)
{
	struct rlimit core;
	const struct service *s;
	const char *what = "without any protocols";

	TAILQ_FOREACH(s, &m->now->services, link) {
		if (strcmp(s->name, "lmtp") == 0)
			what = "for lmtp";
	}
	log_info(&log_process, "Loft v%s starting up %s%s", PACKAGE_VERSION,
		 what, getrlimit(RLIMIT_CORE, &core) == 0 &&
		 core.rlim_cur == 0 ? " (core dumps disabled)" : "");
}

static void
on_start_timer(void *arg)
{
	struct master *m = arg;
	struct service *s;

	if (m->finishing && m->next == NULL) {
		finish_reload(m);
		return;
	}
	TAILQ_FOREACH(s, &(m->next != NULL ? m->next : m->now)->services,
		      link) {
		if (s->kind == KIND_LOG && m->next != NULL)
			continue;
		if (s->main == NULL || s->main->state == PROCESS_STARTING) {
			log_error(&log_process, "service(%s): not ready "
				  "after %d secs", s->name, READY_MS / 1000);
			life_failed(s);
			return;
		}
	}
}

bool
life_start(struct master *m, struct generation *gen, struct str *errors)
{
	m->now = gen;
	m->starting = true;
	m->start_timer = loop_timer_new(m->loop, on_start_timer, m);
	log_startup(m);
	if (!generation_start(gen, true, errors))
		return false;
	loop_timer_set(m->start_timer, READY_MS);
	return true;
}

void
life_resume(struct master *m)
{
	m->start_timer = loop_timer_new(m->loop, on_start_timer, m);
	log_info(&log_process, "Loft v%s goes on in place", PACKAGE_VERSION);
	process_reap(m);
	generation_balance(m->now);
}

static void
tell_parent(struct master *m, int status)
{
	char byte = (char)status;
	int null_fd;

	if (m->ready_fd < 0)
		return;
	/* Our parent may be gone; then nobody waits. */
	(void)!write(m->ready_fd, &byte, 1);
	(void)close(m->ready_fd);
	m->ready_fd = -1;
	/* From now on nothing is said on the terminal. */
	null_fd = dup(STDIN_FILENO);
	if (null_fd >= 0) {
		(void)dup2(null_fd, STDERR_FILENO);
		(void)close(null_fd);
	}
}

/* Who asked while a reload was under way wants what the file said then. The
   answer to all is that of the last one. */
static bool
reload_once_more(struct master *m)
{
	struct str errors = STR_INIT;

	if (!m->reload_again || m->stopping)
		return false;
	m->reload_again = false;
	if (!life_reload(m, &errors))
		control_reloaded(m->control, false, str_c(&errors));
	str_free(&errors);
	return true;
}

static void
started(struct master *m)
{
	m->starting = false;
	loop_timer_clear(m->start_timer);
	tell_parent(m, 0);
	generation_balance(m->now);
	(void)reload_once_more(m);
}

static void
start_failed(struct master *m, const struct service *s)
{
	m->starting = false;
	m->status = EXIT_SETTINGS;
	loop_timer_clear(m->start_timer);
	log_fatal(&log_process, "service(%s) could not be started", s->name);
	(void)!dprintf(STDERR_FILENO, "loft: Fatal: service(%s) could not be "
		       "started; the log says why\n", s->name);
	life_stop(m);
}

/* --- reload ------------------------------------------------------------- */

static struct generation *
load(struct master *m, struct conf *conf, struct str *errors,
     struct str *warnings)
{
	struct generation *gen;

	if (conf == NULL &&
	    conf_load(m->config_file, &conf, errors, warnings) < 0)
		return NULL;
	gen = generation_new(m, conf, errors, warnings);
	if (gen == NULL)
		return NULL;
	if (strcmp(gen->process->base_dir, m->now->process->base_dir) != 0)
		str_append(errors, "base_dir can't be changed by a reload\n");
	logs_check(gen, errors);
	if (errors->len == 0 && listeners_open(gen, m->now, errors))
		return gen;
	generation_free(&gen);
	return NULL;
}

/* shutdown_clients: at their next command, of whatever generation. */
static void
end_old_sessions(struct master *m)
{
	struct process *p;

	for (p = m->processes; p != NULL; p = p->hh.next) {
		if (p->kind == PROCESS_WORKER &&
		    p->service->generation != m->now)
			process_signal(p, SIGTERM, true);
	}
}

/* The new generation stands: it takes over, the old one goes. */
static void
commit(struct master *m)
{
	struct generation *old = m->now;

	loop_timer_clear(m->start_timer);
	m->now = m->next;
	m->next = NULL;
	listeners_commit(m->now, old);
	generation_retire(old, m->now->process->shutdown_clients);
	if (m->now->process->shutdown_clients)
		end_old_sessions(m);
	listeners_close(old);
	generation_balance(m->now);
	generations_free_old(m);
	log_info(&log_process, "Configuration reloaded");
	if (reload_once_more(m))
		return;
	/* A worker that its template still makes might take a client before
	   it can be told. */
	m->finishing = true;
	loop_timer_set(m->start_timer, BORN_MS);
	life_born(m);
}

static void
abort_reload(struct master *m, const char *why)
{
	struct generation *gen = m->next;

	m->next = NULL;
	loop_timer_clear(m->start_timer);
	log_lines(LOG_LEVEL_ERROR, "Reload refused, the old configuration "
		  "stays: ", why);
	listeners_close(gen);
	generation_retire(gen, true);
	generations_free_old(m);
	if (!reload_once_more(m))
		control_reloaded(m->control, false, why);
}

static bool
begin_reload(struct master *m, struct conf *conf, struct str *errors,
	     struct str *warnings)
{
	struct generation *gen;

	gen = load(m, conf, errors, warnings);
	if (gen == NULL)
		return false;
	m->next = gen;
	loop_timer_set(m->start_timer, READY_MS);
	if (generation_start(gen, false, errors))
		return true;
	m->next = NULL;
	loop_timer_clear(m->start_timer);
	listeners_close(gen);
	generation_retire(gen, true);
	generations_free_old(m);
	return false;
}

/* With this configuration, which it takes over; NULL: the file's. */
static bool
reload(struct master *m, struct conf *conf, struct str *errors)
{
	struct str warnings = STR_INIT;
	bool begun = begin_reload(m, conf, errors, &warnings);

	log_lines(LOG_LEVEL_WARNING, "", str_c(&warnings));
	str_free(&warnings);
	if (!begun)
		log_lines(LOG_LEVEL_ERROR, "Reload refused, the old "
			  "configuration stays: ", str_c(errors));
	else if (generation_ready(m->next, false))
		commit(m);
	return begun;
}

/* A copy, by the way that children get it. */
static int
copy_conf(const struct conf *conf, struct conf **copy_r, struct err *err)
{
	int fd = snapshot_write(conf, NULL, false, err), result;

	if (fd < 0)
		return -1;
	result = snapshot_read(fd, copy_r, err);
	(void)close(fd);
	return result;
}

void
life_renew(struct master *m)
{
	struct str errors = STR_INIT;
	struct conf *conf;
	struct err err;

	if (copy_conf(m->now->conf, &conf, &err) < 0) {
		log_error(&log_process, "%s", err.text);
		return;
	}
	m->renewing = true;
	(void)reload(m, conf, &errors);	/* it has been logged */
	str_free(&errors);
}

bool
life_reload(struct master *m, struct str *errors)
{
	if (m->next != NULL || m->starting) {
		m->reload_again = true;
		return true;
	}
	if (m->stopping) {
		str_append(errors, "Loft is stopping\n");
		return false;
	}
	m->renewing = false;
	return reload(m, NULL, errors);
}

void
life_ready(struct process *p)
{
	struct generation *gen = p->service->generation;
	struct master *m = gen->master;

	if (p->kind == PROCESS_LOG)
		control_log_reopened(m->control);
	if (m->stopping)
		stop_step(m);
	else if (m->starting && generation_ready(m->now, true))
		started(m);
	else if (gen == m->next && generation_ready(gen, false))
		commit(m);
}

void
life_failed(struct service *s)
{
	struct master *m = s->generation->master;
	char why[128];

	if (m->stopping)
		return;		/* told to end before it was ready */
	if (s->generation != m->next) {
		start_failed(m, s);
		return;
	}
	(void)snprintf(why, sizeof(why), "service(%s) could not be started; "
		       "the log says why\n", s->name);
	abort_reload(m, why);
}

/* --- logs --------------------------------------------------------------- */

static bool
writes_own_log(const struct service *s)
{
	for (char **arg = s->argv; *arg != NULL; arg++) {
		if (strcmp(*arg, "-L") == 0)
			return true;
	}
	return false;
}

/* A new log process opens the files as root; the old one writes what is in
   the pipes before it ends, and the pipes keep what comes meanwhile. */
void
life_reopen_logs(struct master *m)
{
	struct process *p;

	for (p = m->processes; p != NULL; p = p->hh.next) {
		if (p->kind == PROCESS_LOG)
			process_signal(p, SIGTERM, true);
		else if (writes_own_log(p->service))
			process_signal(p, SIGUSR1, false);
	}
}

static void
start_log(struct master *m)
{
	struct service *s;

	TAILQ_FOREACH(s, &m->now->services, link) {
		if (s->kind == KIND_LOG && s->main == NULL)
			workers_balance(s);
	}
}

/* --- stop --------------------------------------------------------------- */

void
life_stop(struct master *m)
{
	if (m->stopping)
		return;
	m->reload_again = false;
	if (m->next != NULL)
		abort_reload(m, "Loft is stopping\n");
	stop_answer_backlog(m);
	m->stopping = true;
	if (m->finishing)
		finish_reload(m);
	stop_begin(m);
}

void
life_born(struct master *m)
{
	/* While another reload is under way its end answers both. */
	if (!m->finishing || m->next != NULL || !generations_old_born(m))
		return;
	loop_timer_clear(m->start_timer);
	finish_reload(m);
}

void
life_gone(struct master *m)
{
	generations_free_old(m);
	life_born(m);
	if (m->stopping)
		stop_step(m);
	else if (!m->starting)
		start_log(m);
}
