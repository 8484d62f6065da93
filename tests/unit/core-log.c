/* Log lines: prefixes, cuts, control characters, pipes and files. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/err.h"
#include "core/log-file.h"
#include "core/log.h"
#include "core/str.h"

static const struct logctx ctx = { .prefix = "lmtp(alice)<1><S>: " };

static size_t
read_pipe(int fd, char *buf, size_t size)
{
	ssize_t n = read(fd, buf, size - 1);

	ck_assert_int_ge(n, 0);
	buf[n] = '\0';
	return (size_t)n;
}

static void
open_pipe(int fds[2])
{
	ck_assert_int_eq(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	log_to_pipe(fds[1]);
}

START_TEST(line_has_level_prefix_and_text)
{
	char buf[PIPE_BUF + 1];
	const char *text;
	int fds[2];

	open_pipe(fds);
	log_debug(&ctx, "not wanted");
	log_info(&ctx, "saved %s", "mail");
	ck_assert_uint_gt(read_pipe(fds[0], buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, "1lmtp(alice)<1><S>: Info: saved mail\n");
	ck_assert_int_eq(log_pipe_level(buf, strlen(buf), &text),
			 LOG_LEVEL_INFO);
	ck_assert_str_eq(text, "lmtp(alice)<1><S>: Info: saved mail\n");
	ck_assert_int_eq(log_pipe_level("oops", 4, &text), LOG_LEVEL_ERROR);
	ck_assert_str_eq(text, "oops");
}
END_TEST

START_TEST(clients_cannot_forge_lines)
{
	char buf[PIPE_BUF + 1];
	int fds[2];

	open_pipe(fds);
	log_info(&ctx, "rcpt %s", "a\nmaster: Error: b\r\x1b[2J\x7f");
	(void)read_pipe(fds[0], buf, sizeof(buf));
	ck_assert_str_eq(buf, "1lmtp(alice)<1><S>: Info: "
			 "rcpt a?master: Error: b??[2J?\n");
}
END_TEST

START_TEST(held_lines_go_together)
{
	char text[PIPE_BUF / 3], buf[2 * PIPE_BUF];
	size_t len;
	int fds[2];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	open_pipe(fds);
	log_hold();
	log_info(&ctx, "one");
	log_error(&ctx, "two");
	ck_assert_int_eq(read(fds[0], buf, sizeof(buf)), -1);
	log_release();
	(void)read_pipe(fds[0], buf, sizeof(buf));
	ck_assert_str_eq(buf, "1lmtp(alice)<1><S>: Info: one\n"
			 "3lmtp(alice)<1><S>: Error: two\n");
	/* as many as a write takes, each of them whole */
	log_hold();
	for (int i = 0; i < 3; i++)
		log_info(&ctx, "%s", text);
	len = read_pipe(fds[0], buf, sizeof(buf));
	ck_assert_uint_le(len, PIPE_BUF);
	ck_assert_uint_eq(len % 2, 0);
	ck_assert_int_eq(memcmp(buf, buf + len / 2, len / 2), 0);
	log_release();
	ck_assert_uint_eq(read_pipe(fds[0], buf, sizeof(buf)), len / 2);
	/* not when the process dies */
	log_hold();
	log_info(&ctx, "three");
	log_fatal(&ctx, "four");
	(void)read_pipe(fds[0], buf, sizeof(buf));
	ck_assert(str_ends(buf, "Info: three\n4lmtp(alice)<1><S>: "
			   "Fatal: four\n"));
	log_release();
	ck_assert_int_eq(read(fds[0], buf, sizeof(buf)), -1);
}
END_TEST

START_TEST(long_lines_are_cut_and_marked)
{
	char text[PIPE_BUF * 2], buf[PIPE_BUF + 1];
	size_t len;
	int fds[2];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	open_pipe(fds);
	log_info(&ctx, "%s", text);
	len = read_pipe(fds[0], buf, sizeof(buf));
	ck_assert_uint_le(len, PIPE_BUF);
	ck_assert(str_ends(buf, "xxx...\n"));
	ck_assert_int_eq(read(fds[0], buf, sizeof(buf)), -1);
}
END_TEST

