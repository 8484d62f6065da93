/*
 * The PROXY protocol, versions 1 and 2: a proxy tells in front of everything
 * else whose connection it hands on.
 */
#ifndef LOFT_IO_HAPROXY_H
#define LOFT_IO_HAPROXY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/clock.h"
#include "core/ip.h"

struct err;

struct haproxy {
	bool proxied;	/* false: a check of the proxy's own, or an unknown
			   transport; the connection's addresses count */
	struct ip source, dest;
	in_port_t source_port, dest_port;
};

/* Parse what there is: the octets of the header when it is whole, 0 when more
   is needed, -1 when it is none. */
long haproxy_parse(const void *data, size_t len, struct haproxy *h);

/* Read the header from a socket, and not an octet more. goes_on (may be NULL)
   is asked several times a second and may end it. 0, or -1: the connection is
   of no use. */
int haproxy_read(int fd, deadline_t deadline, bool (*goes_on)(void),
		 struct haproxy *h, struct err *err);

#endif
