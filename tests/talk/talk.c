/*
 * Plays a dialogue against a server and fails when an answer differs:
 *
 *	talk [--as NAME] [--verbose] (--socket PATH | --tcp HOST PORT |
 *	     --command COMMAND) FILE.talk
 *
 * Lines of a .talk file (see README in this directory):
 *	C: text      send text and CRLF; what follows one another goes in one
 *	             write. Escapes: \r \n \t \0 \\ \xHH
 *	C- text      the same without CRLF
 *	B: text      the same as C:, octet by octet
 *	N 1000 x     send 1000 times the text x
 *	S: text      expect this line; {sid} {host} {date} {pid} {any} stand for
 *	             such things
 *	E: text      expect the last line of a reply (code and blank), or that
 *	             line with others of the same reply behind it
 *	R: regex     expect a line that this extended expression matches wholly
 *	eof          expect the end
 *	close, half-close, reconnect, wait MS, timeout SECONDS
 *	run: command the shell must find this true
 *	skip NAME: why	don't play this file when run --as NAME
 * `S dovecot: …`, `run dovecot: …` and so on holds only for runs --as that name. Exits 0, 1
 * (differs), 77 (skipped) or 2.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/str.h"
#include "io/sock.h"

enum { DIFFERS = 1, BROKEN = 2, SKIPPED = 77, INPUT_MAX = 1 << 24 };

static const char *as = "loft", *unix_path, *tcp_host, *tcp_port, *command;
static const char *file_name;
static unsigned line_no;
static bool verbose;
static int timeout_ms = 10000;

static int fd = -1;
static pid_t pid;
static struct str out, in;	/* to be sent; received and not yet asked for */
static size_t in_pos;

static void __attribute__((noreturn, format(printf, 2, 3)))
quit(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fprintf(stderr, "%s:%u: ", file_name, line_no);
	(void)vfprintf(stderr, fmt, ap);
	(void)fputc('\n', stderr);
	va_end(ap);
	exit(status);
}

static void
open_connection(void)
{
	deadline_t deadline = deadline_in(timeout_ms);
	struct err err;

	if (command != NULL)
		fd = sock_connect_command(command, &pid, &err);
	else if (tcp_host != NULL)
		fd = sock_connect_inet(tcp_host, tcp_port, deadline, &err);
	else
		fd = sock_connect_unix(unix_path, &err);
	if (fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		quit(BROKEN, "%s", err.text);
}

static void
close_connection(void)
{
	if (fd >= 0)
		(void)close(fd);
	fd = -1;
	str_reset(&out);
	str_reset(&in);
	in_pos = 0;
	if (pid != 0)
		(void)waitpid(pid, NULL, 0);
	pid = 0;
}

/* Wait for events; what the server says meanwhile is kept. False at its
   end. */
static bool
pump(short events, deadline_t deadline)
{
	struct pollfd pfd = { fd, events | POLLIN, 0 };
	ssize_t n;

	if (poll(&pfd, 1, deadline_left(deadline)) == 0)
		quit(DIFFERS, "timeout: the server says nothing%s",
		     events != 0 ? " and takes nothing" : "");
	if ((pfd.revents & ~POLLOUT) == 0)
		return true;
	n = read(fd, str_reserve(&in, 65536), 65536);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0 || in.len > INPUT_MAX)
		return false;
	in.len += (size_t)n;
	return true;
}

static void
flush(void)
{
	deadline_t deadline = deadline_in(timeout_ms);
	size_t sent = 0;

	while (sent < out.len) {
		ssize_t n = write(fd, out.data + sent, out.len - sent);

		if (n >= 0)
			sent += (size_t)n;
		else if (errno != EAGAIN || !pump(POLLOUT, deadline))
			break;	/* what it said before it closed counts */
	}
	str_reset(&out);
}

static bool
next_line(const char **line_r, size_t *len_r)
{
	deadline_t deadline = deadline_in(timeout_ms);
	const char *lf;

	flush();
	for (;;) {
		lf = in.len == in_pos ? NULL :
			memchr(in.data + in_pos, '\n', in.len - in_pos);
		if (lf != NULL)
			break;
		if (!pump(0, deadline))
			return false;
	}
	*line_r = in.data + in_pos;
	*len_r = (size_t)(lf - *line_r);
	in_pos += *len_r + 1;
	if (*len_r == 0 || (*line_r)[*len_r - 1] != '\r')
		quit(DIFFERS, "a line of the server ends in a bare LF");
	--*len_r;
	return true;
}

