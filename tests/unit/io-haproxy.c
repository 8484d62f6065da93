/* PROXY headers: what they say, where they end, what is none. */
#include "tests/unit/unit.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/err.h"
#include "io/haproxy.h"

#define MAGIC "\r\n\r\n\0\r\nQUIT\n"
#define V4 "\xc0\0\x02\x01\xc0\0\x02\x02\xdc\x04\0\x18"

struct header {
	const char *data;
	size_t len;
};

#define HEADER(text) { (text), sizeof(text) - 1 }

static const struct header tcp4[] = {
	HEADER("PROXY TCP4 192.0.2.1 192.0.2.2 56324 24\r\n"),
	HEADER(MAGIC "\x21\x11\0\x0c" V4),
	HEADER(MAGIC "\x21\x11\0\x10" V4 "\x04\0\x01x"),	/* with a TLV */
};

static const struct header tcp6[] = {
	HEADER("PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n"),
	HEADER(MAGIC "\x21\x21\0\x24"
	       "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
	       "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"
	       "\0\x01\xff\xff"),
};

static const struct header unproxied[] = {
	HEADER("PROXY UNKNOWN\r\n"),
	HEADER("PROXY UNKNOWN what ever 1 2\r\n"),
	HEADER(MAGIC "\x20\0\0\0"),		/* LOCAL */
	HEADER(MAGIC "\x20\x11\0\x0c" V4),
	HEADER(MAGIC "\x21\0\0\0"),		/* unspecified */
	HEADER(MAGIC "\x21\x31\0\x01x"),	/* unix */
};

static const struct header bad[] = {
	HEADER("LHLO x\r\n"),
	HEADER("PROXY \r\n"),
	HEADER("PROXY TCP4\r\n"),
	HEADER("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n"),
	HEADER("PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n"),
	HEADER("PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n"),
	HEADER("PROXY TCP4 192.0.2.1 192.0.2.2 1 -1\r\n"),
	HEADER("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n"),
	HEADER("PROXY TCP4 192.0.2.1  192.0.2.2 1 2\r\n"),
	HEADER("PROXY TCP4 ::1 ::1 1 2\r\n"),
	HEADER("PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n"),
	HEADER("PROXY TCP6 [::1] ::1 1 2\r\n"),
	HEADER("PROXY TCP4 192.0.2.1\0 192.0.2.2 1 2\r\n"),
	HEADER("PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n"),
	HEADER("PROXY UNKNOWN 0123456789012345678901234567890123456789"
	       "012345678901234567890123456789012345678901234567890123\r\n"),
	HEADER(MAGIC "\x11\x11\0\x0c" V4),	/* version 1 in version 2 */
	HEADER(MAGIC "\x22\x11\0\x0c" V4),	/* unknown command */
	HEADER(MAGIC "\x21\x12\0\x0c" V4),	/* UDP */
	HEADER(MAGIC "\x21\x11\0\x04" "\x01\x02\x03\x04"),
	HEADER(MAGIC "\x21\x21\0\x0c" V4),
};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* The whole header, and each part of it. */
static void
parse(const struct header *header, struct haproxy *h)
{
	memset(h, 0xff, sizeof(*h));
	for (size_t i = 0; i < header->len; i++)
		ck_assert_int_eq(haproxy_parse(header->data, i, h), 0);
	ck_assert_int_eq(haproxy_parse(header->data, header->len, h),
			 (long)header->len);
}

START_TEST(addresses)
{
	char text[IP_TEXT_MAX];
	struct haproxy h;

	for (size_t i = 0; i < COUNT(tcp4); i++) {
		parse(&tcp4[i], &h);
		ck_assert(h.proxied);
		ck_assert_str_eq(ip_text(&h.source, text), "192.0.2.1");
		ck_assert_str_eq(ip_text(&h.dest, text), "192.0.2.2");
		ck_assert_uint_eq(h.source_port, 56324);
		ck_assert_uint_eq(h.dest_port, 24);
	}
	for (size_t i = 0; i < COUNT(tcp6); i++) {
		parse(&tcp6[i], &h);
		ck_assert(h.proxied);
		ck_assert_str_eq(ip_text(&h.source, text), "2001:db8::1");
		ck_assert_str_eq(ip_text(&h.dest, text), "2001:db8::2");
		ck_assert_uint_eq(h.source_port, 1);
		ck_assert_uint_eq(h.dest_port, 65535);
	}
	for (size_t i = 0; i < COUNT(unproxied); i++) {
		parse(&unproxied[i], &h);
		ck_assert(!h.proxied);
	}
}
END_TEST

START_TEST(bad_headers)
{
	struct haproxy h;

	for (size_t i = 0; i < COUNT(bad); i++)
		ck_assert_msg(haproxy_parse(bad[i].data, bad[i].len,
					    &h) == -1, "header %zu", i);
}
END_TEST

/* What stands behind the header is left for the session. */
START_TEST(reading)
{
	static const char rest[] = "LHLO x\r\n";
	char buf[64];
	struct haproxy h;
	struct err err;
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ck_assert_int_gt(write(fds[1], tcp4[0].data, tcp4[0].len), 0);
	ck_assert_int_gt(write(fds[1], rest, sizeof(rest) - 1), 0);
	ck_assert_int_eq(haproxy_read(fds[0], deadline_in(5000), NULL, &h,
				      &err), 0);
	ck_assert_int_eq(read(fds[0], buf, sizeof(buf)), sizeof(rest) - 1);

	ck_assert_int_gt(write(fds[1], tcp4[0].data, 10), 0);
	ck_assert_int_eq(haproxy_read(fds[0], deadline_in(50), NULL, &h,
				      &err), -1);
	ck_assert_str_eq(err.text, "Client timed out");
	ck_assert_int_gt(write(fds[1], rest, sizeof(rest) - 1), 0);
	ck_assert_int_eq(haproxy_read(fds[0], deadline_in(5000), NULL, &h,
				      &err), -1);
	ck_assert_str_eq(err.text, "Client sent invalid data");
	(void)close(fds[1]);
	(void)!read(fds[0], buf, sizeof(buf));
	ck_assert_int_eq(haproxy_read(fds[0], deadline_in(5000), NULL, &h,
				      &err), -1);
	ck_assert_str_eq(err.text, "Client disconnected");
	(void)close(fds[0]);
}
END_TEST

UNIT_MAIN("io-haproxy", addresses, bad_headers, reading);
