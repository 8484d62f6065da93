/*
 * The PROXY protocol; see haproxy.h and haproxy's doc/proxy-protocol.txt.
 */
#include "io/haproxy.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "core/err.h"
#include "core/num.h"
#include "core/str.h"

enum {
	V1_MAX = 107,		/* with CR LF */
	V2_FIXED = 16,
	LOOK_MS = 250,
};

static const char v2_magic[12] = {
	'\r', '\n', '\r', '\n', '\0', '\r', '\n', 'Q', 'U', 'I', 'T', '\n'
};

/* --- version 1: "PROXY TCP4 192.0.2.1 192.0.2.2 56324 24\r\n" --- */

static bool
v1_port(const char *text, in_port_t *port_r)
{
	uint32_t port;

	if (text == NULL || !num_u32(text, &port) || port > 65535)
		return false;
	*port_r = (in_port_t)port;
	return true;
}

static bool
v1_address(const char *text, bool v6, struct ip *ip_r)
{
	return text != NULL && (strchr(text, ':') != NULL) == v6 &&
		*text != '[' && ip_parse(text, ip_r);
}

static bool
v1_fields(char *line, struct haproxy *h)
{
	struct haproxy found = { .proxied = true };
	const char *word, *transport;
	bool v6;

	word = strsep(&line, " ");
	transport = strsep(&line, " ");
	if (strcmp(word, "PROXY") != 0 || transport == NULL)
		return false;
	if (strcmp(transport, "UNKNOWN") == 0) {
		h->proxied = false;
		return true;
	}
	v6 = strcmp(transport, "TCP6") == 0;
	if (!v6 && strcmp(transport, "TCP4") != 0)
		return false;
	if (!v1_address(strsep(&line, " "), v6, &found.source) ||
	    !v1_address(strsep(&line, " "), v6, &found.dest) ||
	    !v1_port(strsep(&line, " "), &found.source_port) ||
	    !v1_port(strsep(&line, " "), &found.dest_port) || line != NULL)
		return false;
	*h = found;
	return true;
}

static long
v1_parse(const char *data, size_t len, struct haproxy *h)
{
	const char *end = memchr(data, '\n', len < V1_MAX ? len : V1_MAX);
	size_t line_len;
	char line[V1_MAX + 1];

	if (end == NULL)
		return len >= V1_MAX ? -1 : 0;
	line_len = (size_t)(end - data);
	if (line_len == 0 || data[line_len - 1] != '\r')
		return -1;
	memcpy(line, data, line_len - 1);
	line[line_len - 1] = '\0';
	if (strlen(line) != line_len - 1 || !v1_fields(line, h))
		return -1;
	return (long)line_len + 1;
}

/* --- version 2: binary --- */

static in_port_t
v2_port(const unsigned char *p)
{
	return (in_port_t)(p[0] << 8 | p[1]);
}

static bool
v2_inet(const unsigned char *p, size_t len, struct haproxy *h)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };

	if (len < 12)
		return false;
	memcpy(&sa.sin_addr, p, 4);
	h->source = ip_from_sockaddr((struct sockaddr *)&sa, NULL);
	memcpy(&sa.sin_addr, p + 4, 4);
	h->dest = ip_from_sockaddr((struct sockaddr *)&sa, NULL);
	h->source_port = v2_port(p + 8);
	h->dest_port = v2_port(p + 10);
	return true;
}

static bool
v2_inet6(const unsigned char *p, size_t len, struct haproxy *h)
{
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6 };

	if (len < 36)
		return false;
	memcpy(&sa.sin6_addr, p, 16);
	h->source = ip_from_sockaddr((struct sockaddr *)&sa, NULL);
	memcpy(&sa.sin6_addr, p + 16, 16);
	h->dest = ip_from_sockaddr((struct sockaddr *)&sa, NULL);
	h->source_port = v2_port(p + 32);
	h->dest_port = v2_port(p + 34);
	return true;
}

static bool
v2_addresses(unsigned command, unsigned family, const unsigned char *p,
	     size_t len, struct haproxy *h)
{
	h->proxied = false;
	if (command == 0)		/* LOCAL */
		return true;
	if (command != 1)		/* PROXY */
		return false;
	switch (family) {
	case 0x11:			/* TCP over IPv4 */
		h->proxied = true;
		return v2_inet(p, len, h);
	case 0x21:			/* TCP over IPv6 */
		h->proxied = true;
		return v2_inet6(p, len, h);
	case 0x00:			/* unspecified */
	case 0x31:			/* unix socket */
		return true;
	default:
		return false;
	}
}

static long
v2_parse(const unsigned char *data, size_t len, struct haproxy *h)
{
	struct haproxy found = { .proxied = false };
	size_t rest;

	if (len < V2_FIXED)
		return 0;
	if (data[12] >> 4 != 2)
		return -1;
	rest = (size_t)data[14] << 8 | data[15];
	if (len < V2_FIXED + rest)
		return 0;
	if (!v2_addresses(data[12] & 15, data[13], data + V2_FIXED, rest,
			  &found))
		return -1;
	*h = found;
	return (long)(V2_FIXED + rest);
}

static bool
may_begin(const char *data, size_t len, const char *magic, size_t size)
{
	return memcmp(data, magic, len < size ? len : size) == 0;
}

long
haproxy_parse(const void *data, size_t len, struct haproxy *h)
{
	if (len == 0)
		return 0;
	if (may_begin(data, len, v2_magic, sizeof(v2_magic)))
		return v2_parse(data, len, h);
	if (may_begin(data, len, "PROXY ", 6))
		return v1_parse(data, len, h);
	return -1;
}

/* --- reading --- */

/* Wait for input; 0, or -1 with err. */
static int
wait_for_input(int fd, deadline_t deadline, bool (*goes_on)(void),
	       struct err *err)
{
	struct pollfd pfd = { fd, POLLIN, 0 };

	for (;;) {
		int left = deadline_left(deadline), n;

		if (left == 0)
			return err_set(err, ERR_PROTO, "Client timed out");
		if (goes_on != NULL && !goes_on())
			return err_set(err, ERR_PROTO, "Shutting down");
		n = poll(&pfd, 1, left < 0 || left > LOOK_MS ? LOOK_MS : left);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return err_sys(err, "poll()");
	}
}

/* As long as the header isn't whole, all that is there belongs to it; so look
   first, and take no more than that. */
static long
take(int fd, struct str *head, struct haproxy *h, struct err *err)
{
	char buf[4096];
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_PEEK | MSG_DONTWAIT);
	size_t before = head->len, use;
	long len;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return err_sys(err, "recv()");
	if (n == 0)
		return err_set(err, ERR_PROTO, "Client disconnected");
	str_append_n(head, buf, (size_t)n);
	len = haproxy_parse(str_c(head), head->len, h);
	if (len < 0)
		return err_set(err, ERR_PROTO, "Client sent invalid data");
	use = len > 0 ? (size_t)len - before : (size_t)n;
	if (recv(fd, buf, use, MSG_DONTWAIT) != (ssize_t)use)
		return err_sys(err, "recv()");
	return len;
}

int
haproxy_read(int fd, deadline_t deadline, bool (*goes_on)(void),
	     struct haproxy *h, struct err *err)
{
	struct str head = STR_INIT;
	long len = 0;

	while (len == 0) {
		if (wait_for_input(fd, deadline, goes_on, err) < 0)
			len = -1;
		else
			len = take(fd, &head, h, err);
	}
	str_free(&head);
	return len < 0 ? -1 : 0;
}
