/*
 * Executing a new master in place; see upgrade.h. The state is text, a line
 * per thing with tabs between, so that versions understand each other: lines
 * and fields that one doesn't know are passed over.
 *
 *	master	FILE FOREGROUND STARTED PID_FD ALIVE0 ALIVE1 CONTROL CONF
 *	pipe	NAME READ WRITE
 *	listen	KEY FD
 *	service	NAME SNAPSHOT STATUS0 STATUS1 BOARD TOTAL RESTART LIMITS
 *	child	GENERATION SERVICE PID KIND STATE SINCE SLOT SERVED TOLD
 *		CONTROL PARENT
 */
#include "master/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/snapshot.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/num.h"
#include "core/pool.h"
#include "core/str.h"
#include "master/control.h"
#include "master/listen.h"
#include "master/logs.h"
#include "master/master.h"
#include "master/process.h"
#include "master/workers.h"
#include "service/board.h"
#include "service/process-settings.h"

#define STATE_ENV "LOFT_MASTER_STATE"

enum { FIELDS_MAX = 16, CHECK_MS = 2000, CHECK_STEP_MS = 2 };

/* --- which program ------------------------------------------------------- */

void
upgrade_init(struct master *m, const char *argv0)
{
	char self[PATH_MAX], dir[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (len > 0)
		self[len] = '\0';
	/* A symlink may lead to the next version: keep its name. */
	if (*argv0 == '/')
		m->program = mem_strdup(argv0);
	else if (strchr(argv0, '/') != NULL &&
		 getcwd(dir, sizeof(dir)) != NULL &&
		 strlen(dir) + strlen(argv0) + 2 < sizeof(self)) {
		(void)snprintf(self, sizeof(self), "%.2000s/%.2000s", dir,
			       argv0);
		m->program = mem_strdup(self);
	} else if (len > 0)
		m->program = mem_strdup(self);
	if (stat("/proc/self/exe", &m->program_stat) != 0)
		memset(&m->program_stat, 0, sizeof(m->program_stat));
}

/* Run "PROGRAM --version": half an installation must not end the daemon. */
static bool
program_works(const char *program)
{
	const struct timespec step = { 0, CHECK_STEP_MS * 1000000L };
	deadline_t deadline = deadline_in(CHECK_MS);
	pid_t pid = fork(), done;
	int status = 0, fd;

	if (pid == 0) {
		fd = open("/dev/null", O_RDWR);
		if (fd >= 0) {
			(void)dup2(fd, STDOUT_FILENO);
			(void)dup2(fd, STDERR_FILENO);
		}
		(void)execl(program, program, "--version", (char *)NULL);
		_exit(127);
	}
	if (pid < 0)
		return false;
	while ((done = waitpid(pid, &status, WNOHANG)) == 0 &&
	       deadline_left(deadline) > 0)
		(void)nanosleep(&step, NULL);
	if (done == 0)
		(void)kill(pid, SIGKILL);
	return done == pid && status == 0;
}

bool
upgrade_wanted(const struct master *m)
{
	struct stat st;

	if (m->program == NULL || stat(m->program, &st) != 0)
		return false;
	if (st.st_dev == m->program_stat.st_dev &&
	    st.st_ino == m->program_stat.st_ino &&
	    st.st_mtime == m->program_stat.st_mtime)
		return false;
	if (program_works(m->program))
		return true;
	log_error(&log_process, "%s is new but doesn't run; this master stays",
		  m->program);
	return false;
}

/* --- writing the state ---------------------------------------------------- */

struct writer {
	struct str text;
	int *fds;		/* that must survive the exec */
	unsigned count, room;
};

static int
keep_fd(struct writer *w, int fd)
{
	if (fd < 0)
		return fd;
	if (w->count == w->room) {
		w->room = w->room * 2 + 64;
		w->fds = mem_realloc(w->fds, w->room * sizeof(*w->fds));
	}
	w->fds[w->count++] = fd;
	return fd;
}

static void
write_child(struct writer *w, const struct process *p)
{
	const struct generation *gen = p->service->generation;

	str_printf(&w->text, "child\t%s\t%s\t%d\t%d\t%d\t%lld\t%u\t%d\t%d\t%d"
		   "\t%d\n", gen == gen->master->now ? "now" : "old", p->name,
		   (int)p->pid, (int)p->kind, (int)p->state,
		   (long long)p->since, p->slot, p->served, p->told,
		   keep_fd(w, p->control_fd),
		   p->parent != NULL ? (int)p->parent->pid : 0);
}

static void
write_service(struct writer *w, const struct service *s)
{
	const struct listener *l;
	const struct process *p;

	str_printf(&w->text, "service\t%s\t%d\t%d\t%d\t%d\t%lu\t%d\t%lu\n",
		   s->name, keep_fd(w, s->snapshot_fd),
		   keep_fd(w, s->status_fds[0]), keep_fd(w, s->status_fds[1]),
		   keep_fd(w, board_fd(s->board)), s->process_total,
		   s->restart_template, s->limit_count);
	TAILQ_FOREACH(l, &s->listeners, link)
		str_printf(&w->text, "listen\t%s\t%d\n", l->key,
			   keep_fd(w, l->fd));
	TAILQ_FOREACH(p, &s->workers, link) {
		if (p->pid == 0)
			write_child(w, p);
	}
}

static void
write_state(const struct master *m, int conf_fd, struct writer *w)
{
	const struct log_pipe *pipe;
	const struct service *s;
	const struct process *p;

	str_printf(&w->text, "master\t%s\t%d\t%lld\t%d\t%d\t%d\t%d\t%d\n",
		   m->config_file, m->foreground, (long long)m->started,
		   keep_fd(w, m->pid_fd), keep_fd(w, m->alive_fds[0]),
		   keep_fd(w, m->alive_fds[1]),
		   keep_fd(w, control_fd(m->control)), keep_fd(w, conf_fd));
	TAILQ_FOREACH(pipe, &m->log_pipes, link)
		str_printf(&w->text, "pipe\t%s\t%d\t%d\n", pipe->name,
			   keep_fd(w, pipe->fds[0]), keep_fd(w, pipe->fds[1]));
	TAILQ_FOREACH(s, &m->now->services, link)
		write_service(w, s);
	/* Templates before the workers that they were asked for. */
	for (p = m->processes; p != NULL; p = p->hh.next)
		write_child(w, p);
}

static void
set_cloexec(const struct writer *w, bool on)
{
	for (unsigned i = 0; i < w->count; i++)
		(void)fcntl(w->fds[i], F_SETFD, on ? FD_CLOEXEC : 0);
}

static int
memfd_of(const struct str *text, struct err *err)
{
	int fd = memfd_create("loft-state", MFD_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "memfd_create(state)");
	if (write(fd, str_c(text), text->len) != (ssize_t)text->len) {
		(void)err_sys(err, "write(state)");
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* With signals blocked: what comes is handled by the new program. */
static void
execute(struct master *m, struct writer *w, struct err *err)
{
	char number[16];
	sigset_t all, before;
	int fd = memfd_of(&w->text, err);

	if (fd < 0)
		return;
	(void)keep_fd(w, fd);
	(void)snprintf(number, sizeof(number), "%d", fd);
	(void)setenv(STATE_ENV, number, 1);
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &before);
	set_cloexec(w, false);
	(void)execv(m->program, m->argv);
	(void)err_sys(err, "exec(%s)", m->program);
	set_cloexec(w, true);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	(void)unsetenv(STATE_ENV);
	(void)close(fd);
}

void
upgrade_execute(struct master *m)
{
	struct writer w = { .text = STR_INIT };
	struct err err;
	int conf_fd = snapshot_write(m->now->conf, NULL, false, &err);

	log_info(&log_process, "Executing %s anew", m->program);
	if (conf_fd >= 0) {
		write_state(m, conf_fd, &w);
		execute(m, &w, &err);
		(void)close(conf_fd);
	}
	log_error(&log_process, "%s; this master stays", err.text);
	str_free(&w.text);
	free(w.fds);
}

/* --- reading it ------------------------------------------------------------ */

int
upgrade_state_fd(void)
{
	const char *value = getenv(STATE_ENV);
	uint32_t fd;

	if (value == NULL || !num_u32(value, &fd) || fd > INT_MAX)
		return -1;
	(void)unsetenv(STATE_ENV);
	return (int)fd;
}

/* A state's line: its fields as text; missing ones are "". */
struct line {
	const char *field[FIELDS_MAX];
};

static long long
number(const struct line *line, unsigned i)
{
	return strtoll(line->field[i], NULL, 10);
}

static int
take_fd(const struct line *line, unsigned i)
{
	int fd = (int)number(line, i);

	if (fd >= 0)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

struct reader {
	struct master *m;
	struct line *lines;
	unsigned count;
	struct generation *ghosts;	/* whose children are of old ones */
};

static struct str
read_text(int fd)
{
	struct str text = STR_INIT;
	ssize_t n;

	(void)lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, str_reserve(&text, 65536), 65536)) > 0) {
		text.len += (size_t)n;
		text.data[text.len] = '\0';
	}
	(void)close(fd);
	return text;
}

