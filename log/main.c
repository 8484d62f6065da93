/*
 * log: writes the lines that the daemon's processes send through their
 * pipes. It opens the files as root and then becomes default_internal_user.
 * For new files the master starts a new one; this one then writes what is in
 * the pipes and ends. It reads nothing but those pipes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/scope.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/log-file.h"
#include "core/log.h"
#include "core/pool.h"
#include "service/daemon.h"
#include "service/log-settings.h"
#include "service/loop.h"
#include "service/priv.h"
#include "service/process-settings.h"
#include "service/service.h"
#include "service/users.h"

enum {
	BUFFER = 64 << 10,	/* many lines at once; each is < PIPE_BUF */
	PAUSE_MS = 20,
	ORPHAN_MS = 7000,	/* how long workers may outlive the master */
};

struct source {
	struct loop_io *io;
	int fd;
	const char *name;	/* of the service */
	size_t len;		/* of what waits for its line end */
	char buffer[BUFFER];
};

static struct {
	struct loop *loop;
	struct loop_timer *orphan_timer;
	struct source *sources;
	unsigned count, open;
} lines;

/* A library's or the kernel's words came without our digit: say whose. */
static void
write_line(const struct source *source, const char *line, size_t len)
{
	const char *text;
	enum log_level level = log_pipe_level(line, len, &text);
	struct logctx ctx;
	char prefix[64];

	if (len == 0)
		return;
	if (text != line) {
		log_sink_file(level, text, len - 1);
		return;
	}
	(void)snprintf(prefix, sizeof(prefix), "%s: ", source->name);
	ctx = (struct logctx){ .prefix = prefix };
	log_error(&ctx, "%.*s", (int)len, line);
}

static void
write_lines(struct source *source)
{
	char *line = source->buffer, *end;
	size_t left = source->len;

	while ((end = memchr(line, '\n', left)) != NULL) {
		write_line(source, line, (size_t)(end - line));
		left -= (size_t)(end + 1 - line);
		line = end + 1;
	}
	if (left == sizeof(source->buffer)) {
		write_line(source, line, left);
		left = 0;
	}
	memmove(source->buffer, line, left);
	source->len = left;
}

/* False when there is nothing (more) to read now. */
static bool
read_source(struct source *source)
{
	ssize_t n = read(source->fd, source->buffer + source->len,
			 sizeof(source->buffer) - source->len);

	if (n < 0)
		return errno == EINTR;
	if (n > 0) {
		source->len += (size_t)n;
		write_lines(source);
		return true;
	}
	/* Nobody can write any more. */
	if (source->len > 0)
		write_line(source, source->buffer, source->len);
	source->len = 0;
	loop_io_free(&source->io);
	if (--lines.open == 0)
		loop_stop(lines.loop);
	return false;
}

/* Lines that come one by one are written at once. In a burst what comes in
   the pause after one is written together, which costs a busy server far
   less. */
static void
on_readable(void *arg)
{
	static int64_t last;
	struct timespec pause = { 0, PAUSE_MS * 1000000L };

	log_file_begin();
	(void)read_source(arg);
	log_file_end();
	if (clock_ms() - last < PAUSE_MS)
		(void)nanosleep(&pause, NULL);
	last = clock_ms();
}

static int
open_files(const struct conf *conf, struct err *err)
{
	static struct pool *pool;	/* ident must outlive the files */
	const struct log_settings *set;
	const struct process_settings *process;
	struct log_file_settings files;

	pool = pool_new();
	set = settings_get(conf, &scope_global, "", &log_settings_info, NULL,
			   pool, err);
	process = settings_get(conf, &scope_global, "",
			       &process_settings_info, NULL, pool, err);
	if (set == NULL || process == NULL)
		return -1;
	files = (struct log_file_settings){ set->log_path, set->info_log_path,
		set->debug_log_path, set->log_timestamp, set->syslog_facility,
		process->instance_name };
	if (log_file_open(&files, err) < 0)
		return -1;
	log_set_sink(log_sink_file);
	return 0;
}

/* `user` of service log, when it is set, was taken up before. */
static int
drop(const struct conf *conf, struct err *err)
{
	struct pool *pool;
	struct priv_ids ids;
	int result;

	if (geteuid() != 0)
		return 0;
	pool = pool_new();
	result = users_internal(conf, pool, &ids, NULL, err);
	if (result == 0)
		result = priv_drop(&ids, err);
	pool_free(&pool);
	return result;
}

static int
start(const struct conf *conf, struct loop *loop,
      const struct service_listener *listeners, unsigned count,
      struct err *err)
{
	if (drop(conf, err) < 0)
		return -1;
	lines.loop = loop;
	lines.sources = mem_alloc((count + 1) * sizeof(*lines.sources));
	for (unsigned i = 0; i < count; i++) {
		struct source *source = &lines.sources[lines.count];

		if (listeners[i].kind != LISTENER_LOG)
			continue;
		source->fd = listeners[i].fd;
		source->name = listeners[i].name;
		source->io = loop_io_new(loop, source->fd, LOOP_READ,
					 on_readable, source);
		if (source->io == NULL)
			return err_sys(err, "epoll_ctl(log pipe)");
		lines.count++;
	}
	lines.open = lines.count;
	return 0;
}

static void
on_orphan_timer(void *arg)
{
	(void)arg;
	loop_stop(lines.loop);
}

/* The master alone may write what comes after this; as an orphan we hear
   the workers out. */
static void
stop(bool orphan)
{
	if (orphan) {
		lines.orphan_timer = loop_timer_new(lines.loop,
						    on_orphan_timer, NULL);
		loop_timer_set(lines.orphan_timer, ORPHAN_MS);
		return;
	}
	for (unsigned i = 0; i < lines.count; i++) {
		struct source *source = &lines.sources[i];

		while (source->io != NULL && read_source(source))
			continue;
	}
	loop_stop(lines.loop);
}

static void
clean_up(void)
{
	for (unsigned i = 0; i < lines.count; i++)
		loop_io_free(&lines.sources[i].io);
	loop_timer_free(&lines.orphan_timer);
	free(lines.sources);
}

int
main(int argc, char **argv)
{
	static const struct service_daemon daemon = {
		.name = "log",
		.init = open_files,
		.start = start,
		.stop = stop,
		.finish = clean_up,
		.no_limit = true,
	};

	(void)argc;
	if (!service_inherited()) {
		fprintf(stderr, "%s: started by the master only\n", argv[0]);
		return 64;
	}
	return service_daemon_run(&daemon);
}
