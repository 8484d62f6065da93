/*
 * Log pipes; see logs.h. Who reads them is log/main.c.
 */
#include "master/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/err.h"
#include "core/log-file.h"
#include "core/pool.h"
#include "core/str.h"
#include "master/master.h"
#include "service/log-settings.h"

enum { PIPE_OCTETS = 256 << 10 };	/* what waits for a new log process */

static struct log_pipe *
add_pipe(struct master *m, const char *name, const int fds[2])
{
	struct log_pipe *p = mem_alloc(sizeof(*p));

	p->name = mem_strdup(name);
	memcpy(p->fds, fds, sizeof(p->fds));
	TAILQ_INSERT_TAIL(&m->log_pipes, p, link);
	return p;
}

void
logs_adopt(struct master *m, const char *name, int read_fd, int write_fd)
{
	const int fds[2] = { read_fd, write_fd };

	(void)add_pipe(m, name, fds);
}

struct log_pipe *
logs_pipe(struct master *m, const char *name, struct err *err)
{
	struct log_pipe *p;
	int fds[2];

	TAILQ_FOREACH(p, &m->log_pipes, link) {
		if (strcmp(p->name, name) == 0)
			return p;
	}
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0) {
		(void)err_sys(err, "pipe(log of %s)", name);
		return NULL;
	}
	/* The kernel's 64 KiB do as well. */
	(void)fcntl(fds[1], F_SETPIPE_SZ, PIPE_OCTETS);
	return add_pipe(m, name, fds);
}

unsigned
logs_count(const struct master *m)
{
	const struct log_pipe *p;
	unsigned count = 0;

	TAILQ_FOREACH(p, &m->log_pipes, link)
		count++;
	return count;
}

void
logs_close(struct master *m)
{
	struct log_pipe *p;

	while ((p = TAILQ_FIRST(&m->log_pipes)) != NULL) {
		TAILQ_REMOVE(&m->log_pipes, p, link);
		(void)close(p->fds[0]);
		(void)close(p->fds[1]);
		free((char *)(uintptr_t)p->name);
		free(p);
	}
}

static void
check_path(const char *name, const char *path, struct str *errors)
{
	struct err err;
	int fd;

	if (*path == '\0' || strcmp(path, "syslog") == 0 ||
	    strcmp(path, "/dev/stderr") == 0)
		return;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY |
		  O_NONBLOCK, 0600);
	if (fd >= 0) {
		(void)close(fd);
		return;
	}
	(void)err_path(&err, "open", path);
	str_printf(errors, "%s: %s\n", name, err.text);
}

void
logs_check(const struct generation *gen, struct str *errors)
{
	int facility;

	check_path("log_path", gen->log->log_path, errors);
	check_path("info_log_path", gen->log->info_log_path, errors);
	check_path("debug_log_path", gen->log->debug_log_path, errors);
	if (!log_file_facility(gen->log->syslog_facility, &facility))
		str_printf(errors, "syslog_facility: unknown facility %s\n",
			   gen->log->syslog_facility);
}

bool
logs_writer_lives(const struct master *m)
{
	const struct process *p;

	for (p = m->processes; p != NULL; p = p->hh.next) {
		if (p->kind == PROCESS_LOG)
			return true;
	}
	return false;
}
