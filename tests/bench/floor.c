/*
 * The floor: an LMTP-shaped server that makes only the system calls a durable
 * Maildir delivery cannot do without. It trusts its client, looks up nobody
 * and parses next to nothing; a real server can approach it, never pass it.
 *
 * floor --socket PATH|--port N --dir MAILDIR_PARENT [--workers N] [--no-sync]
 * floor --dir MAILDIR_PARENT --once USER  the message is on standard input
 * Delivers for user N to MAILDIR_PARENT/userN/{tmp,new}, made beforehand.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_RCPTS = 1000, BUF_SIZE = 64 * 1024 };

static const char *dir = ".";
static bool sync_files = true;

static struct {
	char user[MAX_RCPTS][64];
	unsigned count;
	char path[512];		/* the file in the first one's tmp/ */
	int fd;
	unsigned serial;
} tx;

static void __attribute__((noreturn))
die(const char *what)
{
	perror(what);
	exit(1);
}

/* A client that is gone shows at the next read. */
static void
reply(int fd, const char *text, size_t len)
{
	(void)!write(fd, text, len);
}

static void
sync_new(unsigned i)
{
	char path[512];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s/new", dir, tx.user[i]);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0 || close(fd) != 0)
		die(path);
}

static void
open_tmp(void)
{
	(void)snprintf(tx.path, sizeof(tx.path), "%s/%s/tmp/%ld.P%dQ%u", dir,
		       tx.user[0], (long)time(NULL), (int)getpid(),
		       tx.serial++);
	tx.fd = open(tx.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (tx.fd < 0)
		die(tx.path);
}

/* The file in tmp/ into each new/. */
static void
place(void)
{
	char path[512];

	if (sync_files && fdatasync(tx.fd) != 0)
		die("fdatasync");
	if (close(tx.fd) != 0)
		die("close");
	for (unsigned i = 0; i < tx.count; i++) {
		const char *name = strrchr(tx.path, '/') + 1;
		bool last = i == tx.count - 1;

		(void)snprintf(path, sizeof(path), "%s/%s/new/%s", dir,
			       tx.user[i], name);
		if ((last ? rename(tx.path, path) : link(tx.path, path)) != 0)
			die(path);
	}
	for (unsigned i = 0; sync_files && i < tx.count; i++)
		sync_new(i);
}

static void
deliver(int client)
{
	static const char ok[] = "250 2.0.0 Saved\r\n";
	char out[MAX_RCPTS * (sizeof(ok) - 1)];

	place();
	for (unsigned i = 0; i < tx.count; i++)
		memcpy(out + i * (sizeof(ok) - 1), ok, sizeof(ok) - 1);
	reply(client, out, tx.count * (sizeof(ok) - 1));
	tx.count = 0;
}

/* Everything up to CR LF . CR LF goes to the file as it comes. */
static void
data(int client)
{
	static char buf[BUF_SIZE + 4];
	size_t keep = 0;

	open_tmp();
	for (;;) {
		ssize_t n = read(client, buf + keep, BUF_SIZE);
		size_t len;

		if (n <= 0)
			die("read in DATA");
		len = keep + (size_t)n;
		if (len >= 5 && memcmp(buf + len - 5, "\r\n.\r\n", 5) == 0) {
			if (write(tx.fd, buf, len - 3) != (ssize_t)(len - 3))
				die("write");
			break;
		}
		keep = len < 4 ? len : 4;
		if (len > keep && write(tx.fd, buf, len - keep) !=
		    (ssize_t)(len - keep))
			die("write");
		memmove(buf, buf + len - keep, keep);
	}
	deliver(client);
}

static bool
command(int client, const char *line, char *out, size_t *len)
{
	const char *answer = "250 2.1.0 OK\r\n";
	bool is_data = strncmp(line, "DATA", 4) == 0;

	if (strncmp(line, "QUIT", 4) == 0)
		answer = "221 2.0.0 Bye\r\n";
	else if (is_data)
		answer = "354 OK\r\n";
	else if (strncmp(line, "RCPT TO:<", 9) == 0 && tx.count < MAX_RCPTS) {
		(void)snprintf(tx.user[tx.count++], sizeof(tx.user[0]),
			       "%.*s", (int)strcspn(line + 9, "@>"), line + 9);
	} else
		tx.count = 0;
	memcpy(out + *len, answer, strlen(answer));
	*len += strlen(answer);
	if (is_data) {
		reply(client, out, *len);
		*len = 0;
		data(client);
	}
	return line[0] != 'Q';
}

/* One read, one write for each group of commands. */
static void
serve(int client)
{
	static char buf[BUF_SIZE], out[BUF_SIZE];
	bool more = true;

	reply(client, "220 floor\r\n", 11);
	while (more) {
		ssize_t n = read(client, buf, sizeof(buf) - 1);
		size_t len = 0;
		char *line = buf, *end;

		if (n <= 0)
			break;
		buf[n] = '\0';
		while (more && (end = strchr(line, '\n')) != NULL) {
			more = command(client, line, out, &len);
			line = end + 1;
		}
		if (len > 0)
			reply(client, out, len);
	}
	(void)close(client);
}

static int
once(const char *user)
{
	static char buf[BUF_SIZE];
	ssize_t n;

	(void)snprintf(tx.user[tx.count++], sizeof(tx.user[0]), "%s", user);
	open_tmp();
	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) > 0) {
		if (write(tx.fd, buf, (size_t)n) != n)
			die("write");
	}
	place();
	return 0;
}

static void
worker(int listener, bool tcp)
{
	const int on = 1;

	if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
		die("prctl");
	for (;;) {
		int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (client < 0)
			continue;
		if (tcp)
			(void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on,
					 sizeof(on));
		serve(client);
	}
}

static int
listen_unix(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)unlink(path);
	if (strlen(path) >= sizeof(un.sun_path))
		die("socket path too long");
	strcpy(un.sun_path, path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&un, sizeof(un)) != 0 ||
	    listen(fd, SOMAXCONN) != 0)
		die(path);
	return fd;
}

static int
listen_inet(int port)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on,
				 sizeof(on)) != 0 ||
	    bind(fd, (struct sockaddr *)&in, sizeof(in)) != 0 ||
	    listen(fd, SOMAXCONN) != 0)
		die("listen");
	return fd;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "port", required_argument, NULL, 'p' },
		{ "once", required_argument, NULL, 'o' },
		{ "dir", required_argument, NULL, 'd' },
		{ "workers", required_argument, NULL, 'w' },
		{ "no-sync", no_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	const char *path = "floor.sock", *user = NULL;
	int workers = 1, port = 0, listener, c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's': path = optarg; break;
		case 'p': port = atoi(optarg); break;
		case 'o': user = optarg; break;
		case 'd': dir = optarg; break;
		case 'w': workers = atoi(optarg); break;
		case 'n': sync_files = false; break;
		default: return 64;
		}
	}
	(void)signal(SIGPIPE, SIG_IGN);
	if (user != NULL)
		return once(user);
	listener = port > 0 ? listen_inet(port) : listen_unix(path);
	for (int i = 0; i < workers; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (pid == 0)
			worker(listener, port > 0);
	}
	while (wait(NULL) > 0)
		continue;
	return 0;
}