/* The text is cut in place and stays until the process ends. */
static void
cut_lines(struct reader *r, char *text)
{
	char *line, *field;

	while ((line = strsep(&text, "\n")) != NULL) {
		unsigned n = 0;

		if (*line == '\0')
			continue;
		r->lines = mem_realloc(r->lines, (r->count + 1) *
				       sizeof(*r->lines));
		while (n < FIELDS_MAX && (field = strsep(&line, "\t")) != NULL)
			r->lines[r->count].field[n++] = field;
		while (n < FIELDS_MAX)
			r->lines[r->count].field[n++] = "";
		r->count++;
	}
}

static const struct line *
next_line(const struct reader *r, const struct line *after, const char *kind)
{
	const struct line *line = after == NULL ? r->lines : after + 1;

	for (; line < r->lines + r->count; line++) {
		if (strcmp(line->field[0], kind) == 0)
			return line;
	}
	return NULL;
}

static struct service *
find_service(const struct generation *gen, const char *name)
{
	struct service *s;

	TAILQ_FOREACH(s, &gen->services, link) {
		if (strcmp(s->name, name) == 0)
			return s;
	}
	return NULL;
}

static int
resume_master(struct reader *r, struct err *err)
{
	const struct line *line = next_line(r, NULL, "master");
	struct master *m = r->m;
	struct str errors = STR_INIT, warnings = STR_INIT;
	struct conf *conf;
	int conf_fd;

	if (line == NULL)
		return err_set(err, ERR_TEMP, "state has no master");
	m->config_file = line->field[1];
	m->foreground = number(line, 2) != 0;
	m->started = number(line, 3);
	m->pid_fd = take_fd(line, 4);
	m->alive_fds[0] = take_fd(line, 5);
	m->alive_fds[1] = take_fd(line, 6);
	conf_fd = take_fd(line, 8);
	if (snapshot_read(conf_fd, &conf, err) < 0)
		return -1;
	(void)close(conf_fd);
	m->now = generation_new(m, conf, &errors, &warnings);
	if (m->now == NULL)
		(void)err_set(err, ERR_CONFIG, "%s", str_c(&errors));
	str_free(&errors);
	str_free(&warnings);	/* told by the one before */
	if (m->now == NULL)
		return -1;
	m->control = control_adopt(m, take_fd(line, 7));
	return 0;
}

