/*
 * IP addresses and networks; see ip.h.
 */
#include "core/ip.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/num.h"

enum { V4_BITS_OFFSET = 96 };

static bool
parse_v4(const char *text, struct in6_addr *addr_r)
{
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) != 1)
		return false;
	memset(addr_r, 0, sizeof(*addr_r));
	addr_r->s6_addr[10] = addr_r->s6_addr[11] = 0xff;
	memcpy(addr_r->s6_addr + 12, &v4, 4);
	return true;
}

/* Text without brackets; tells whether it was written as IPv4. */
static bool
parse_any(const char *text, struct in6_addr *addr_r, bool *v4_r)
{
	*v4_r = parse_v4(text, addr_r);
	return *v4_r || inet_pton(AF_INET6, text, addr_r) == 1;
}

/* Copy `len` octets of text, without the brackets around an IPv6 address. */
static bool
copy_address(const char *text, size_t len, char buf[IP_TEXT_MAX])
{
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
		if (memchr(text, ':', len) == NULL)
			return false;
	}
	if (len == 0 || len >= IP_TEXT_MAX)
		return false;
	memcpy(buf, text, len);
	buf[len] = '\0';
	return true;
}

bool
ip_parse(const char *text, struct ip *ip_r)
{
	char buf[IP_TEXT_MAX];
	struct in6_addr addr;
	bool v4;

	if (!copy_address(text, strlen(text), buf) ||
	    !parse_any(buf, &addr, &v4))
		return false;
	ip_r->addr = addr;
	return true;
}

bool
ip_net_parse(const char *text, struct ip_net *net_r)
{
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	char buf[IP_TEXT_MAX];
	struct in6_addr addr;
	uint32_t bits = 128;
	bool v4;

	if (!copy_address(text, len, buf) || !parse_any(buf, &addr, &v4))
		return false;
	if (slash != NULL) {
		if (!num_u32(slash + 1, &bits) || bits > (v4 ? 32 : 128))
			return false;
		bits += v4 ? V4_BITS_OFFSET : 0;
	}
	net_r->ip.addr = addr;
	net_r->bits = bits;
	return true;
}

struct ip
ip_from_sockaddr(const struct sockaddr *sa, in_port_t *port_r)
{
	struct ip ip = { IN6ADDR_ANY_INIT };
	in_port_t port = 0;

	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof(in));
		ip.addr.s6_addr[10] = ip.addr.s6_addr[11] = 0xff;
		memcpy(ip.addr.s6_addr + 12, &in.sin_addr, 4);
		port = ntohs(in.sin_port);
	} else if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof(in6));
		ip.addr = in6.sin6_addr;
		port = ntohs(in6.sin6_port);
	}
	if (port_r != NULL)
		*port_r = port;
	return ip;
}

bool
ip_is_set(const struct ip *ip)
{
	return !IN6_IS_ADDR_UNSPECIFIED(&ip->addr);
}

bool
ip_equal(const struct ip *a, const struct ip *b)
{
	return memcmp(&a->addr, &b->addr, sizeof(a->addr)) == 0;
}

bool
ip_in_net(const struct ip *ip, const struct ip_net *net)
{
	unsigned bytes = net->bits / 8, rest = net->bits % 8;
	unsigned char mask = (unsigned char)(0xff00u >> rest);
	const unsigned char *a = ip->addr.s6_addr;
	const unsigned char *b = net->ip.addr.s6_addr;

	if (!ip_is_set(ip) || memcmp(a, b, bytes) != 0)
		return false;
	return rest == 0 || ((a[bytes] ^ b[bytes]) & mask) == 0;
}

bool
ip_in_list(const struct ip *ip, const char *list)
{
	static const char blanks[] = " \t\r\n,;";

	for (;;) {
		char word[IP_TEXT_MAX + 8];
		struct ip_net net;
		size_t len;

		list += strspn(list, blanks);
		len = strcspn(list, blanks);
		if (len == 0)
			return false;
		if (len < sizeof(word)) {
			memcpy(word, list, len);
			word[len] = '\0';
			if (ip_net_parse(word, &net) && ip_in_net(ip, &net))
				return true;
		}
		list += len;
	}
}

const char *
ip_text(const struct ip *ip, char buf[IP_TEXT_MAX])
{
	buf[0] = '\0';
	if (!ip_is_set(ip))
		return buf;
	if (IN6_IS_ADDR_V4MAPPED(&ip->addr))
		(void)inet_ntop(AF_INET, ip->addr.s6_addr + 12, buf,
				IP_TEXT_MAX);
	else
		(void)inet_ntop(AF_INET6, &ip->addr, buf, IP_TEXT_MAX);
	return buf;
}
