/*
 * IP addresses and networks: for listeners, scopes and lists of trusted
 * peers. IPv4 is kept as ::ffff:a.b.c.d, so that one comparison serves both.
 */
#ifndef LOFT_CORE_IP_H
#define LOFT_CORE_IP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

struct ip {
	struct in6_addr addr;	/* all zero: not an IP peer (unix, pipe) */
};

struct ip_net {
	struct ip ip;
	unsigned bits;		/* of 128; an IPv4 /8 is 104 */
};

enum { IP_TEXT_MAX = INET6_ADDRSTRLEN };

/* From text ("127.0.0.1", "::1", "[::1]"); false when it is none. */
bool ip_parse(const char *text, struct ip *ip_r);

/* "10.0.0.0/8", "2001:db8::/32" or a plain address. */
bool ip_net_parse(const char *text, struct ip_net *net_r);

/* From a socket address; the zero address for anything but IPv4/IPv6. The
   port goes to *port_r when that is not NULL. */
struct ip ip_from_sockaddr(const struct sockaddr *sa, in_port_t *port_r);

bool ip_is_set(const struct ip *ip);
bool ip_equal(const struct ip *a, const struct ip *b);
bool ip_in_net(const struct ip *ip, const struct ip_net *net);

/* Is ip in one of the networks of a list separated by blanks, commas or
   semicolons? Words that are no network match nothing. */
bool ip_in_list(const struct ip *ip, const char *list);

/* IPv4 as dotted quad, IPv6 as RFC 5952; "" for the zero address. */
const char *ip_text(const struct ip *ip, char buf[IP_TEXT_MAX]);

#endif
