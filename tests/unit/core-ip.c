/* Addresses, networks, lists of them. */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

#include "core/ip.h"

START_TEST(addresses)
{
	static const struct {
		const char *text, *shown;	/* NULL: refused */
	} cases[] = {
		{ "127.0.0.1", "127.0.0.1" }, { "::1", "::1" },
		{ "[::1]", "::1" }, { "2001:DB8:0::5", "2001:db8::5" },
		{ "::ffff:10.0.0.1", "10.0.0.1" }, { "0.0.0.0", "0.0.0.0" },
		{ "", NULL }, { "127.0.0", NULL }, { "127.0.0.256", NULL },
		{ "[127.0.0.1]", NULL }, { "[]", NULL }, { "[::1", NULL },
		{ "example.com", NULL }, { "127.0.0.1 ", NULL },
		{ "1:2:3:4:5:6:7:8:9", NULL },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		  NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char buf[IP_TEXT_MAX];
		struct ip ip;
		bool ok = ip_parse(cases[i].text, &ip);

		ck_assert_msg(ok == (cases[i].shown != NULL), "%s",
			      cases[i].text);
		if (ok)
			ck_assert_str_eq(ip_text(&ip, buf), cases[i].shown);
	}
}
END_TEST

START_TEST(networks)
{
	static const struct {
		const char *net, *ip;
		bool in;
	} cases[] = {
		{ "10.0.0.0/8", "10.255.0.1", true },
		{ "10.0.0.0/8", "11.0.0.1", false },
		{ "10.0.0.0/9", "10.128.0.0", false },
		{ "10.0.0.0/9", "10.127.255.255", true },
		{ "10.0.0.1", "10.0.0.1", true },
		{ "10.0.0.1", "10.0.0.2", false },
		{ "0.0.0.0/0", "1.2.3.4", true },
		{ "0.0.0.0/0", "::1", false },
		{ "::/0", "1.2.3.4", true },
		{ "2001:db8::/32", "2001:db8:1::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ "[2001:db8::]/32", "2001:db8:1::1", true },
		{ "10.0.0.0/32", "10.0.0.0", true },
	};
	static const char *const wrong[] = {
		"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "/8", "::/129",
		"10.0.0.0/-1", "10.0.0/8", ""
	};
	struct ip_net net;
	struct ip ip, none;

	memset(&none, 0, sizeof(none));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ck_assert(ip_net_parse(cases[i].net, &net));
		ck_assert(ip_parse(cases[i].ip, &ip));
		ck_assert_msg(ip_in_net(&ip, &net) == cases[i].in, "%s %s",
			      cases[i].net, cases[i].ip);
		ck_assert(!ip_in_net(&none, &net));
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		ck_assert_msg(!ip_net_parse(wrong[i], &net), "%s", wrong[i]);
}
END_TEST

START_TEST(lists)
{
	static const char list[] = "10.0.0.0/8, 192.0.2.1;junk  ::1";
	static const char *const in[] = { "10.1.1.1", "192.0.2.1", "::1" };
	static const char *const out[] = { "11.1.1.1", "192.0.2.2", "::2" };
	struct ip ip;

	for (size_t i = 0; i < 3; i++) {
		ck_assert(ip_parse(in[i], &ip) && ip_in_list(&ip, list));
		ck_assert(ip_parse(out[i], &ip) && !ip_in_list(&ip, list));
	}
	ck_assert(!ip_in_list(&ip, ""));
	ck_assert(!ip_in_list(&ip, " ,; "));
}
END_TEST

START_TEST(socket_addresses)
{
	struct sockaddr_in v4 = {
		.sin_family = AF_INET, .sin_port = htons(24),
		.sin_addr.s_addr = htonl(0x7f000001),
	};
	struct sockaddr_in6 v6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(25),
	};
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	char buf[IP_TEXT_MAX];
	in_port_t port;
	struct ip ip, same;

	ip = ip_from_sockaddr((struct sockaddr *)&v4, &port);
	ck_assert_str_eq(ip_text(&ip, buf), "127.0.0.1");
	ck_assert_uint_eq(port, 24);
	ck_assert(ip_parse("::ffff:127.0.0.1", &same) && ip_equal(&ip, &same));
	ck_assert_int_eq(inet_pton(AF_INET6, "2001:db8::1", &v6.sin6_addr), 1);
	ip = ip_from_sockaddr((struct sockaddr *)&v6, &port);
	ck_assert_str_eq(ip_text(&ip, buf), "2001:db8::1");
	ck_assert_uint_eq(port, 25);
	ck_assert(!ip_equal(&ip, &same));
	ip = ip_from_sockaddr((struct sockaddr *)&un, NULL);
	ck_assert(!ip_is_set(&ip));
	ck_assert_str_eq(ip_text(&ip, buf), "");
}
END_TEST

UNIT_MAIN("core-ip", addresses, networks, lists, socket_addresses);