static void
unescape(const char *text, struct str *s)
{
	for (; *text != '\0'; text++) {
		char hex[3] = "";

		if (*text != '\\') {
			str_append_c(s, *text);
			continue;
		}
		switch (*++text) {
		case 'r': str_append_c(s, '\r'); break;
		case 'n': str_append_c(s, '\n'); break;
		case 't': str_append_c(s, '\t'); break;
		case '0': str_append_c(s, '\0'); break;
		case '\\': str_append_c(s, '\\'); break;
		case 'x':
			if (!isxdigit((unsigned char)text[1]) ||
			    !isxdigit((unsigned char)text[2]))
				quit(BROKEN, "\\x wants two digits");
			memcpy(hex, text + 1, 2);
			str_append_c(s, (char)strtol(hex, NULL, 16));
			text += 2;
			break;
		default:
			quit(BROKEN, "unknown escape \\%c", *text);
		}
	}
}

/* A line with placeholders as an expression. */
static void
to_regex(const char *text, struct str *s)
{
	static const char *const things[][2] = {
		{ "{sid}", "[A-Za-z0-9+/]{22}" },
		{ "{host}", "[A-Za-z0-9.-]+" },
		{ "{date}", "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}" },
		{ "{pid}", "[0-9]+" },
		{ "{any}", ".*" },
	};

	while (*text != '\0') {
		bool thing = false;

		for (size_t i = 0; i < 5 && !thing; i++) {
			if (!str_begins(text, things[i][0]))
				continue;
			str_append(s, things[i][1]);
			text += strlen(things[i][0]);
			thing = true;
		}
		if (thing)
			continue;
		if (strchr(".[]{}()*+?^$|\\", *text) != NULL)
			str_append_c(s, '\\');
		str_append_c(s, *text++);
	}
}

static void
expect(const char *text, bool is_regex)
{
	struct str want = STR_INIT, got = STR_INIT;
	const char *line;
	regex_t re;
	size_t len;

	str_append_c(&want, '^');
	if (is_regex) {
		str_append(&want, text);
	} else {
		struct str plain = STR_INIT;

		unescape(text, &plain);
		to_regex(str_c(&plain), &want);
		str_free(&plain);
	}
	str_append_c(&want, '$');
	if (regcomp(&re, str_c(&want), REG_EXTENDED | REG_NOSUB) != 0)
		quit(BROKEN, "no regular expression: %s", text);
	if (!next_line(&line, &len))
		quit(DIFFERS, "the server closed instead of: %s", text);
	str_append_n(&got, line, len);
	if (verbose)
		(void)printf("S: %s\n", str_c(&got));
	if (strlen(str_c(&got)) != len ||
	    regexec(&re, str_c(&got), 0, NULL, 0) != 0)
		quit(DIFFERS, "\n  expected: %s\n  got:      %s", text,
		     str_c(&got));
	regfree(&re);
	str_free(&want);
	str_free(&got);
}

/* As expect(), but the reply may go on. */
static void
expect_end(const char *text)
{
	const char *line;
	size_t len;
	bool more;

	if (strlen(text) < 4 || text[3] != ' ')
		quit(BROKEN, "no last line of a reply: %s", text);
	if (!next_line(&line, &len))
		quit(DIFFERS, "the server closed instead of: %s", text);
	more = len > 3 && line[3] == '-';
	in_pos = (size_t)(line - in.data);
	if (more)
		in.data[in_pos + 3] = ' ';
	expect(text, false);
	while (more && next_line(&line, &len))
		more = len > 3 && line[3] == '-';
}

static void
expect_eof(void)
{
	deadline_t deadline = deadline_in(timeout_ms);

	flush();
	while (in.len == in_pos && pump(0, deadline))
		;
	if (in.len > in_pos)
		quit(DIFFERS, "expected the end, got: %.*s",
		     (int)(in.len - in_pos), in.data + in_pos);
}

static void
send_octets(const char *text)
{
	size_t first = out.len;
	struct str octets = STR_INIT;

	flush();
	unescape(text, &octets);
	str_append(&octets, "\r\n");
	for (size_t i = first; i < octets.len; i++) {
		struct timespec pause = { 0, 1000000 };

		str_append_c(&out, octets.data[i]);
		flush();
		(void)nanosleep(&pause, NULL);
	}
	str_free(&octets);
}

static void
send_many(const char *text)
{
	struct str piece = STR_INIT;
	char *end;
	unsigned long count = strtoul(text, &end, 10);

	if (*end != ' ')
		quit(BROKEN, "N wants a number and a text");
	unescape(end + 1, &piece);
	for (unsigned long i = 0; i < count; i++) {
		str_append_n(&out, str_c(&piece), piece.len);
		if (out.len > 1 << 20)
			flush();
	}
	str_free(&piece);
}