START_TEST(a_suffix_is_never_cut_off)
{
	struct logctx noted = { .prefix = "lmtp: ", .suffix = " (queue_id=A)" };
	char text[PIPE_BUF * 2], buf[PIPE_BUF + 1];
	int fds[2];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	open_pipe(fds);
	log_info(&noted, "saved");
	(void)read_pipe(fds[0], buf, sizeof(buf));
	ck_assert_str_eq(buf, "1lmtp: Info: saved (queue_id=A)\n");
	log_info(&noted, "%s", text);
	ck_assert_uint_le(read_pipe(fds[0], buf, sizeof(buf)), PIPE_BUF);
	ck_assert(str_ends(buf, "xxx... (queue_id=A)\n"));
}
END_TEST

START_TEST(full_pipe_drops_and_tells_later)
{
	char buf[PIPE_BUF + 1];
	bool told = false;
	int fds[2];

	open_pipe(fds);
	while (write(fds[1], "x\n", 2) == 2)
		continue;
	log_info(&ctx, "lost 1");
	log_info(&ctx, "lost 2");
	while (read(fds[0], buf, sizeof(buf)) > 0)
		continue;
	log_info(&ctx, "kept");
	(void)read_pipe(fds[0], buf, sizeof(buf));
	told = strstr(buf, "2 log lines were dropped") != NULL;
	ck_assert(told);
	ck_assert_ptr_nonnull(strstr(buf, "Info: kept\n"));
}
END_TEST

START_TEST(files_split_by_level_and_reopen)
{
	char dir[] = "/tmp/loft-unit.XXXXXX", error_path[64], info_path[64];
	char moved[64], buf[512];
	struct log_file_settings set = {
		.info_log_path = info_path, .debug_log_path = "",
		.log_timestamp = "T ", .syslog_facility = "mail",
		.ident = "unit",
	};
	struct err err;
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(error_path, sizeof(error_path), "%s/err", dir);
	(void)snprintf(info_path, sizeof(info_path), "%s/info", dir);
	(void)snprintf(moved, sizeof(moved), "%s/info.1", dir);
	set.log_path = error_path;
	ck_assert_int_eq(log_file_open(&set, &err), 0);
	log_set_sink(log_sink_file);
	log_info(&ctx, "one");
	log_error(&ctx, "two");
	ck_assert_int_eq(rename(info_path, moved), 0);
	ck_assert_int_eq(log_file_reopen(&err), 0);
	log_info(&ctx, "three");

	fd = open(moved, O_RDONLY);
	buf[read(fd, buf, sizeof(buf) - 1)] = '\0';
	ck_assert_str_eq(buf, "T lmtp(alice)<1><S>: Info: one\n");
	fd = open(info_path, O_RDONLY);
	buf[read(fd, buf, sizeof(buf) - 1)] = '\0';
	ck_assert_str_eq(buf, "T lmtp(alice)<1><S>: Info: three\n");
	fd = open(error_path, O_RDONLY);
	buf[read(fd, buf, sizeof(buf) - 1)] = '\0';
	ck_assert_str_eq(buf, "T lmtp(alice)<1><S>: Error: two\n");
	log_set_sink(log_sink_stderr);
	(void)unlink(moved);
	(void)unlink(info_path);
	(void)unlink(error_path);
	(void)rmdir(dir);
}
END_TEST

START_TEST(unusable_files_are_named)
{
	struct log_file_settings set = {
		.log_path = "/nonexistent/log", .info_log_path = "",
		.debug_log_path = "", .log_timestamp = "",
		.syslog_facility = "mail", .ident = "unit",
	};
	struct err err;

	ck_assert_int_eq(log_file_open(&set, &err), -1);
	ck_assert_str_eq(err.text, "open(/nonexistent/log) failed: "
			 "No such file or directory");
	set.log_path = "syslog";
	set.syslog_facility = "nonsense";
	ck_assert_int_eq(log_file_open(&set, &err), -1);
	ck_assert_str_eq(err.text, "unknown syslog_facility: nonsense");
}
END_TEST

UNIT_MAIN("core-log", line_has_level_prefix_and_text,
	  clients_cannot_forge_lines,
	  held_lines_go_together, long_lines_are_cut_and_marked,
	  a_suffix_is_never_cut_off,
	  full_pipe_drops_and_tells_later, files_split_by_level_and_reopen,
	  unusable_files_are_named);
