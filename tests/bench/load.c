/*
 * An LMTP load generator: N connections, each delivering message after
 * message, in one process over epoll. It checks every reply and prints one
 * line of figures; anything but the expected reply ends it with status 1,
 * so that a benchmark can't count failures as speed.
 *
 * --first waits until a server is there, takes its greeting and leaves;
 * --hold opens the connections, says "open" and keeps them until the end of
 * standard input.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { LINE_SIZE = 4096, STALL_MS = 30000 };

/* What a connection waits for. */
enum step {
	STEP_GREETING, STEP_LHLO, STEP_MAIL, STEP_RCPT, STEP_DATA, STEP_FINAL,
	STEP_RSET, STEP_QUIT
};

struct conn {
	int fd;
	enum step step;
	unsigned replies;	/* still to come in this step */
	unsigned message;	/* number of the present one */
	uint64_t started_us;
	const char *out;	/* unsent output */
	size_t out_len;
	char cmd[256 * 1024];	/* room for a pipelined group */
	char line[LINE_SIZE];
	size_t line_len;
	bool open;
};

static struct {
	const char *socket_path, *host;
	unsigned port;
	unsigned connections, messages, size, rcpts, users;
	bool pipeline, reconnect, probe, first, hold;
	const char *user_format;
} opt = {
	.host = "127.0.0.1", .connections = 1, .messages = 1000, .size = 4096,
	.rcpts = 1, .users = 1, .user_format = "user%u@bench.example",
};

static struct {
	char *body;
	size_t body_len;
	unsigned begun, done;		/* messages */
	unsigned open, held;		/* connections */
	uint32_t *latency_us;
	int epoll;
} run;

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fputs("load: ", stderr);
	(void)vfprintf(stderr, fmt, ap);
	(void)fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

static uint64_t
now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* A header, then lines of text, then the dot. */
static void
make_body(void)
{
	static const char header[] =
		"From: <load@bench.example>\r\nTo: <user@bench.example>\r\n"
		"Subject: load\r\nMessage-ID: <load@bench.example>\r\n\r\n";
	static const char text[] =
		"The quick brown fox jumps over the lazy dog, again and again."
		"\r\n";
	size_t len = sizeof(header) - 1;

	run.body = malloc(opt.size + sizeof(header) + sizeof(text) + 8);
	if (run.body == NULL)
		die("out of memory");
	memcpy(run.body, header, len);
	while (len < opt.size) {
		memcpy(run.body + len, text, sizeof(text) - 1);
		len += sizeof(text) - 1;
	}
	memcpy(run.body + len, ".\r\n", 3);
	run.body_len = len + 3;
}

static int
connect_server(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr *sa = (struct sockaddr *)&un;
	socklen_t len = sizeof(un);
	int fd, one = 1;

	if (opt.socket_path != NULL) {
		if (strlen(opt.socket_path) >= sizeof(un.sun_path))
			die("socket path too long");
		strcpy(un.sun_path, opt.socket_path);
	} else {
		in.sin_port = htons((uint16_t)opt.port);
		if (inet_pton(AF_INET, opt.host, &in.sin_addr) != 1)
			die("not an IPv4 address: %s", opt.host);
		sa = (struct sockaddr *)&in;
		len = sizeof(in);
	}
	fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("socket: %s", strerror(errno));
	/* A unix backlog may be full, and a server not yet there. */
	for (int try = 0; connect(fd, sa, len) != 0; try++) {
		if ((errno != EAGAIN && !opt.first) || try >= 20000)
			die("connect: %s", strerror(errno));
		(void)usleep(opt.first ? 200 : 1000);
	}
	if (sa->sa_family == AF_INET)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
				 sizeof(one));
	if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		die("fcntl: %s", strerror(errno));
	return fd;
}

static void
watch(struct conn *c, int op, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = c };

	if (epoll_ctl(run.epoll, op, c->fd, &ev) != 0)
		die("epoll_ctl: %s", strerror(errno));
}

static void
conn_open(struct conn *c)
{
	c->fd = connect_server();
	c->step = STEP_GREETING;
	c->replies = 1;
	c->out_len = c->line_len = 0;
	c->open = true;
	run.open++;
	watch(c, EPOLL_CTL_ADD, EPOLLIN);
}

static void
conn_close(struct conn *c)
{
	(void)close(c->fd);
	c->open = false;
	run.open--;
}

