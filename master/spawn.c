/*
 * Start processes; see spawn.h. What a child inherits is decided here and
 * read in service/inherit.c.
 */
#include "master/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/settings.h"
#include "conf/snapshot.h"
#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"
#include "master/logs.h"
#include "master/master.h"
#include "master/process.h"
#include "service/board.h"
#include "service/fds.h"
#include "service/priv.h"
#include "service/service-settings.h"
#include "service/users.h"

enum { EXIT_EXEC = 84 };

/* --- what a service's processes share ----------------------------------- */

/* Everything but TLS, whose keys are lmtp's business alone. */
static const struct settings_info **
modules_without_tls(struct pool *pool)
{
	const struct settings_info **modules;
	unsigned count = 0;

	while (all_settings[count].info != NULL)
		count++;
	modules = pool_new_array(pool, const struct settings_info *,
				 count + 1);
	count = 0;
	for (const struct settings_row *row = all_settings; row->info != NULL;
	     row++) {
		if (strcmp(row->info->module, "ssl_settings") != 0)
			modules[count++] = row->info;
	}
	return modules;
}

static int
write_snapshot(struct service *service, struct err *err)
{
	const struct generation *gen = service->generation;

	return snapshot_write(gen->conf, service->tls ? NULL :
			      modules_without_tls(gen->pool), service->tls,
			      err);
}

