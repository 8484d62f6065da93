/*
 * The life of a process that stays; see daemon.h.
 */
#include "service/daemon.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/err.h"
#include "core/log.h"
#include "service/board.h"
#include "service/loop.h"
#include "service/process-settings.h"
#include "service/service.h"
#include "service/status.h"

enum { EXIT_SETTINGS = 89 };

static bool keep_ids;

struct running {
	const struct service_daemon *daemon;
	struct loop *loop;
	struct loop_io *master;
	struct loop_signal *term, *hup, *usr1;
};

void
service_daemon_keep_ids(void)
{
	keep_ids = true;
}

static void
end(struct running *run, bool orphan)
{
	if (run->daemon->stop != NULL)
		run->daemon->stop(orphan);
	else
		loop_stop(run->loop);
}

static void
on_master_gone(void *arg)
{
	struct running *run = arg;

	loop_io_free(&run->master);
	end(run, true);
}

static void
on_term(void *arg)
{
	end(arg, false);
}

static void
on_usr1(void *arg)
{
	struct running *run = arg;

	if (run->daemon->reopen != NULL)
		run->daemon->reopen();
}

static void
ignore_signals(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)sigaction(SIGINT, &ignore, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigaction(SIGXFSZ, &ignore, NULL);
	(void)sigaction(SIGUSR2, &ignore, NULL);
}

static void
watch(struct running *run)
{
	run->master = loop_io_new(run->loop, SERVICE_FD_MASTER, LOOP_READ,
				  on_master_gone, run);
	run->term = loop_signal_new(run->loop, SIGTERM, on_term, run);
	run->hup = loop_signal_new(run->loop, SIGHUP, on_term, run);
	run->usr1 = loop_signal_new(run->loop, SIGUSR1, on_usr1, run);
}

static void
unwatch(struct running *run)
{
	loop_io_free(&run->master);
	loop_signal_free(&run->term);
	loop_signal_free(&run->hup);
	loop_signal_free(&run->usr1);
}

static int
prepare(struct running *run, struct inherit *in, struct err *err)
{
	const struct service_daemon *daemon = run->daemon;

	if (inherit_open(daemon->name, in, err) < 0)
		return -1;
	if (daemon->init != NULL && daemon->init(in->conf, err) < 0)
		return -1;
	if (!keep_ids && inherit_drop(in, false, err) < 0)
		return -1;
	if (!daemon->no_limit && inherit_limit(in, err) < 0)
		return -1;
	status_init(in->board, in->slot, in->process->verbose_proctitle);
	status_set(STATUS_SESSION, NULL, NULL, NULL);
	return daemon->start(in->conf, run->loop, in->listeners,
			     in->listener_count, err);
}

int
service_daemon_run(const struct service_daemon *daemon)
{
	struct running run = { .daemon = daemon };
	static struct inherit in;	/* daemons keep its settings */
	struct err err;

	ignore_signals();
	run.loop = loop_new();
	if (prepare(&run, &in, &err) < 0) {
		log_fatal(&log_process, "%s", err.text);
		loop_free(&run.loop);
		return EXIT_SETTINGS;
	}
	watch(&run);
	/* The master sees by its end of the socket when we couldn't. */
	(void)control_answer(ANSWER_READY, in.slot, getpid());
	loop_run(run.loop);
	if (daemon->finish != NULL)
		daemon->finish();
	unwatch(&run);
	loop_free(&run.loop);
	return EXIT_SUCCESS;
}