static void
run_shell(const char *text)
{
	flush();
	if (system(text) != 0)
		quit(DIFFERS, "not true: %s", text);
}

/* "loft: command": only as that one. */
static void
run_shell_as(const char *text)
{
	size_t len = strcspn(text, ":");

	if (strlen(as) == len && strncmp(text, as, len) == 0)
		run_shell(text + len + 1);
}

static void
pause_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	flush();
	(void)nanosleep(&ts, NULL);
}

static void
simple_step(const char *line)
{
	if (strcmp(line, "eof") == 0) {
		expect_eof();
	} else if (strcmp(line, "close") == 0) {
		flush();
		close_connection();
	} else if (strcmp(line, "half-close") == 0) {
		flush();
		if (shutdown(fd, SHUT_WR) != 0)
			quit(BROKEN, "shutdown: %s", strerror(errno));
	} else if (strcmp(line, "reconnect") == 0) {
		flush();
		close_connection();
		open_connection();
	} else if (str_begins(line, "wait ")) {
		pause_ms(atol(line + 5));
	} else if (str_begins(line, "timeout ")) {
		timeout_ms = 1000 * atoi(line + 8);
	} else if (str_begins(line, "run: ")) {
		run_shell(line + 5);
	} else if (str_begins(line, "run ")) {
		run_shell_as(line + 4);
	} else if (str_begins(line, "N ")) {
		send_many(line + 2);
	} else {
		quit(BROKEN, "what is: %s", line);
	}
}

static void
step(const char *line)
{
	const char *text = line + 1;

	if (strchr("CBSRE", *line) == NULL || (*text != ':' && *text != '-' &&
					      *text != ' ')) {
		simple_step(line);
		return;
	}
	if (*text == ' ') {		/* "S dovecot: …" */
		size_t len = strcspn(++text, ":-");

		if (strlen(as) != len || strncmp(text, as, len) != 0)
			return;
		text += len;
	}
	if (*text == '\0')
		quit(BROKEN, "what is: %s", line);
	if (verbose && strchr("SRE", *line) == NULL)
		(void)printf("%s\n", line);

	bool bare = *text++ == '-';

	if (*text == ' ')
		text++;
	if (*line == 'S' || *line == 'R') {
		expect(text, *line == 'R');
	} else if (*line == 'E') {
		expect_end(text);
	} else if (*line == 'B') {
		send_octets(text);
	} else {
		unescape(text, &out);
		if (!bare)
			str_append(&out, "\r\n");
	}
}

/* "skip NAME: why" anywhere in the file. */
static void
check_skip(const char *line)
{
	size_t len = strlen(as);

	if (str_begins(line, "skip ") && strncmp(line + 5, as, len) == 0 &&
	    line[5 + len] == ':') {
		(void)printf("%s: skipped:%s\n", file_name, line + 6 + len);
		exit(SKIPPED);
	}
}

static void
play(FILE *f)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while ((len = getline(&line, &size, f)) > 0) {
		line_no++;
		if (line[len - 1] == '\n')
			line[--len] = '\0';
		check_skip(line);
		if (len == 0 || *line == '#' || str_begins(line, "skip ") ||
		    str_begins(line, "config"))
			continue;
		if (fd < 0 && strcmp(line, "reconnect") != 0 &&
		    !str_begins(line, "run"))
			open_connection();
		step(line);
	}
	free(line);
	flush();
	close_connection();
}

static void __attribute__((noreturn))
usage(void)
{
	(void)fprintf(stderr, "usage: talk [--as NAME] [--verbose] "
		      "(--socket PATH | --tcp HOST PORT | --command COMMAND) "
		      "FILE\n");
	exit(BROKEN);
}

int
main(int argc, char *argv[])
{
	int i;
	FILE *f;

	for (i = 1; i < argc - 1; i++) {
		if (strcmp(argv[i], "--as") == 0) {
			as = argv[++i];
		} else if (strcmp(argv[i], "--verbose") == 0) {
			verbose = true;
		} else if (strcmp(argv[i], "--socket") == 0) {
			unix_path = argv[++i];
		} else if (strcmp(argv[i], "--command") == 0) {
			command = argv[++i];
		} else if (strcmp(argv[i], "--tcp") == 0 && i + 3 < argc) {
			tcp_host = argv[++i];
			tcp_port = argv[++i];
		} else {
			usage();
		}
	}
	if (i != argc - 1 || !(unix_path || command || tcp_host))
		usage();
	file_name = argv[i];
	f = fopen(file_name, "r");
	if (f == NULL) {
		perror(file_name);
		return BROKEN;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	play(f);
	(void)fclose(f);
	return 0;
}