static void
resume_pipes(const struct reader *r)
{
	const struct line *line = NULL;

	while ((line = next_line(r, line, "pipe")) != NULL)
		logs_adopt(r->m, line->field[1], take_fd(line, 2),
			   take_fd(line, 3));
}

static void
resume_listeners(const struct reader *r)
{
	const struct line *line = NULL;

	while ((line = next_line(r, line, "listen")) != NULL)
		listeners_give(r->m->now, line->field[1], take_fd(line, 2));
}

static int
resume_services(const struct reader *r, struct err *err)
{
	const struct line *line = NULL;
	struct service *s;

	while ((line = next_line(r, line, "service")) != NULL) {
		s = find_service(r->m->now, line->field[1]);
		if (s == NULL)
			continue;
		s->snapshot_fd = take_fd(line, 2);
		s->status_fds[0] = take_fd(line, 3);
		s->status_fds[1] = take_fd(line, 4);
		s->board = board_attach(take_fd(line, 5), err);
		s->process_total = (unsigned long)number(line, 6);
		s->restart_template = number(line, 7) != 0;
		s->limit_count = (unsigned long)number(line, 8);
		if (s->board == NULL)
			return -1;
	}
	TAILQ_FOREACH(s, &r->m->now->services, link) {
		if (workers_prepare(s, err) < 0)
			return -1;
	}
	return 0;
}

