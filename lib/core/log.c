/*
 * Log lines and the sinks that every program can use; see log.h. The sink
 * that writes log files and syslog is log-file.c.
 */
#include "core/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/str.h"

enum { LINE_MAX_OCTETS = PIPE_BUF - 2, EXIT_OOM = 83, FULL_WAIT_MS = 1000 };

struct logctx log_process = { .prefix = "" };

static log_sink_fn *log_sink = log_sink_stderr;

/* The pipe sink's state; one pipe per process. */
static struct {
	int fd;
	unsigned long dropped;
	bool stuck;	/* full at the last write: don't wait a second again */
	bool hold;	/* lines may wait for others, as far as there is room */
	char held[PIPE_BUF];
	size_t held_len;
	unsigned held_lines;
} log_pipe = { .fd = -1 };

const char *
log_level_name(enum log_level level)
{
	static const char *const names[] = {
		"Debug", "Info", "Warning", "Error", "Fatal", "Panic"
	};

	return names[level];
}

void
log_set_sink(log_sink_fn *sink)
{
	log_sink = sink;
}

/* Tabs stay: they forge no line, and auth's questions are full of them. */
static void
hide_control_chars(char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (((unsigned char)line[i] < 0x20 && line[i] != '\t') ||
		    line[i] == 0x7f)
			line[i] = '?';
	}
}

static size_t
suffix_length(const struct logctx *ctx)
{
	size_t len = ctx->suffix != NULL ? strlen(ctx->suffix) : 0;

	return len < LINE_MAX_OCTETS / 2 ? len : 0;
}

/* Add text at line[len], as far as there is room; the length of all of it. */
static size_t
add(char *line, size_t len, size_t size, const char *text)
{
	size_t text_len = strlen(text);

	if (len < size)
		(void)str_copy(line + len, size - len, text);
	return len + text_len;
}

void
log_vwrite(const struct logctx *ctx, enum log_level level, const char *fmt,
	   va_list ap)
{
	int saved_errno = errno;
	char line[LINE_MAX_OCTETS];
	size_t len, suffix_len = suffix_length(ctx);
	const size_t size = sizeof(line) - suffix_len;
	int n;

	len = add(line, 0, size, ctx->prefix);
	len = add(line, len, size, log_level_name(level));
	len = add(line, len, size, ": ");
	if (len < size) {
		n = vsnprintf(line + len, size - len, fmt, ap);
		len += n < 0 ? 0 : (size_t)n;
	}
	if (len >= size) {
		len = size - 1;
		memcpy(line + len - 3, "...", 3);
	}
	if (suffix_len > 0)
		memcpy(line + len, ctx->suffix, suffix_len);
	len += suffix_len;
	hide_control_chars(line, len);
	log_sink(level, line, len);
	errno = saved_errno;
}

void
log_write(const struct logctx *ctx, enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vwrite(ctx, level, fmt, ap);
	va_end(ap);
}

void
log_sink_stderr(enum log_level level, const char *line, size_t len)
{
	/* Nowhere left to tell a failure. */
	(void)!dprintf(STDERR_FILENO, "%.*s\n", (int)len, line);
}

/* One write of whole lines, of at most PIPE_BUF octets. False when the pipe
   was full or is gone. */
static bool
pipe_write(const char *lines, size_t len)
{
	deadline_t deadline = DEADLINE_NEVER;

	for (;;) {
		struct pollfd pfd = { log_pipe.fd, POLLOUT, 0 };

		if (write(log_pipe.fd, lines, len) >= 0)
			return true;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || log_pipe.stuck)
			return false;
		if (deadline == DEADLINE_NEVER)
			deadline = deadline_in(FULL_WAIT_MS);
		if (deadline_left(deadline) == 0)
			return false;
		if (poll(&pfd, 1, deadline_left(deadline)) < 0 &&
		    errno != EINTR)
			return false;
	}
}

static void
tell_dropped(void)
{
	char told[128];
	int len;

	len = snprintf(told, sizeof(told), "%c%sWarning: %lu log lines were "
		       "dropped: log pipe was full\n",
		       '0' + LOG_LEVEL_WARNING, log_process.prefix,
		       log_pipe.dropped);
	if (pipe_write(told, (size_t)len))
		log_pipe.dropped = 0;
}

static void
send_held(void)
{
	if (log_pipe.held_len == 0)
		return;
	if (log_pipe.dropped > 0)
		tell_dropped();
	log_pipe.stuck = !pipe_write(log_pipe.held, log_pipe.held_len);
	if (log_pipe.stuck)
		log_pipe.dropped += log_pipe.held_lines;
	log_pipe.held_len = 0;
	log_pipe.held_lines = 0;
}

static void
log_sink_pipe(enum log_level level, const char *line, size_t len)
{
	char *to;

	if (len + 2 > sizeof(log_pipe.held) - log_pipe.held_len)
		send_held();
	to = log_pipe.held + log_pipe.held_len;
	to[0] = (char)('0' + level);
	memcpy(to + 1, line, len);
	to[len + 1] = '\n';
	log_pipe.held_len += len + 2;
	log_pipe.held_lines++;
	/* Who dies of it won't come to the release. */
	if (!log_pipe.hold || level >= LOG_LEVEL_FATAL)
		send_held();
}

void
log_hold(void)
{
	log_pipe.hold = true;
}

void
log_release(void)
{
	log_pipe.hold = false;
	send_held();
}

void
log_to_pipe(int fd)
{
	log_pipe.fd = fd;
	log_set_sink(log_sink_pipe);
}

enum log_level
log_pipe_level(const char *line, size_t len, const char **text_r)
{
	*text_r = line;
	if (len == 0 || line[0] < '0' || line[0] > '0' + LOG_LEVEL_PANIC)
		return LOG_LEVEL_ERROR;
	*text_r = line + 1;
	return (enum log_level)(line[0] - '0');
}

void
log_panic(const char *file, int line, const char *func, const char *expr)
{
	log_write(&log_process, LOG_LEVEL_PANIC,
		  "file %s: line %d (%s): assertion failed: (%s)", file, line,
		  func, expr);
	abort();
}

void
log_die_oom(size_t size)
{
	log_fatal(&log_process, "Out of memory (%zu octets wanted)", size);
	_exit(EXIT_OOM);
}
