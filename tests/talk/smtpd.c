/*
 * A small SMTP server for tests, with or without TLS: it takes every mail and
 * keeps what clients say.
 *
 *	smtpd [--host ADDRESS] [--tls | --starttls] [--cert FILE --key FILE]
 *	      [--reply COMMAND=TEXT]... DIRECTORY
 *
 * prints its port, then serves one client after the other until its standard
 * input ends (or two minutes are over). DIRECTORY/said gets the commands, a
 * line each, "TLS" where it began, and DIRECTORY/mail what came after DATA.
 * --reply answers a command (its first word, "." for the end of the mail) with
 * this text.
 */
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "io/stream.h"
#include "io/tls.h"

enum { REPLIES_MAX = 10, WAIT_MS = 20000, LIFE_SECS = 120 };

static struct {
	const char *host, *directory;
	bool tls, starttls;
	struct str cert, key;
	const char *replies[REPLIES_MAX];
	unsigned reply_count;
} opt = { .host = "127.0.0.1" };

static struct tls_context *context;
static FILE *said, *mail;

static void __attribute__((noreturn))
die(const char *what, const char *why)
{
	fprintf(stderr, "smtpd: %s: %s\n", what, why);
	exit(1);
}

static void
read_file(const char *path, struct str *out)
{
	FILE *f = fopen(path, "r");
	char buf[8192];
	size_t n;

	if (f == NULL)
		die(path, strerror(errno));
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		str_append_n(out, buf, n);
	fclose(f);
}

static void
parse_options(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "host", required_argument, NULL, 'h' },
		{ "tls", no_argument, NULL, 't' },
		{ "starttls", no_argument, NULL, 's' },
		{ "cert", required_argument, NULL, 'c' },
		{ "key", required_argument, NULL, 'k' },
		{ "reply", required_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'h': opt.host = optarg; break;
		case 't': opt.tls = true; break;
		case 's': opt.starttls = true; break;
		case 'c': read_file(optarg, &opt.cert); break;
		case 'k': read_file(optarg, &opt.key); break;
		case 'r':
			if (opt.reply_count == REPLIES_MAX)
				die("--reply", "too many");
			opt.replies[opt.reply_count++] = optarg;
			break;
		default: exit(64);
		}
	}
	if (optind + 1 != argc)
		die("usage", "smtpd [OPTION...] DIRECTORY");
	opt.directory = argv[optind];
}

static FILE *
open_note(const char *name)
{
	struct str path = STR_INIT;
	FILE *f;

	str_printf(&path, "%s/%s", opt.directory, name);
	f = fopen(str_c(&path), "a");
	if (f == NULL)
		die(str_c(&path), strerror(errno));
	setvbuf(f, NULL, _IOLBF, 0);
	str_free(&path);
	return f;
}

static int
listen_on(void)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE,
	}, *ai;
	struct sockaddr_in6 addr;	/* holds either kind */
	socklen_t len = sizeof(addr);
	int fd;

	if (getaddrinfo(opt.host, "0", &hints, &ai) != 0)
		die(opt.host, "no address");
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 ||
	    listen(fd, 16) < 0 ||
	    getsockname(fd, (struct sockaddr *)&addr, &len) < 0)
		die(opt.host, strerror(errno));
	freeaddrinfo(ai);
	printf("%u\n", (unsigned)ntohs(addr.sin6_port));
	fflush(stdout);
	return fd;
}

static bool
say(struct stream *s, const char *text)
{
	deadline_t deadline = deadline_in(WAIT_MS);

	return stream_write(s, text, strlen(text), deadline) == STREAM_OK &&
		stream_write(s, "\r\n", 2, deadline) == STREAM_OK &&
		stream_flush(s, deadline) == STREAM_OK;
}

static bool
start_tls(struct stream *s, int fd)
{
	struct err err;

	if (tls_accept(s, fd, fd, context, NULL, NULL, &err) == NULL)
		return false;
	if (stream_handshake(s, deadline_in(WAIT_MS)) != STREAM_OK)
		return false;
	fprintf(said, "TLS\n");
	return true;
}

static bool
is_command(const char *line, const char *command)
{
	size_t len = strlen(command);

	return strncasecmp(line, command, len) == 0 &&
		(line[len] == '\0' || line[len] == ' ');
}

static const char *
reply_to(const char *line)
{
	for (unsigned i = 0; i < opt.reply_count; i++) {
		size_t len = strcspn(opt.replies[i], "=");

		if (strncasecmp(line, opt.replies[i], len) == 0 &&
		    (line[len] == '\0' || line[len] == ' '))
			return opt.replies[i] + len + 1;
	}
	if (is_command(line, "EHLO"))
		return opt.starttls ? "250-x\r\n250-STARTTLS\r\n250 8BITMIME" :
			"250-x\r\n250 8BITMIME";
	if (is_command(line, "DATA"))
		return "354 go";
	if (is_command(line, "STARTTLS"))
		return "220 go";
	return is_command(line, "QUIT") ? "221 bye" : "250 ok";
}

/* Up to the lone dot. */
static bool
take_mail(struct stream *s)
{
	char *line;
	size_t len;

	while (stream_read_line(s, 100000, deadline_in(WAIT_MS), &line,
				&len) == STREAM_OK) {
		if (strcmp(line, ".") == 0)
			return say(s, reply_to("."));
		fprintf(mail, "%s\n", line);
	}
	return false;
}

static void
serve(struct stream *s, int fd)
{
	const char *reply;
	char *line;
	size_t len;

	if ((opt.tls && !start_tls(s, fd)) || !say(s, "220 x"))
		return;
	while (stream_read_line(s, 10000, deadline_in(WAIT_MS), &line,
				&len) == STREAM_OK) {
		fprintf(said, "%s\n", line);
		reply = reply_to(line);
		if (!say(s, reply))
			return;
		if (is_command(line, "STARTTLS") && *reply == '2' &&
		    !start_tls(s, fd))
			return;
		if (*reply == '3' && !take_mail(s))
			return;
		if (is_command(line, "QUIT"))
			return;
	}
}

int
main(int argc, char *argv[])
{
	struct tls_config config = { .min_protocol = "TLSv1.2" };
	struct pollfd pfds[2] = { { STDIN_FILENO, POLLIN, 0 }, { 0 } };
	struct err err;

	signal(SIGPIPE, SIG_IGN);
	alarm(LIFE_SECS);
	parse_options(argc, argv);
	said = open_note("said");
	mail = open_note("mail");
	config.cert = str_c(&opt.cert);
	config.key = str_c(&opt.key);
	config.alt_cert = config.alt_key = config.key_password = config.ca =
		config.dh = config.cipher_list = config.cipher_suites =
		config.curve_list = config.options = "";
	if (opt.tls || opt.starttls) {
		context = tls_context_server(&config, &err);
		if (context == NULL)
			die("TLS", err.text);
	}
	pfds[1] = (struct pollfd){ listen_on(), POLLIN, 0 };
	while (poll(pfds, 2, -1) > 0 && pfds[0].revents == 0) {
		int fd = accept(pfds[1].fd, NULL, NULL);
		struct stream *s;

		if (fd < 0)
			continue;
		s = stream_new(fd, fd);
		serve(s, fd);
		stream_free(&s);
	}
	tls_context_free(&context);
	str_free(&opt.cert);
	str_free(&opt.key);
	return 0;
}