/* Send what is left; the socket buffer may be full for a large message. */
static void
conn_send(struct conn *c)
{
	while (c->out_len > 0) {
		ssize_t n = send(c->fd, c->out, c->out_len, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
			return;
		}
		if (n < 0)
			die("send: %s", strerror(errno));
		c->out += n;
		c->out_len -= (size_t)n;
	}
}

static void
send_text(struct conn *c, size_t len)
{
	c->out = c->cmd;
	c->out_len = len;
	conn_send(c);
}

static size_t
add_rcpt(struct conn *c, size_t len, unsigned i)
{
	char user[256];
	unsigned n = (c->message * opt.rcpts + i) % opt.users;
	int written;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)snprintf(user, sizeof(user), opt.user_format, n);
#pragma GCC diagnostic pop
	written = snprintf(c->cmd + len, sizeof(c->cmd) - len,
			   "RCPT TO:<%s>\r\n", user);
	if (written < 0 || (size_t)written >= sizeof(c->cmd) - len)
		die("too many recipients for one group");
	return len + (size_t)written;
}

/* Start the next message, or say goodbye when there is none. */
static void
next_message(struct conn *c)
{
	static const char mail[] = "MAIL FROM:<load@bench.example>\r\n";
	size_t len = sizeof(mail) - 1;

	if (run.begun == opt.messages) {
		c->step = STEP_QUIT;
		c->replies = 1;
		memcpy(c->cmd, "QUIT\r\n", 6);
		send_text(c, 6);
		return;
	}
	c->message = run.begun++;
	c->started_us = now_us();
	memcpy(c->cmd, mail, len);
	c->step = STEP_MAIL;
	c->replies = 1;
	if (opt.pipeline) {
		for (unsigned i = 0; i < opt.rcpts; i++)
			len = add_rcpt(c, len, i);
		memcpy(c->cmd + len, opt.probe ? "RSET\r\n" : "DATA\r\n", 6);
		len += 6;
	}
	send_text(c, len);
}

static void
message_done(struct conn *c)
{
	run.latency_us[run.done++] = (uint32_t)(now_us() - c->started_us);
	if (!opt.reconnect || run.begun == opt.messages) {
		next_message(c);
		return;
	}
	c->step = STEP_QUIT;
	c->replies = 1;
	memcpy(c->cmd, "QUIT\r\n", 6);
	send_text(c, 6);
}

static void
to_data(struct conn *c)
{
	c->step = opt.probe ? STEP_RSET : STEP_DATA;
	c->replies = 1;
	if (opt.pipeline)
		return;
	memcpy(c->cmd, opt.probe ? "RSET\r\n" : "DATA\r\n", 6);
	send_text(c, 6);
}

static void
to_rcpt(struct conn *c)
{
	c->step = STEP_RCPT;
	c->replies = opt.rcpts;
	if (!opt.pipeline)
		send_text(c, add_rcpt(c, 0, 0));
}

static void __attribute__((noreturn))
hold(void)
{
	char c;

	(void)puts("open");
	(void)fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		continue;
	exit(0);
}

/* One whole reply line has come. */
static void
on_reply(struct conn *c, const char *line)
{
	static const char *const expected[] = {
		"220", "250", "250", "250", "354", "250", "250", "221"
	};

	if (strncmp(line, expected[c->step], 3) != 0)
		die("expected %s, got: %s", expected[c->step], line);
	if (line[3] == '-' || --c->replies > 0) {
		if (line[3] != '-' && c->step == STEP_RCPT && !opt.pipeline)
			send_text(c, add_rcpt(c, 0, opt.rcpts - c->replies));
		return;
	}
	if (opt.first) {
		conn_close(c);
		return;
	}
	switch (c->step) {
	case STEP_GREETING:
		c->step = STEP_LHLO;
		c->replies = 1;
		memcpy(c->cmd, "LHLO bench.example\r\n", 20);
		send_text(c, 20);
		break;
	case STEP_LHLO:
		if (!opt.hold)
			next_message(c);
		else if (++run.held == opt.connections)
			hold();
		break;
	case STEP_MAIL:
		to_rcpt(c);
		break;
	case STEP_RCPT:
		to_data(c);
		break;
	case STEP_DATA:
		c->step = STEP_FINAL;
		c->replies = opt.rcpts;
		c->out = run.body;
		c->out_len = run.body_len;
		conn_send(c);
		break;
	case STEP_FINAL:
	case STEP_RSET:
		message_done(c);
		break;
	case STEP_QUIT:
		conn_close(c);
		if (run.begun < opt.messages)
			conn_open(c);
		break;
	}
}

