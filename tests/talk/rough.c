/*
 * Clients that nobody wants, for tests/sh/lmtp-rough.sh:
 *
 *	rough PORT CASE [ARGUMENT…]
 *
 *	cut TEXT          the dialogue TEXT (escapes \r \n \0 \xHH) is broken off behind
 *	                  each of its octets: reset, closed, or closed on one side
 *	cut-tls TEXT      the same under TLS: behind each octet on the wire
 *	deaf TEXT         sends TEXT a million times, or until nothing more is
 *	                  taken, and reads nothing; meanwhile another is served
 *	many COUNT TEXT   sends TEXT COUNT times and reads all replies
 *	long MB BEFORE AFTER   BEFORE, so many MB of "x", AFTER; QUIT must be
 *	                  answered
 *
 * Exits 0 when the server has behaved, 1 when not; the shell looks at what is
 * left behind. Every wait is bounded.
 */
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/num.h"
#include "core/str.h"

enum { WAIT_MS = 30000, FULL_MS = 300, MILLION = 1000000, MB = 1 << 20 };

static struct sockaddr_in server = { .sin_family = AF_INET };

static void __attribute__((noreturn, format(printf, 1, 2)))
quit(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	exit(1);
}

static int
open_connection(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&server,
			      sizeof(server)) != 0)
		quit("connect: %s", strerror(errno));
	return fd;
}

static bool
is_ready(int fd, short events, int ms)
{
	struct pollfd pfd = { fd, events, 0 };

	return poll(&pfd, 1, ms) > 0;
}

/* What it says until it closes, which it must. */
static void
read_to_end(int fd, struct str *said)
{
	char buf[65536];
	ssize_t n;

	do {
		if (!is_ready(fd, POLLIN, WAIT_MS))
			quit("the server neither speaks nor closes");
		n = recv(fd, buf, sizeof(buf), 0);
		if (n > 0 && said != NULL)
			str_append_n(said, buf, (size_t)n);
	} while (n > 0);
}