int
spawn_prepare(struct service *service, struct err *err)
{
	struct generation *gen = service->generation;

	/* After an upgrade they are there. */
	if (service->snapshot_fd < 0)
		service->snapshot_fd = write_snapshot(service, err);
	if (service->snapshot_fd < 0)
		return -1;
	if (service->board == NULL)
		service->board = board_new(service->process_limit, err);
	if (service->board == NULL)
		return -1;
	if (service->status_fds[0] < 0 &&
	    pipe2(service->status_fds, O_CLOEXEC | O_NONBLOCK) != 0)
		return err_sys(err, "pipe()");
	service->slots = pool_new_array(gen->pool, struct process *,
					service->process_limit);
	if (service->kind == KIND_LOG)
		return 0;
	service->log = logs_pipe(gen->master, service->name, err);
	return service->log != NULL ? 0 : -1;
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

void
spawn_release(struct service *service)
{
	close_fd(&service->snapshot_fd);
	close_fd(&service->status_fds[0]);
	close_fd(&service->status_fds[1]);
	board_free(&service->board);
}

/* --- executing ---------------------------------------------------------- */

struct inheritance {
	int *fds;		/* the child's 0, 1, 2 … */
	unsigned count;
	struct str listeners;
};

static void
add_listener(struct inheritance *in, struct service_listener *list,
	     unsigned *count, enum listener_kind kind, int fd,
	     const char *name, const struct listener *l)
{
	list[*count] = (struct service_listener){ kind, fd,
		l != NULL && l->ssl, l != NULL && l->haproxy, name };
	in->fds[in->count++] = fd;
	(*count)++;
}

static void
collect_listeners(struct service *service, struct inheritance *in)
{
	struct service_listener *list = mem_alloc(sizeof(*list) *
		(service->listener_count + logs_count(service->generation->
						      master) + 1));
	const struct listener *l;
	const struct log_pipe *p;
	unsigned count = 0;

	if (service->kind == KIND_LOG) {
		TAILQ_FOREACH(p, &service->generation->master->log_pipes,
			      link)
			add_listener(in, list, &count, LISTENER_LOG,
				     p->fds[0], p->name, NULL);
	}
	TAILQ_FOREACH(l, &service->listeners, link)
		add_listener(in, list, &count, l->kind, l->fd, l->name, l);
	listeners_write(&in->listeners, list, count);
	free(list);
}

/* The child's descriptors in order; see service/fds.h. */
static void
collect(struct service *service, int null_fd, int control_fd,
	struct inheritance *in)
{
	struct master *m = service->generation->master;
	int fixed[SERVICE_FD_LISTEN] = {
		null_fd, null_fd,
		service->log != NULL ? service->log->fds[1] :
		m->foreground ? STDERR_FILENO : null_fd,
		[SERVICE_FD_MASTER] = m->alive_fds[0],
		[SERVICE_FD_STATUS] = service->status_fds[1],
		[SERVICE_FD_CONTROL] = control_fd,
		[SERVICE_FD_CONFIG] = service->snapshot_fd,
		[SERVICE_FD_BOARD] = board_fd(service->board),
	};

	*in = (struct inheritance){ .listeners = STR_INIT };
	in->fds = mem_alloc(sizeof(int) * (SERVICE_FD_LISTEN +
					   service->listener_count +
					   logs_count(m)));
	memcpy(in->fds, fixed, sizeof(fixed));
	in->count = SERVICE_FD_LISTEN;
	collect_listeners(service, in);
}

static char **
child_environment(const struct service *service, const char *listeners)
{
	char **base = service->generation->environment, **env;
	struct pool *pool = pool_new();	/* the child's; gone with exec */
	unsigned count = 0;

	while (base[count] != NULL)
		count++;
	env = pool_new_array(pool, char *, count + 4);
	memcpy(env, base, count * sizeof(*env));
	env[count++] = pool_printf(pool, "LOFT_SERVICE=%s", service->name);
	env[count++] = pool_printf(pool, "LOFT_LISTENERS=%s", listeners);
	env[count++] = pool_printf(pool, "LOFT_VSZ_LIMIT=%llu",
				   (unsigned long long)service->vsz_limit);
	return env;
}

static void __attribute__((noreturn))
child_die(const struct service *service, const char *what)
{
	(void)!dprintf(STDERR_FILENO, "%s: %s failed: %s\n",
		       service->argv[0], what, strerror(errno));
	_exit(EXIT_EXEC);
}

/* Every descriptor to its number: first all out of the way, then down. */
static void
place_fds(const struct service *service, struct inheritance *in)
{
	for (unsigned i = 0; i < in->count; i++) {
		in->fds[i] = fcntl(in->fds[i], F_DUPFD, (int)in->count);
		if (in->fds[i] < 0)
			child_die(service, "fcntl(F_DUPFD)");
	}
	for (unsigned i = 0; i < in->count; i++) {
		if (dup2(in->fds[i], (int)i) < 0)
			child_die(service, "dup2()");
	}
	if (close_range(in->count, ~0U, 0) != 0)
		child_die(service, "close_range()");
}

static void
child_signals(void)
{
	static const int used[] = {
		SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD
	};
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (size_t i = 0; i < sizeof(used) / sizeof(*used); i++)
		(void)sigaction(used[i], &dfl, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
child_drop(const struct service *service)
{
	struct priv_ids ids;
	struct err err;
	bool named;

	if (!service->set->drop_priv_before_exec || geteuid() != 0)
		return;
	if (users_of_service(service->generation->conf, service->set,
			     service->generation->pool, &ids, &named, &err) == 0 &&
	    (!named || priv_drop(&ids, &err) == 0))
		return;
	(void)!dprintf(STDERR_FILENO, "%s\n", err.text);
	_exit(EXIT_EXEC);
}

static void __attribute__((noreturn))
child_run(const struct service *service, struct inheritance *in)
{
	char **env = child_environment(service, str_c(&in->listeners));

	place_fds(service, in);
	child_drop(service);
	child_signals();
	(void)execve(service->argv[0], service->argv, env);
	child_die(service, "execve()");
}

/* fork() with signals blocked, so that none meets our handlers there. */
static pid_t
fork_blocked(const struct service *service, struct inheritance *in)
{
	sigset_t all, before;
	pid_t pid;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &before);
	pid = fork();
	if (pid == 0)
		child_run(service, in);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

static pid_t
execute(struct service *service, int control_fd, struct err *err)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct inheritance in;
	pid_t pid;

	if (null_fd < 0)
		return err_path(err, "open", "/dev/null");
	collect(service, null_fd, control_fd, &in);
	pid = fork_blocked(service, &in);
	if (pid < 0)
		(void)err_sys(err, "fork()");
	str_free(&in.listeners);
	free(in.fds);
	(void)close(null_fd);
	return pid;
}

static enum process_kind
main_kind(const struct service *service)
{
	return service->kind == KIND_LOG ? PROCESS_LOG :
		service->kind == KIND_DAEMON ? PROCESS_DAEMON :
		PROCESS_TEMPLATE;
}

int
spawn_main(struct service *service, struct err *err)
{
	int control[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
		       control) != 0)
		return err_sys(err, "socketpair()");
	pid = execute(service, control[1], err);
	(void)close(control[1]);
	if (pid < 0) {
		(void)close(control[0]);
		return -1;
	}
	service->main = process_new(service, main_kind(service), pid);
	process_set_control(service->main, control[0]);
	service->restart_template = false;
	service->process_total++;
	return 0;
}

static int
free_slot(const struct service *service)
{
	for (unsigned i = 0; i < service->process_limit; i++) {
		if (service->slots[i] == NULL)
			return (int)i;
	}
	return -1;
}

int
spawn_worker(struct service *service)
{
	int slot = free_slot(service);
	struct control_request request = { (uint32_t)slot };
	struct process *p;

	if (slot < 0 || service->main == NULL)
		return -1;
	if (send(service->main->control_fd, &request, sizeof(request),
		 MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof(request))
		return -1;
	p = process_new(service, PROCESS_WORKER, 0);
	p->slot = (unsigned)slot;
	p->parent = service->main;
	service->slots[slot] = p;
	service->main->served = true;
	service->process_total++;
	return 0;
}