static void
on_readable(struct conn *c)
{
	ssize_t n = recv(c->fd, c->line + c->line_len,
			 sizeof(c->line) - 1 - c->line_len, 0);
	char *line = c->line, *end;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		die("connection lost in step %d: %s", (int)c->step,
		    n == 0 ? "closed" : strerror(errno));
	c->line_len += (size_t)n;
	c->line[c->line_len] = '\0';
	while (c->open && (end = strchr(line, '\n')) != NULL) {
		char *next = end + 1;
		size_t rest = c->line_len - (size_t)(next - c->line);
		int fd = c->fd;

		*end = '\0';
		on_reply(c, line);
		if (!c->open || c->fd != fd || c->step == STEP_GREETING)
			return;
		memmove(c->line, next, rest + 1);
		c->line_len = rest;
		line = c->line;
	}
	if (c->line_len == sizeof(c->line) - 1)
		die("reply line too long");
}

static int
compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void
print_figures(double seconds)
{
	qsort(run.latency_us, run.done, sizeof(*run.latency_us), compare_u32);
	printf("messages=%u seconds=%.3f rate=%.1f p50_us=%u p99_us=%u\n",
	       run.done, seconds, run.done / seconds,
	       run.latency_us[run.done / 2],
	       run.latency_us[(size_t)run.done * 99 / 100]);
}

static void
run_all(void)
{
	struct conn *conns = calloc(opt.connections, sizeof(*conns));
	struct epoll_event events[64];

	run.epoll = epoll_create1(EPOLL_CLOEXEC);
	run.latency_us = calloc(opt.messages, sizeof(*run.latency_us));
	if (conns == NULL || run.latency_us == NULL || run.epoll < 0)
		die("no room for %u connections", opt.connections);
	for (unsigned i = 0; i < opt.connections; i++)
		conn_open(&conns[i]);
	while (run.open > 0) {
		int n = epoll_wait(run.epoll, events, 64, STALL_MS);

		if (n == 0)
			die("no reply for %d s", STALL_MS / 1000);
		for (int i = 0; i < n; i++) {
			struct conn *c = events[i].data.ptr;

			if (events[i].events & EPOLLOUT) {
				watch(c, EPOLL_CTL_MOD, EPOLLIN);
				conn_send(c);
			}
			if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
				on_readable(c);
		}
	}
	free(conns);
}

static unsigned
number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || n > 100000000)
		die("not a number: %s", text);
	return (unsigned)n;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "host", required_argument, NULL, 'h' },
		{ "port", required_argument, NULL, 'p' },
		{ "connections", required_argument, NULL, 'c' },
		{ "messages", required_argument, NULL, 'm' },
		{ "size", required_argument, NULL, 'b' },
		{ "rcpts", required_argument, NULL, 'r' },
		{ "users", required_argument, NULL, 'u' },
		{ "user-format", required_argument, NULL, 'f' },
		{ "pipeline", no_argument, NULL, 'P' },
		{ "reconnect", no_argument, NULL, 'R' },
		{ "probe", no_argument, NULL, 'B' },
		{ "first", no_argument, NULL, 'F' },
		{ "hold", no_argument, NULL, 'H' },
		{ NULL, 0, NULL, 0 },
	};
	uint64_t start;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's': opt.socket_path = optarg; break;
		case 'h': opt.host = optarg; break;
		case 'p': opt.port = number(optarg); break;
		case 'c': opt.connections = number(optarg); break;
		case 'm': opt.messages = number(optarg); break;
		case 'b': opt.size = number(optarg); break;
		case 'r': opt.rcpts = number(optarg); break;
		case 'u': opt.users = number(optarg); break;
		case 'f': opt.user_format = optarg; break;
		case 'P': opt.pipeline = true; break;
		case 'R': opt.reconnect = true; break;
		case 'B': opt.probe = true; break;
		case 'F': opt.first = true; break;
		case 'H': opt.hold = true; break;
		default: return 64;
		}
	}
	if (opt.connections == 0 || opt.messages == 0 || opt.rcpts == 0 ||
	    opt.users == 0)
		die("numbers must not be 0");
	if (opt.connections > opt.messages)
		opt.connections = opt.messages;
	make_body();
	start = now_us();
	run_all();
	if (opt.first)
		return 0;
	print_figures((double)(now_us() - start) / 1e6);
	free(run.body);
	free(run.latency_us);
	return 0;
}
