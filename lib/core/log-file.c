/*
 * Log files and syslog; see log-file.h.
 */
#include "core/log-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define SYSLOG_NAMES
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"

enum { DEST_ERROR, DEST_INFO, DEST_DEBUG, DEST_COUNT };

struct dest {
	char *path;	/* NULL: syslog */
	int fd;		/* shared with an earlier dest of the same path */
	struct str held;	/* lines of a batch; of the first that shares */
};

static struct {
	struct dest dest[DEST_COUNT];
	char *timestamp;
	bool syslog_opened;
	bool batch;	/* between log_file_begin() and log_file_end() */
} files = { .dest = { { .fd = -1 }, { .fd = -1 }, { .fd = -1 } } };

bool
log_file_facility(const char *name, int *facility_r)
{
	for (const CODE *c = facilitynames; c->c_name != NULL; c++) {
		if (strcmp(c->c_name, name) == 0 && c->c_val != INTERNAL_MARK) {
			*facility_r = c->c_val;
			return true;
		}
	}
	return false;
}

static int
open_path(const char *path, struct err *err)
{
	int fd;

	if (strcmp(path, "/dev/stderr") == 0)
		fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
			  O_NOCTTY, 0600);
	return fd >= 0 ? fd : err_path(err, "open", path);
}

/* Does an earlier destination have this path open already? */
static int
shared_fd(const struct dest *dest, int i)
{
	for (int j = 0; j < i; j++) {
		if (str_eq(dest[j].path, dest[i].path))
			return dest[j].fd;
	}
	return -1;
}

static void
close_all(struct dest *dest)
{
	for (int i = DEST_COUNT - 1; i >= 0; i--) {
		if (dest[i].fd >= 0 && shared_fd(dest, i) < 0)
			(void)close(dest[i].fd);
		free(dest[i].path);
		str_free(&dest[i].held);
		dest[i] = (struct dest){ .fd = -1 };
	}
}

static int
open_all(struct dest *dest, struct err *err)
{
	for (int i = 0; i < DEST_COUNT; i++) {
		if (dest[i].path == NULL)
			continue;
		dest[i].fd = shared_fd(dest, i);
		if (dest[i].fd < 0)
			dest[i].fd = open_path(dest[i].path, err);
		if (dest[i].fd < 0)
			return -1;
	}
	return 0;
}

static char *
path_of(const char *path)
{
	return strcmp(path, "syslog") == 0 || *path == '\0' ? NULL :
		mem_strdup(path);
}

static bool
wants_syslog(const struct dest *dest)
{
	for (int i = 0; i < DEST_COUNT; i++) {
		if (dest[i].path == NULL)
			return true;
	}
	return false;
}

int
log_file_open(const struct log_file_settings *set, struct err *err)
{
	const char *info = *set->info_log_path != '\0' ?
		set->info_log_path : set->log_path;
	const char *debug = *set->debug_log_path != '\0' ?
		set->debug_log_path : info;
	struct dest dest[DEST_COUNT] = {
		{ .path = path_of(set->log_path), .fd = -1 },
		{ .path = path_of(info), .fd = -1 },
		{ .path = path_of(debug), .fd = -1 },
	};
	int facility = LOG_MAIL;

	if (!log_file_facility(set->syslog_facility, &facility)) {
		close_all(dest);
		return err_set(err, ERR_CONFIG, "unknown syslog_facility: %s",
			       set->syslog_facility);
	}
	if (open_all(dest, err) < 0) {
		close_all(dest);
		return -1;
	}
	close_all(files.dest);
	memcpy(files.dest, dest, sizeof(dest));
	free(files.timestamp);
	files.timestamp = mem_strdup(set->log_timestamp);
	if (files.syslog_opened)
		closelog();
	files.syslog_opened = wants_syslog(dest);
	if (files.syslog_opened)
		openlog(set->ident, LOG_NDELAY, facility);
	return 0;
}

int
log_file_reopen(struct err *err)
{
	int result = 0;

	for (int i = 0; i < DEST_COUNT; i++) {
		struct dest *dest = &files.dest[i];
		int fd;

		if (dest->path == NULL || shared_fd(files.dest, i) >= 0)
			continue;
		fd = open_path(dest->path, err);
		if (fd < 0) {
			result = -1;
			continue;
		}
		/* The number stays, so that sharing destinations follow. */
		if (dup3(fd, dest->fd, O_CLOEXEC) < 0)
			result = err_sys(err, "dup3(%s)", dest->path);
		(void)close(fd);
	}
	return result;
}

static int
syslog_priority(enum log_level level)
{
	static const int priorities[] = {
		LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERR, LOG_CRIT, LOG_CRIT
	};

	return priorities[level];
}

/* The first destination with the same file, where lines keep their order. */
static struct dest *
same_file(struct dest *dest)
{
	struct dest *first = files.dest;

	while (first->fd != dest->fd)
		first++;
	return first;
}

static void
write_held(struct dest *dest)
{
	/* Nowhere to tell a failure; the next lines try again. */
	(void)!write(dest->fd, str_c(&dest->held), dest->held.len);
	str_reset(&dest->held);
}

static void
hold_line(struct dest *dest, const char *line, size_t len)
{
	char stamp[128];
	time_t now = clock_wall().tv_sec;
	struct tm tm;

	if (*files.timestamp != '\0' && localtime_r(&now, &tm) != NULL)
		str_append_n(&dest->held, stamp,
			     strftime(stamp, sizeof(stamp), files.timestamp,
				      &tm));
	str_append_n(&dest->held, line, len);
	str_append_c(&dest->held, '\n');
}

void
log_file_begin(void)
{
	files.batch = true;
}

void
log_file_end(void)
{
	files.batch = false;
	for (int i = 0; i < DEST_COUNT; i++) {
		if (files.dest[i].held.len > 0)
			write_held(&files.dest[i]);
	}
}

void
log_sink_file(enum log_level level, const char *line, size_t len)
{
	struct dest *dest = &files.dest[
		level == LOG_LEVEL_DEBUG ? DEST_DEBUG :
		level == LOG_LEVEL_INFO ? DEST_INFO : DEST_ERROR];

	if (dest->path == NULL) {
		syslog(syslog_priority(level), "%.*s", (int)len, line);
		return;
	}
	dest = same_file(dest);
	hold_line(dest, line, len);
	if (!files.batch)
		write_held(dest);
}
