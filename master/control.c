/*
 * The control socket; see control.h. What is asked comes from root alone
 * (the socket's mode), and still every buffer has a bound.
 */
#include "master/control.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"
#include "master/lists.h"
#include "master/master.h"
#include "service/loop.h"
#include "service/process-settings.h"

enum { ASKERS_MAX = 32, QUESTION_MAX = 128, NO_FDS_PAUSE_MS = 100 };

enum wait { WAIT_NOTHING, WAIT_RELOAD, WAIT_LOGS, WAIT_STOP };

struct asker {
	TAILQ_ENTRY(asker) link;
	struct control *control;
	int fd;
	struct loop_io *io;
	char question[QUESTION_MAX];
	size_t len;
	enum wait wait;
	struct str answer;	/* what is not sent yet */
};

struct control {
	struct master *master;
	char *path;
	int fd;
	struct loop_io *io;
	struct loop_timer *pause_timer;
	TAILQ_HEAD(, asker) askers;
	unsigned count;
};

static void
asker_free(struct asker *a)
{
	TAILQ_REMOVE(&a->control->askers, a, link);
	a->control->count--;
	loop_io_free(&a->io);
	(void)close(a->fd);
	str_free(&a->answer);
	free(a);
}

/* --- answers ------------------------------------------------------------ */

static void
on_writable(void *arg)
{
	struct asker *a = arg;
	ssize_t n = send(a->fd, a->answer.data, a->answer.len,
			 MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0 || (size_t)n == a->answer.len) {
		asker_free(a);
		return;
	}
	memmove(a->answer.data, a->answer.data + n, a->answer.len - (size_t)n);
	str_truncate(&a->answer, a->answer.len - (size_t)n);
}

static void
answer(struct asker *a, bool ok, const char *lines)
{
	str_append(&a->answer, ok ? "OK\n" : "FAIL\n");
	str_append(&a->answer, lines);
	loop_io_free(&a->io);
	a->io = loop_io_new(a->control->master->loop, a->fd, LOOP_WRITE,
			    on_writable, a);
	if (a->io == NULL)
		asker_free(a);
	else
		on_writable(a);	/* mostly that is all */
}

static void
answer_waiting(struct control *control, enum wait wait, bool ok,
	       const char *lines)
{
	struct asker *a, *next;

	if (control == NULL)
		return;
	for (a = TAILQ_FIRST(&control->askers); a != NULL; a = next) {
		next = TAILQ_NEXT(a, link);
		if (a->wait != wait)
			continue;
		a->wait = WAIT_NOTHING;
		answer(a, ok, lines);
	}
}

void
control_reloaded(struct control *control, bool done, const char *lines)
{
	answer_waiting(control, WAIT_RELOAD, done, lines);
}

void
control_log_reopened(struct control *control)
{
	answer_waiting(control, WAIT_LOGS, true, "");
}

/* --- questions ---------------------------------------------------------- */

static void
ask_reload(struct asker *a)
{
	struct str errors = STR_INIT;

	a->wait = WAIT_RELOAD;
	if (!life_reload(a->control->master, &errors)) {
		a->wait = WAIT_NOTHING;
		answer(a, false, str_c(&errors));
	}
	str_free(&errors);
}

static void
ask_stop(struct asker *a)
{
	struct ucred cred = { 0 };
	socklen_t len = sizeof(cred);

	/* Answered by the end of the process: what is sent now is "OK", and
	   the descriptor is closed when nothing runs any more. */
	a->wait = WAIT_STOP;
	loop_io_free(&a->io);
	(void)getsockopt(a->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	log_warning(&log_process, "Stopped by loftctl (pid=%d uid=%u)",
		    (int)cred.pid, (unsigned)cred.uid);
	(void)send(a->fd, "OK\n", 3, MSG_NOSIGNAL | MSG_DONTWAIT);
	life_stop(a->control->master);
}

static void
ask_log_reopen(struct asker *a)
{
	a->wait = WAIT_LOGS;
	life_reopen_logs(a->control->master);
}

static void
ask_list(struct asker *a, void (*list)(const struct master *, struct str *))
{
	struct str lines = STR_INIT;

	list(a->control->master, &lines);
	answer(a, true, str_c(&lines));
	str_free(&lines);
}

static void
on_question(struct asker *a)
{
	if (a->control->master->stopping)
		answer(a, false, "Loft is stopping\n");
	else if (strcmp(a->question, "RELOAD") == 0)
		ask_reload(a);
	else if (strcmp(a->question, "STOP") == 0)
		ask_stop(a);
	else if (strcmp(a->question, "LOG-REOPEN") == 0)
		ask_log_reopen(a);
	else if (strcmp(a->question, "PROCESS-STATUS") == 0)
		ask_list(a, list_processes);
	else if (strcmp(a->question, "SERVICE-STATUS") == 0)
		ask_list(a, list_services);
	else
		answer(a, false, "unknown command\n");
}

static void
on_readable(void *arg)
{
	struct asker *a = arg;
	ssize_t n = recv(a->fd, a->question + a->len,
			 sizeof(a->question) - 1 - a->len, MSG_DONTWAIT);
	char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || a->wait != WAIT_NOTHING) {
		asker_free(a);
		return;
	}
	a->len += (size_t)n;
	a->question[a->len] = '\0';
	end = memchr(a->question, '\n', a->len);
	if (end != NULL) {
		*end = '\0';
		on_question(a);
	} else if (a->len == sizeof(a->question) - 1) {
		asker_free(a);
	}
}

