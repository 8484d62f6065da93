/* TLS over streams: both sides, pieces, garbage, silence, and forks. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "core/err.h"
#include "core/pool.h"
#include "io/stream.h"
#include "io/tls.h"

enum { WAIT_MS = 20000 };

static char dir[] = "/tmp/loft-tls.XXXXXX";
static char *cert, *key;
static struct tls_context *ctx;
static struct stream *s;
static int peer;
static pid_t child;

static char *
read_text(const char *name)
{
	char path[64], *text = mem_alloc(16384);
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_gt(fread(text, 1, 16383, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(unlink(path), 0);
	return text;
}

static void
make_certificate(void)
{
	char command[512];

	if (cert != NULL)
		return;
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(command, sizeof(command), "openssl req -x509 -newkey "
		       "ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
		       "-subj /CN=test.example -keyout %s/key -out %s/cert "
		       "2>/dev/null", dir, dir);
	ck_assert_int_eq(system(command), 0);
	cert = read_text("cert");
	key = read_text("key");
	ck_assert_int_eq(rmdir(dir), 0);
}

static struct tls_config
config(void)
{
	make_certificate();
	return (struct tls_config){
		.cert = cert, .key = key, .alt_cert = "", .alt_key = "",
		.key_password = "", .ca = "", .dh = "",
		.min_protocol = "TLSv1.2", .cipher_list = "HIGH",
		.cipher_suites = "", .curve_list = "", .options = "",
	};
}

/* A server's stream in this process, and the other end of its socket. */
static struct tls *
open_server(void)
{
	struct tls_config c = config();
	struct tls *tls;
	struct err err;
	int fds[2];

	(void)signal(SIGPIPE, SIG_IGN);
	ctx = tls_context_server(&c, &err);
	ck_assert_msg(ctx != NULL, "%s", err.text);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	s = stream_new(fds[0], fds[0]);
	peer = fds[1];
	tls = tls_accept(s, fds[0], fds[0], ctx, NULL, NULL, &err);
	ck_assert_ptr_nonnull(tls);
	return tls;
}

static void
close_server(void)
{
	stream_free(&s);
	tls_context_free(&ctx);
	(void)close(peer);
}

/* A client that sends back each line, and at the end says good-bye. */
static void __attribute__((noreturn))
echo_client(int fd)
{
	struct stream *c = stream_new(fd, fd);
	struct tls_context *client;
	struct err err;
	char *line;
	size_t len;

	client = tls_context_client(NULL, NULL, false, &err);
	if (client == NULL ||
	    tls_connect(c, fd, fd, client, "test.example", &err) == NULL ||
	    stream_handshake(c, deadline_in(WAIT_MS)) != STREAM_OK)
		_exit(1);
	while (stream_read_line(c, 2000000, deadline_in(WAIT_MS), &line,
				&len) == STREAM_OK) {
		if (stream_write(c, line, len, deadline_in(WAIT_MS)) !=
		    STREAM_OK ||
		    stream_write(c, "\n", 1, deadline_in(WAIT_MS)) !=
		    STREAM_OK)
			_exit(2);
		if (strcmp(line, "bye") == 0)
			break;
	}
	if (stream_flush(c, deadline_in(WAIT_MS)) != STREAM_OK)
		_exit(3);
	stream_free(&c);
	tls_context_free(&client);
	_exit(0);
}

/* Carry octets both ways, one at a time. */
static void __attribute__((noreturn))
carry(int a, int b)
{
	struct pollfd fds[2] = { { a, POLLIN, 0 }, { b, POLLIN, 0 } };
	char octet;

	while (poll(fds, 2, WAIT_MS) > 0) {
		for (int i = 0; i < 2; i++) {
			if (fds[i].revents == 0)
				continue;
			if (read(fds[i].fd, &octet, 1) != 1)
				_exit(0);
			(void)!write(fds[1 - i].fd, &octet, 1);
		}
	}
	_exit(0);
}

static void
start_client(void)
{
	child = fork();
	if (child == 0) {
		(void)alarm(60);
		echo_client(peer);
	}
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(close(peer), 0);
	peer = -1;
}

