/* Streams: lines, deadlines, wake-ups, on sockets, pipes and files. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/str.h"
#include "io/rawlog.h"
#include "io/stream.h"

static struct stream *s;
static int peer;

static void
open_pair(void)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	s = stream_new(fds[0], fds[0]);
	peer = fds[1];
}

static void
say(const char *data, size_t len)
{
	ck_assert_int_eq(write(peer, data, len), (ssize_t)len);
}

static void
close_pair(void)
{
	stream_free(&s);
	ck_assert_ptr_null(s);
	ck_assert_int_eq(close(peer), 0);
}

static void
expect_line(const char *want, size_t want_len)
{
	char *line;
	size_t len;

	ck_assert_int_eq(stream_read_line(s, 100, deadline_in(1000), &line,
					  &len), STREAM_OK);
	ck_assert_uint_eq(len, want_len);
	ck_assert_mem_eq(line, want, want_len + 1);
}

START_TEST(reads_lines)
{
	char *line;
	size_t len;

	open_pair();
	say("a\r\nb\nc\0d\r\n\r\ntail", 16);
	ck_assert(!stream_has_line(s));
	expect_line("a", 1);
	ck_assert(stream_has_line(s));
	expect_line("b", 1);
	expect_line("c\0d", 3);
	expect_line("", 0);
	ck_assert(!stream_has_line(s));
	ck_assert_int_eq(stream_read_line(s, 100, deadline_in(10), &line,
					  &len), STREAM_TIMEOUT);
	ck_assert_uint_eq(stream_buffered(s), 4);
	say("\n", 1);
	expect_line("tail", 4);
	ck_assert_int_eq(shutdown(peer, SHUT_WR), 0);
	ck_assert_int_eq(stream_read_line(s, 100, deadline_in(1000), &line,
					  &len), STREAM_EOF);
	ck_assert_int_eq(stream_fill(s, deadline_in(1000)), STREAM_EOF);
	close_pair();
}
END_TEST

START_TEST(bounds_lines)
{
	static char many[90000];
	char octets[101], *line;
	size_t len;

	open_pair();
	memset(octets, 'x', sizeof(octets));
	say(octets, 100);
	say("\r\n", 2);
	ck_assert_int_eq(stream_read_line(s, 100, deadline_in(1000), &line,
					  &len), STREAM_OK);
	say(octets, 101);
	say("\n", 1);
	ck_assert_int_eq(stream_read_line(s, 100, deadline_in(1000), &line,
					  &len), STREAM_TOOLONG);
	ck_assert_int_eq(stream_skip_line(s, deadline_in(1000)), STREAM_OK);
	memset(many, 'x', sizeof(many));
	say(many, sizeof(many));
	ck_assert_int_eq(stream_read_line(s, 100, deadline_in(1000), &line,
					  &len), STREAM_TOOLONG);
	ck_assert_int_eq(stream_skip_line(s, deadline_in(10)), STREAM_TIMEOUT);
	say("\nnext\n", 6);
	ck_assert_int_eq(stream_skip_line(s, deadline_in(1000)), STREAM_OK);
	expect_line("next", 4);
	close_pair();
}
END_TEST

START_TEST(octet_by_octet)
{
	open_pair();
	for (const char *p = "NOOP"; *p != '\0'; p++) {
		char *line;
		size_t len;

		say(p, 1);
		ck_assert_int_eq(stream_read_line(s, 100, deadline_in(5),
						  &line, &len),
				 STREAM_TIMEOUT);
	}
	say("\r", 1);
	say("\n", 1);
	expect_line("NOOP", 4);
	close_pair();
}
END_TEST

START_TEST(large_input_comes_whole)
{
	static char block[50000];
	size_t total = 0;
	unsigned char sum = 0;

	open_pair();
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (char)(i * 7);
	for (int round = 0; round < 20; round++) {
		size_t len;
		const char *data;

		say(block, sizeof(block));
		for (size_t got = 0; got < sizeof(block); got += len) {
			ck_assert_int_eq(stream_fill(s, deadline_in(1000)),
					 STREAM_OK);
			data = stream_data(s, &len);
			for (size_t i = 0; i < len; i++)
				sum |= (unsigned char)(data[i] ^
						       block[got + i]);
			stream_skip(s, len);
			total += len;
		}
	}
	ck_assert_uint_eq(total, 20 * sizeof(block));
	ck_assert_uint_eq(sum, 0);
	close_pair();
}
END_TEST

/* A peer that never reads doesn't hold us beyond the deadline. */
START_TEST(deaf_peer)
{
	static char block[4096];
	enum stream_status status = STREAM_OK;
	int64_t begin = clock_ms();

	open_pair();
	for (int i = 0; i < 1000 && status == STREAM_OK; i++)
		status = stream_write(s, block, sizeof(block),
				      deadline_in(50));
	ck_assert_int_eq(status, STREAM_TIMEOUT);
	ck_assert_int_lt(clock_ms() - begin, 5000);
	close_pair();
}
END_TEST

START_TEST(partial_writes_go_on)
{
	static char block[300000], back[300000];
	size_t got = 0;
	pid_t pid;

	open_pair();
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (char)(i * 11);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		while (got < sizeof(back)) {
			ssize_t n = read(peer, back + got, 1000);

			if (n <= 0)
				_exit(1);
			got += (size_t)n;
		}
		_exit(memcmp(block, back, sizeof(back)) != 0);
	}
	ck_assert_int_eq(stream_write(s, block, sizeof(block),
				      deadline_in(5000)), STREAM_OK);
	ck_assert_int_eq(stream_flush(s, deadline_in(5000)), STREAM_OK);
	ck_assert_int_eq(waitpid(pid, &(int){ 0 }, 0), pid);
	close_pair();
}
END_TEST

