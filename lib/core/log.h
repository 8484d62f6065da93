/*
 * Log lines. A line is "PREFIX Level: text"; the prefix comes from the
 * nearest logctx, which the caller passes down (it is never a global). Where
 * lines go is the process's one sink: standard error until something else is
 * chosen. Failing to log never fails the caller.
 */
#ifndef LOFT_CORE_LOG_H
#define LOFT_CORE_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_ERROR,
	LOG_LEVEL_FATAL,
	LOG_LEVEL_PANIC,
};

struct logctx {
	const char *prefix;	/* "lmtp(alice)<123><SID:R2>: "; "" is none */
	bool debug;		/* let log_debug() through (mail_debug) */
	const char *suffix;	/* behind the text, never cut off; or NULL */
};

/* A context for what has no better one: the process itself. Set once at
   start; the prefix is "NAME: " or "NAME(PID): ". */
extern struct logctx log_process;

void log_write(const struct logctx *ctx, enum log_level level,
	       const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void log_vwrite(const struct logctx *ctx, enum log_level level,
		const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

#define log_debug(ctx, ...) \
	do { if ((ctx)->debug) \
		log_write((ctx), LOG_LEVEL_DEBUG, __VA_ARGS__); } while (0)
#define log_info(ctx, ...) log_write((ctx), LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warning(ctx, ...) log_write((ctx), LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_error(ctx, ...) log_write((ctx), LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_fatal(ctx, ...) log_write((ctx), LOG_LEVEL_FATAL, __VA_ARGS__)

/* "Debug", "Info", ... */
const char *log_level_name(enum log_level level);

/* The sink gets each finished line, without a line end. Control characters
   are already replaced, so that a client can't forge lines. */
typedef void log_sink_fn(enum log_level level, const char *line, size_t len);
void log_set_sink(log_sink_fn *sink);

/* The default sink: standard error. */
void log_sink_stderr(enum log_level level, const char *line, size_t len);

/* Lines to a pipe that the log process reads: one non-blocking write of at
   most PIPE_BUF octets per line, a level digit in front, a newline behind;
   longer lines are cut and end in "...". While the pipe stays full for a
   second the line is dropped and counted; the count is told when lines pass
   again. The fd stays the caller's and must outlive the sink. */
void log_to_pipe(int fd);

/* Many lines at once: from the hold to the release lines to a pipe go
   together, as many as one write of PIPE_BUF octets takes. In between nothing
   that takes long, and no fork. */
void log_hold(void);
void log_release(void);

/* The level digit of a line that came through such a pipe; a line without
   one (a library that wrote to stderr) counts as an error. */
enum log_level log_pipe_level(const char *line, size_t len,
			      const char **text_r);

/* What the programmer promised; a failure logs "Panic: ..." and aborts. */
#define ASSERT(expr) \
	do { if (__builtin_expect(!(expr), 0)) \
		log_panic(__FILE__, __LINE__, __func__, #expr); } while (0)
void log_panic(const char *file, int line, const char *func, const char *expr)
	__attribute__((noreturn));

/* Out of memory: one Fatal line, exit status 83 as Dovecot uses. */
void log_die_oom(size_t size) __attribute__((noreturn));

#endif