static void
wait_child(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

static void
send_line(const char *text, size_t len)
{
	ck_assert_int_eq(stream_write(s, text, len, deadline_in(WAIT_MS)),
			 STREAM_OK);
	ck_assert_int_eq(stream_write(s, "\n", 1, deadline_in(WAIT_MS)),
			 STREAM_OK);
}

static void
expect(const char *text, size_t want)
{
	char *line;
	size_t len;

	ck_assert_int_eq(stream_read_line(s, 2000000, deadline_in(WAIT_MS),
					  &line, &len), STREAM_OK);
	ck_assert_uint_eq(len, want);
	ck_assert_mem_eq(line, text, want);
}

/* Lines, a long one that fills all buffers, silence, and the end. */
static void
converse(struct tls *tls, size_t long_len)
{
	char *text = mem_alloc(long_len), buf[128];
	char *line;
	size_t len;

	ck_assert_int_eq(stream_handshake(s, deadline_in(WAIT_MS)),
			 STREAM_OK);
	tls_describe(tls, buf, sizeof(buf));
	ck_assert_msg(strncmp(buf, "TLSv1.3 with cipher TLS_", 24) == 0, "%s",
		      buf);
	ck_assert_str_eq(tls_server_name(tls), "test.example");
	ck_assert_int_eq(tls_peer_cert(tls), TLS_PEER_NONE);
	send_line("one", 3);
	expect("one", 3);
	ck_assert_int_eq(stream_read_line(s, 10, deadline_in(20), &line,
					  &len), STREAM_TIMEOUT);
	memset(text, 'x', long_len);
	send_line(text, long_len);
	expect(text, long_len);
	send_line("bye", 3);
	expect("bye", 3);
	ck_assert_int_eq(stream_read_line(s, 10, deadline_in(WAIT_MS), &line,
					  &len), STREAM_EOF);
	free(text);
}

START_TEST(talks)
{
	struct tls *tls = open_server();

	start_client();
	converse(tls, 1500000);
	close_server();
	wait_child(child);
}
END_TEST

START_TEST(records_come_in_pieces)
{
	struct tls *tls = open_server();
	int fds[2], to_server = peer;
	pid_t carrier;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	carrier = fork();
	if (carrier == 0)
		carry(to_server, fds[0]);
	(void)close(to_server);
	(void)close(fds[0]);
	peer = fds[1];
	start_client();
	converse(tls, 20000);
	close_server();
	wait_child(child);
	wait_child(carrier);
}
END_TEST

START_TEST(garbage_is_an_error)
{
	struct tls *tls = open_server();

	ck_assert_int_eq(write(peer, "MAIL FROM:<a@b>\r\n", 17), 17);
	ck_assert_int_eq(stream_handshake(s, deadline_in(WAIT_MS)),
			 STREAM_ERROR);
	ck_assert_int_eq(errno, EPROTO);
	ck_assert_ptr_nonnull(strstr(tls_error(tls), "SSL_accept() failed"));
	/* nothing more is said, and nothing waits */
	ck_assert_int_eq(stream_write(s, "x", 1, deadline_in(WAIT_MS)),
			 STREAM_OK);
	ck_assert_int_eq(stream_flush(s, deadline_in(WAIT_MS)),
			 STREAM_ERROR);
	close_server();
}
END_TEST

START_TEST(silence_has_a_deadline)
{
	(void)open_server();
	ck_assert_int_eq(stream_handshake(s, deadline_in(30)),
			 STREAM_TIMEOUT);
	close_server();
}
END_TEST

START_TEST(a_close_is_an_error_in_a_handshake)
{
	(void)open_server();
	ck_assert_int_eq(write(peer, "\026\003\001", 3), 3);
	ck_assert_int_eq(close(peer), 0);
	ck_assert_int_eq(stream_handshake(s, deadline_in(WAIT_MS)),
			 STREAM_ERROR);
	close_server();
}
END_TEST

/* As the template does it: no fork handler runs in the child. */
static void
random_of_child(unsigned char *octets, size_t len)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	int fds[2];
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0) {
		if (RAND_bytes(octets, (int)len) != 1)
			_exit(1);
		(void)!write(fds[1], octets, len);
		_exit(0);
	}
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(read(fds[0], octets, len), (ssize_t)len);
	(void)close(fds[0]);
	(void)close(fds[1]);
	wait_child(pid);
}

START_TEST(children_have_random_numbers_of_their_own)
{
	unsigned char mine[16], first[16], second[16];

	/* valgrind has no clone3() */
	if (getenv("LOFT_VALGRIND") != NULL)
		return;
	/* A context seeds the generator, as the template's does. */
	(void)open_server();
	ck_assert_int_eq(RAND_bytes(mine, sizeof(mine)), 1);
	random_of_child(first, sizeof(first));
	random_of_child(second, sizeof(second));
	ck_assert_mem_ne(first, second, sizeof(first));
	ck_assert_int_eq(RAND_bytes(mine, sizeof(mine)), 1);
	ck_assert_mem_ne(mine, first, sizeof(first));
	close_server();
}
END_TEST

static void
expect_refusal(const struct tls_config *c, const char *text)
{
	struct err err;

	ck_assert_ptr_null(tls_context_server(c, &err));
	ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
}

START_TEST(errors_name_the_setting)
{
	struct tls_config c = config();

	c.key = "";
	expect_refusal(&c, "ssl_cert is set, but ssl_key is not");
	c = config();
	c.cert = "nonsense";
	expect_refusal(&c, "ssl_cert: ");
	c = config();
	c.curve_list = "no-curve";
	expect_refusal(&c, "ssl_curve_list: ");
	c = config();
	c.dh = cert;
	expect_refusal(&c, "ssl_dh: ");
	c = config();
	c.verify_client_cert = true;
	c.ca = "nonsense";
	expect_refusal(&c, "ssl_ca: ");
}
END_TEST

UNIT_MAIN("io-tls", talks, records_come_in_pieces, garbage_is_an_error,
	  silence_has_a_deadline, a_close_is_an_error_in_a_handshake,
	  children_have_random_numbers_of_their_own, errors_name_the_setting);