/* The service of an old generation: a name, and room for its children. */
static struct service *
ghost(struct reader *r, const struct line *line)
{
	struct service *s = find_service(r->ghosts, line->field[2]);

	if (s != NULL)
		return s;
	s = pool_new_obj(r->ghosts->pool, struct service);
	s->generation = r->ghosts;
	s->name = line->field[2];
	s->snapshot_fd = s->status_fds[0] = s->status_fds[1] = -1;
	s->argv = pool_new_array(r->ghosts->pool, char *, 1);
	TAILQ_INIT(&s->listeners);
	TAILQ_INIT(&s->workers);
	TAILQ_INSERT_TAIL(&r->ghosts->services, s, link);
	return s;
}

static void
resume_child(struct reader *r, const struct line *line)
{
	bool now = strcmp(line->field[1], "now") == 0;
	struct service *s = now ? find_service(r->m->now, line->field[2]) :
		NULL;
	enum process_kind kind = (enum process_kind)number(line, 4);
	unsigned slot = (unsigned)number(line, 7);
	int fd = (int)number(line, 10);
	struct process *p;

	if (s == NULL)
		s = ghost(r, line);
	p = process_new(s, kind, (pid_t)number(line, 3));
	p->slot = slot;
	process_set_state(p, (enum process_state)number(line, 5));
	p->since = number(line, 6);
	p->served = number(line, 8) != 0;
	if (number(line, 9) != 0)
		process_signal(p, 0, true);
	if (fd >= 0)
		process_set_control(p, take_fd(line, 10));
	if (s->generation != r->m->now)
		return;
	if (kind == PROCESS_WORKER && slot < s->process_limit)
		s->slots[slot] = p;
	else if (kind != PROCESS_WORKER && !p->told)
		s->main = p;
}

/* Workers that were asked for have the template's word still to come. */
static void
resume_parents(struct reader *r)
{
	struct service *s;
	struct process *p;

	TAILQ_FOREACH(s, &r->m->now->services, link) {
		TAILQ_FOREACH(p, &s->workers, link) {
			if (p->pid == 0)
				p->parent = s->main;
		}
	}
}

static void
resume_children(struct reader *r)
{
	const struct line *line = NULL;

	r->ghosts = mem_alloc(sizeof(*r->ghosts));
	r->ghosts->master = r->m;
	r->ghosts->pool = pool_new();
	TAILQ_INIT(&r->ghosts->services);
	TAILQ_INSERT_TAIL(&r->m->old, r->ghosts, link);
	while ((line = next_line(r, line, "child")) != NULL)
		resume_child(r, line);
	resume_parents(r);
}

int
upgrade_resume(struct master *m, int state_fd, struct err *err)
{
	struct reader r = { .m = m };
	/* Its text is what config_file and names point into. */
	static struct str text;
	int result;

	text = read_text(state_fd);
	cut_lines(&r, text.data != NULL ? text.data : mem_strdup(""));
	resume_pipes(&r);
	result = resume_master(&r, err);
	if (result == 0) {
		resume_listeners(&r);
		listeners_complete(m->now);
		result = resume_services(&r, err);
	}
	if (result == 0)
		resume_children(&r);
	free(r.lines);
	return result;
}