START_TEST(closed_peer)
{
	ck_assert(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	open_pair();
	ck_assert_int_eq(shutdown(peer, SHUT_RDWR), 0);
	ck_assert_int_eq(stream_write(s, "x", 1, deadline_in(100)), STREAM_OK);
	ck_assert_int_eq(stream_flush(s, deadline_in(100)), STREAM_ERROR);
	close_pair();
}
END_TEST

START_TEST(watched_fd_wakes)
{
	int fds[2];

	open_pair();
	ck_assert_int_eq(pipe(fds), 0);
	stream_watch(s, fds[0], NULL);
	ck_assert_int_eq(stream_fill(s, deadline_in(10)), STREAM_TIMEOUT);
	ck_assert_int_eq(close(fds[1]), 0);
	ck_assert_int_eq(stream_fill(s, deadline_in(1000)), STREAM_WAKE);
	stream_watch(s, -1, NULL);
	say("x\n", 2);
	expect_line("x", 1);
	ck_assert_int_eq(close(fds[0]), 0);
	close_pair();
}
END_TEST

static volatile sig_atomic_t signals;

static void
count_signal(int sig)
{
	signals++;
}

/* Signals are blocked but for the waits, and get through even when the peer
   always has something to say. */
START_TEST(signals_wake)
{
	struct sigaction sa = { .sa_handler = count_signal };
	sigset_t block, open_mask;
	enum stream_status status = STREAM_OK;

	sigemptyset(&block);
	sigaddset(&block, SIGUSR2);
	ck_assert_int_eq(sigprocmask(SIG_BLOCK, &block, &open_mask), 0);
	ck_assert_int_eq(sigaction(SIGUSR2, &sa, NULL), 0);
	open_pair();
	stream_watch(s, -1, &open_mask);
	ck_assert_int_eq(raise(SIGUSR2), 0);
	ck_assert_int_eq(signals, 0);
	ck_assert_int_eq(stream_fill(s, deadline_in(1000)), STREAM_WAKE);
	ck_assert_int_eq(signals, 1);

	say("x", 1);
	ck_assert_int_eq(raise(SIGUSR2), 0);
	for (int64_t end = clock_ms() + 2000;
	     status == STREAM_OK && clock_ms() < end; ) {
		status = stream_fill(s, deadline_in(1000));
		stream_skip(s, stream_buffered(s));
		say("x", 1);
	}
	ck_assert_int_eq(status, STREAM_WAKE);
	ck_assert_int_eq(signals, 2);
	close_pair();
}
END_TEST

START_TEST(pipes_and_files)
{
	char name[] = "/tmp/loft-stream.XXXXXX", *line, back[8];
	int in[2], file = mkstemp(name);
	size_t len;

	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(pipe(in), 0);
	ck_assert_int_eq(write(in[1], "a\nb\n", 4), 4);
	ck_assert_int_eq(close(in[1]), 0);
	s = stream_new(in[0], file);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(stream_read_line(s, 9, deadline_in(1000),
						  &line, &len), STREAM_OK);
	ck_assert_str_eq(line, "b");
	ck_assert_int_eq(stream_write(s, "220 x\n", 6, deadline_in(10)), 0);
	ck_assert_int_eq(stream_fill(s, deadline_in(1000)), STREAM_EOF);
	ck_assert_int_eq(pread(file, back, sizeof(back), 0), 6);
	stream_free(&s);
	ck_assert_int_eq(unlink(name), 0);
}
END_TEST

/* Is file SUFFIX of the rawlog dir "TIME text" line by line? */
static void
check_rawlog(const char *dir, const char *suffix, const char *want)
{
	char cmd[400], text[100];
	size_t len;
	FILE *f;

	(void)snprintf(cmd, sizeof(cmd), "cat %s/*-*.%d.1.%s | "
		       "sed 's/^[0-9]*\\.[0-9]\\{6\\} />/'", dir,
		       (int)getpid(), suffix);
	f = popen(cmd, "r");
	ck_assert_ptr_nonnull(f);
	len = fread(text, 1, sizeof(text) - 1, f);
	text[len] = '\0';
	ck_assert_int_eq(pclose(f), 0);
	ck_assert_str_eq(text, want);
}

START_TEST(rawlogs)
{
	char dir[] = "/tmp/loft-rawlog.XXXXXX", cmd[100];
	struct rawlog *r;

	ck_assert_ptr_null(rawlog_open("/nonexistent/dir"));
	ck_assert_ptr_nonnull(mkdtemp(dir));
	open_pair();
	r = rawlog_open(dir);
	ck_assert_ptr_nonnull(r);
	stream_set_rawlog(s, r);
	say("NOOP\r\nQU", 8);
	expect_line("NOOP", 4);
	say("IT\r\n", 4);
	expect_line("QUIT", 4);
	ck_assert_int_eq(stream_write(s, "250 x\r\n221 y\r\n", 14,
				      deadline_in(10)), STREAM_OK);
	ck_assert_int_eq(stream_flush(s, deadline_in(10)), STREAM_OK);
	close_pair();
	rawlog_close(&r);
	check_rawlog(dir, "in", ">NOOP\r\n>QUIT\r\n");
	check_rawlog(dir, "out", ">250 x\r\n>221 y\r\n");
	(void)snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	ck_assert_int_eq(system(cmd), 0);
}
END_TEST

UNIT_MAIN("io-stream", reads_lines, bounds_lines, octet_by_octet,
	  large_input_comes_whole, deaf_peer, partial_writes_go_on,
	  closed_peer, watched_fd_wakes, signals_wake, pipes_and_files,
	  rawlogs);