static void
send_all(int fd, const char *data, size_t len)
{
	/* Where the server has closed already, the reader learns it. */
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

/* Reset, close, or close one side and listen to the end. */
static void
break_off(int fd, unsigned how)
{
	static const struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	if (how == 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset,
				 sizeof(reset));
	if (how == 2 && shutdown(fd, SHUT_WR) == 0)
		read_to_end(fd, NULL);
	(void)close(fd);
}

static void
unescape(const char *text, struct str *out)
{
	static const char from[] = "rn0\\", to[] = "\r\n\0\\";
	const char *at;

	for (; *text != '\0'; text++) {
		if (*text != '\\') {
			str_append_c(out, *text);
		} else if (text[1] == 'x') {
			char hex[3] = { text[2], text[3], '\0' };

			str_append_c(out, (char)strtol(hex, NULL, 16));
			text += 3;
		} else if ((at = strchr(from, *++text)) != NULL) {
			str_append_c(out, to[at - from]);
		} else {
			quit("unknown escape");
		}
	}
}

static void
send_part(const struct str *text, size_t len, unsigned how)
{
	int fd = open_connection();

	send_all(fd, text->data, len);
	break_off(fd, how);
}

/* In each way behind every octet but the last; then the whole, once. */
static void
cut(const struct str *text)
{
	for (size_t n = 0; n < 3 * text->len; n++)
		send_part(text, n / 3, (unsigned)n % 3);
	send_part(text, text->len, 2);
}

/* --- TLS ----------------------------------------------------------------- */

struct secure {
	int fd;
	SSL *ssl;
	size_t left;		/* octets that may still be sent */
	size_t sent;
};

/* What TLS wants to send goes out, as far as that is allowed. */
static bool
drain(struct secure *s)
{
	char buf[16384];
	int n;

	while ((n = BIO_read(SSL_get_wbio(s->ssl), buf, sizeof(buf))) > 0) {
		size_t len = (size_t)n < s->left ? (size_t)n : s->left;

		send_all(s->fd, buf, len);
		s->left -= len;
		s->sent += len;
		if (len < (size_t)n)
			return false;
	}
	return true;
}

static bool
take_in(struct secure *s)
{
	char buf[16384];
	ssize_t n;

	if (!is_ready(s->fd, POLLIN, WAIT_MS))
		quit("the server says nothing in a handshake");
	n = recv(s->fd, buf, sizeof(buf), 0);
	return n > 0 && BIO_write(SSL_get_rbio(s->ssl), buf, (int)n) == n;
}

static bool
shake_hands(struct secure *s)
{
	int result;

	while ((result = SSL_do_handshake(s->ssl)) != 1) {
		if (SSL_get_error(s->ssl, result) != SSL_ERROR_WANT_READ)
			quit("TLS handshaking failed");
		if (!drain(s) || !take_in(s))
			return false;
	}
	return drain(s);
}

/* The whole dialogue, or `left` octets on the wire; how many there were. */
static size_t
speak_tls(SSL_CTX *ctx, const struct str *text, size_t left, unsigned how)
{
	struct secure s = { open_connection(), SSL_new(ctx), left, 0 };

	SSL_set_bio(s.ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(s.ssl);
	if (shake_hands(&s) &&
	    SSL_write(s.ssl, text->data, (int)text->len) > 0)
		(void)drain(&s);
	break_off(s.fd, how);
	SSL_free(s.ssl);
	return s.sent;
}

static void
cut_tls(const struct str *text)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	size_t all;

	if (ctx == NULL)
		quit("SSL_CTX_new");
	all = speak_tls(ctx, text, SIZE_MAX, 2);
	for (size_t len = 0; len < all; len++)
		(void)speak_tls(ctx, text, len, (unsigned)len % 3);
	SSL_CTX_free(ctx);
}

/* --- those who don't read, or send very much ------------------------------ */

/* A well-behaved client is served. */
static void
others_are_served(void)
{
	static const char text[] = "LHLO x\r\nMAIL FROM:<a@b>\r\n"
		"RCPT TO:<other>\r\nDATA\r\nSubject: x\r\n\r\n.\r\nQUIT\r\n";
	struct str said = STR_INIT;
	int fd = open_connection();

	send_all(fd, text, sizeof(text) - 1);
	read_to_end(fd, &said);
	if (strstr(str_c(&said), " Saved\r\n") == NULL)
		quit("others aren't served: %s", str_c(&said));
	(void)close(fd);
	str_free(&said);
}

static void
deaf(const struct str *text)
{
	int fd = open_connection();
	size_t sent = 0, all = text->len * MILLION;
	struct str block = STR_INIT;

	while (block.len < 65536)
		str_append_n(&block, text->data, text->len);
	while (sent < all && is_ready(fd, POLLOUT, FULL_MS)) {
		ssize_t n = send(fd, block.data + sent % block.len,
				 block.len - sent % block.len,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n <= 0 && errno != EAGAIN)
			break;
		sent += n > 0 ? (size_t)n : 0;
	}
	others_are_served();
	(void)close(fd);
	str_free(&block);
}

static void
many(uint64_t count, const struct str *text)
{
	int fd = open_connection();
	struct str said = STR_INIT;
	char buf[65536];

	for (uint64_t i = 0; i < count; i++) {
		send_all(fd, text->data, text->len);
		while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
			;
	}
	send_all(fd, "\r\nQUIT\r\n", 8);
	read_to_end(fd, &said);
	if (strstr(str_c(&said), "221 2.0.0 Bye\r\n") == NULL)
		quit("no good-bye");
	(void)close(fd);
	str_free(&said);
}

static void
long_line(uint64_t mb, const struct str *before, const struct str *after)
{
	int fd = open_connection();
	struct str said = STR_INIT;
	char *piece = malloc(MB);

	if (piece == NULL)
		quit("malloc");
	memset(piece, 'x', MB);
	send_all(fd, before->data, before->len);
	for (uint64_t i = 0; i < mb; i++)
		send_all(fd, piece, MB);
	send_all(fd, after->data, after->len);
	send_all(fd, "QUIT\r\n", 6);
	read_to_end(fd, &said);
	(void)printf("%s", str_c(&said));
	if (strstr(str_c(&said), "221 2.0.0 Bye\r\n") == NULL)
		quit("no good-bye: %s", str_c(&said));
	(void)close(fd);
	free(piece);
	str_free(&said);
}

int
main(int argc, char *argv[])
{
	struct str text = STR_INIT, after = STR_INIT;
	const char *what = argc > 3 ? argv[2] : "";
	uint64_t port, count = 0;

	if (argc < 4 || !num_u64(argv[1], &port))
		quit("usage: rough PORT CASE ARGUMENT...");
	(void)signal(SIGPIPE, SIG_IGN);
	server.sin_port = htons((in_port_t)port);
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	unescape(argv[argc > 4 ? 4 : 3], &text);
	unescape(argv[argc - 1], &after);
	if (argc > 4 && !num_u64(argv[3], &count))
		quit("not a number: %s", argv[3]);
	if (strcmp(what, "cut") == 0)
		cut(&text);
	else if (strcmp(what, "cut-tls") == 0)
		cut_tls(&text);
	else if (strcmp(what, "deaf") == 0)
		deaf(&text);
	else if (strcmp(what, "many") == 0)
		many(count, &text);
	else if (strcmp(what, "long") == 0 && argc == 6)
		long_line(count, &text, &after);
	else
		quit("what is %s?", what);
	str_free(&text);
	str_free(&after);
	return 0;
}
