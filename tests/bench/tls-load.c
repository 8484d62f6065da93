/*
 * TLS handshakes for the benchmark: so many connections with TLS from the
 * first octet, each up to the greeting; from several processes at a time.
 *
 *	tls-load --port PORT [--count N] [--clients N] [--resume]
 *
 * With --resume each connection offers the session of the one before (it may
 * have been with another worker). Prints "rate=… resumed=…%".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STALL_S = 30 };

static struct {
	unsigned port, count, clients;
	bool resume;
} opt = { .count = 2000, .clients = 4 };

static SSL_SESSION *session;	/* the last one that can be resumed */

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fprintf(stderr, "tls-load: ");
	(void)vfprintf(stderr, fmt, ap);
	(void)fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

static double
now_s(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Tickets come behind the handshake and are good for one connection each. */
static int
keep_session(SSL *ssl, SSL_SESSION *s)
{
	(void)ssl;
	SSL_SESSION_free(session);
	session = s;
	return 1;
}

static int
dial(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_port = htons((in_port_t)opt.port) };
	const struct timeval stall = { .tv_sec = STALL_S };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &stall,
		       sizeof(stall)) != 0 ||
	    connect(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0)
		die("connect: %s", strerror(errno));
	return fd;
}

/* One connection; was its session resumed? */
static bool
shake_hands(SSL_CTX *ctx)
{
	SSL *ssl = SSL_new(ctx);
	int fd = dial();
	bool resumed;
	char buf[512];

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1)
		die("SSL_new");
	if (opt.resume && session != NULL)
		(void)SSL_set_session(ssl, session);
	if (SSL_connect(ssl) != 1)
		die("the handshake failed");
	if (SSL_read(ssl, buf, sizeof(buf)) <= 0)
		die("no greeting");
	resumed = SSL_session_reused(ssl);
	SSL_set_quiet_shutdown(ssl, 1);
	(void)SSL_shutdown(ssl);
	SSL_free(ssl);
	(void)close(fd);
	return resumed;
}

/* A process's share; how many were resumed goes into the pipe. */
static void
client(unsigned count, int out)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	unsigned resumed = 0;

	if (ctx == NULL)
		die("SSL_CTX_new");
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT |
					     SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, keep_session);
	for (unsigned i = 0; i < count; i++)
		resumed += shake_hands(ctx);
	if (write(out, &resumed, sizeof(resumed)) != sizeof(resumed))
		die("write: %s", strerror(errno));
	SSL_SESSION_free(session);
	SSL_CTX_free(ctx);
}

static unsigned
run_all(void)
{
	unsigned all = 0, resumed;
	int fds[2], status;

	if (pipe(fds) != 0)
		die("pipe: %s", strerror(errno));
	for (unsigned i = 0; i < opt.clients; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork: %s", strerror(errno));
		if (pid == 0) {
			client(opt.count / opt.clients, fds[1]);
			_exit(0);
		}
	}
	(void)close(fds[1]);
	while (read(fds[0], &resumed, sizeof(resumed)) == sizeof(resumed))
		all += resumed;
	(void)close(fds[0]);
	while (wait(&status) > 0) {
		if (status != 0)
			die("a client failed");
	}
	return all;
}

static unsigned
number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || n == 0 || n > 10000000)
		die("not a number: %s", text);
	return (unsigned)n;
}

int
main(int argc, char *argv[])
{
	static const struct option options[] = {
		{ "port", required_argument, NULL, 'p' },
		{ "count", required_argument, NULL, 'n' },
		{ "clients", required_argument, NULL, 'c' },
		{ "resume", no_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 }
	};
	double start;
	unsigned resumed, count;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'p': opt.port = number(optarg); break;
		case 'n': opt.count = number(optarg); break;
		case 'c': opt.clients = number(optarg); break;
		case 'r': opt.resume = true; break;
		default: return 64;
		}
	}
	if (opt.port == 0 || opt.count < opt.clients)
		die("usage: tls-load --port PORT [--count N] [--clients N] "
		    "[--resume]");
	(void)signal(SIGPIPE, SIG_IGN);
	count = opt.count / opt.clients * opt.clients;
	start = now_s();
	resumed = run_all();
	printf("rate=%.1f resumed=%.0f%%\n", count / (now_s() - start),
	       100.0 * resumed / count);
	return 0;
}