static void
on_pause_over(void *arg)
{
	struct control *control = arg;

	/* It was watched before, so it can be again. */
	(void)loop_io_set(control->io, LOOP_READ);
}

/* Without descriptors whoever asks waits; looking all the time wouldn't help
   him. */
static void
pause_connects(struct control *control)
{
	(void)loop_io_set(control->io, 0);
	loop_timer_set(control->pause_timer, NO_FDS_PAUSE_MS);
}

static void
on_connect(void *arg)
{
	struct control *control = arg;
	int fd = accept4(control->fd, NULL, NULL,
			 SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct asker *a;

	if (fd < 0) {
		if (errno != EAGAIN && errno != EINTR)
			pause_connects(control);
		return;
	}
	if (control->count >= ASKERS_MAX) {
		(void)close(fd);
		return;
	}
	a = mem_alloc(sizeof(*a));
	a->control = control;
	a->fd = fd;
	TAILQ_INSERT_TAIL(&control->askers, a, link);
	control->count++;
	a->io = loop_io_new(control->master->loop, fd, LOOP_READ, on_readable,
			    a);
	if (a->io == NULL)
		asker_free(a);
}

/* --- the socket --------------------------------------------------------- */

static int
listen_path(const char *path, struct err *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	mode_t before;
	int fd, result;

	if (!str_copy(sa.sun_path, sizeof(sa.sun_path), path))
		return err_set(err, ERR_CONFIG, "base_dir is too long: %s",
			       path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(err, "socket()");
	/* The pid file's lock says that nobody uses it. */
	(void)unlink(path);
	before = umask(0177);
	result = bind(fd, (struct sockaddr *)&sa, sizeof(sa));
	(void)umask(before);
	if (result == 0 && listen(fd, 16) == 0)
		return fd;
	(void)err_path(err, "bind", path);
	(void)close(fd);
	return -1;
}

static void
socket_path(const struct generation *gen, char path[PATH_MAX])
{
	(void)snprintf(path, PATH_MAX, "%s/master", gen->process->base_dir);
}

static struct control *
control_new(struct master *m, const char *path, int fd)
{
	struct control *control = mem_alloc(sizeof(*control));

	control->master = m;
	control->path = mem_strdup(path);
	control->fd = fd;
	TAILQ_INIT(&control->askers);
	control->io = loop_io_new(m->loop, fd, LOOP_READ, on_connect,
				  control);
	control->pause_timer = loop_timer_new(m->loop, on_pause_over,
					      control);
	return control;
}

struct control *
control_open(struct master *m, struct err *err)
{
	char path[PATH_MAX];
	int fd;

	socket_path(m->now, path);
	fd = listen_path(path, err);
	return fd >= 0 ? control_new(m, path, fd) : NULL;
}

struct control *
control_adopt(struct master *m, int fd)
{
	char path[PATH_MAX];

	socket_path(m->now, path);
	return control_new(m, path, fd);
}

int
control_fd(const struct control *control)
{
	return control->fd;
}

void
control_close(struct control **controlp)
{
	struct control *control = *controlp;
	struct asker *a;

	if (control == NULL)
		return;
	(void)unlink(control->path);
	while ((a = TAILQ_FIRST(&control->askers)) != NULL)
		asker_free(a);
	loop_io_free(&control->io);
	loop_timer_free(&control->pause_timer);
	(void)close(control->fd);
	free(control->path);
	free(control);
	*controlp = NULL;
}
