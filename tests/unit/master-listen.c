/* Addresses of inet listeners, and what crosses to a child as text. */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"
#include "core/str.h"
#include "master/dirs.h"
#include "master/listen.h"
#include "service/inherit.h"

struct seen {
	unsigned count;
	char text[8][INET6_ADDRSTRLEN + 8];
};

static void
found(void *arg, const struct sockaddr *sa, unsigned len)
{
	const struct sockaddr_in *in = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;
	char host[INET6_ADDRSTRLEN] = "?";
	struct seen *seen = arg;
	in_port_t port;

	(void)len;
	if (sa->sa_family == AF_INET) {
		(void)inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		port = in->sin_port;
	} else {
		(void)inet_ntop(AF_INET6, &in6->sin6_addr, host,
				sizeof(host));
		port = in6->sin6_port;
	}
	ck_assert_uint_lt(seen->count, 8);
	(void)snprintf(seen->text[seen->count++], sizeof(seen->text[0]),
		       "%s %u", host, ntohs(port));
}

START_TEST(addresses)
{
	static const struct {
		const char *word, *first;
	} cases[] = {
		{ "*", "0.0.0.0 24" }, { "::", ":: 24" },
		{ "127.0.0.1", "127.0.0.1 24" }, { "[::1]", "::1 24" },
		{ "::1", "::1 24" }, { "2001:db8::7", "2001:db8::7 24" },
	};
	struct err err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct seen seen = { 0 };

		ck_assert_msg(listen_addresses(cases[i].word, 24, found, &seen,
					       &err) == 0, "%s",
			      cases[i].word);
		ck_assert_uint_eq(seen.count, 1);
		ck_assert_str_eq(seen.text[0], cases[i].first);
	}
}
END_TEST

START_TEST(names)
{
	struct seen seen = { 0 };
	struct err err;

	ck_assert_int_eq(listen_addresses("localhost", 25, found, &seen,
					  &err), 0);
	ck_assert_uint_ge(seen.count, 1);
	ck_assert(str_ends(seen.text[0], " 25"));
	ck_assert_int_eq(listen_addresses("300.1.2.3.invalid", 25, found,
					  &seen, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "300.1.2.3.invalid"));
}
END_TEST

START_TEST(listeners_as_text)
{
	static const struct service_listener list[] = {
		{ LISTENER_UNIX, 8, false, false, "/var/spool/a b/lmtp" },
		{ LISTENER_INET, 9, true, true, "lmtps" },
		{ LISTENER_FIFO, 10, false, false, "x" },
		{ LISTENER_LOG, 11, false, false, "auth" },
	};
	struct service_listener *back;
	struct str text = STR_INIT;

	listeners_write(&text, list, 4);
	ck_assert_str_eq(str_c(&text), "unix /var/spool/a b/lmtp\t"
			 "inet,ssl,haproxy lmtps\tfifo x\tlog auth");
	ck_assert_uint_eq(listeners_read(str_c(&text), &back), 4);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(back[i].kind, list[i].kind);
		ck_assert_int_eq(back[i].fd, list[i].fd);
		ck_assert(back[i].ssl == list[i].ssl);
		ck_assert(back[i].haproxy == list[i].haproxy);
		ck_assert_str_eq(back[i].name, list[i].name);
	}
	free(back);
	ck_assert_uint_eq(listeners_read("", &back), 0);
	free(back);
	str_free(&text);
}
END_TEST

START_TEST(directories)
{
	char base[] = "/tmp/loft-dirs.XXXXXX", path[128];
	struct err err;
	struct stat st;

	ck_assert_ptr_nonnull(mkdtemp(base));
	(void)umask(0077);
	(void)snprintf(path, sizeof(path), "%s/a/b/sock", base);
	ck_assert_int_eq(dirs_make_parents(path, base, &err), 0);
	(void)snprintf(path, sizeof(path), "%s/a/b", base);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0755);
	ck_assert_int_eq(dirs_make(path, &err), 0);
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(dirs_make_parents("/elsewhere/x/y", base, &err), 0);
	ck_assert_int_ne(stat("/elsewhere", &st), 0);
	(void)snprintf(path, sizeof(path), "%s/a", base);
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(rmdir(base), 0);
}
END_TEST

UNIT_MAIN("master-listen", addresses, names, listeners_as_text, directories);
