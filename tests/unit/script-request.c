/*
 * Requests of the script protocol: what is read, and what is understood.
 */
#include "script/request.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "tests/unit/unit.h"

#define V "VERSION\tscript\t4\t0\n"

static const char *const accepted[] = { "HOME", "USER", NULL };

/* "alarm noreply|env|args" */
static const char *
show(const struct request *req, struct pool *pool)
{
	char *s = pool_printf(pool, "%u %d|", req->alarm, req->noreply);

	for (char **e = req->env; *e != NULL; e++)
		s = pool_printf(pool, "%s<%s>", s, *e);
	s = pool_printf(pool, "%s|", s);
	for (const char **a = req->args; *a != NULL; a++)
		s = pool_printf(pool, "%s<%s>", s, *a);
	return s;
}

START_TEST(test_good)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ V "\n", "0 0||" },
		{ V "-\n\n", "0 0||" },
		{ V "noreply\n\n", "0 1||" },
		{ V "noreply\nnoreply\n\n", "0 1||<noreply>" },
		{ V "-\na\n b \n-\n\n", "0 0||<a>< b ><->" },
		{ V "-\nalarm=3\nenv_HOME=/x\n\n",
		  "0 0||<alarm=3><env_HOME=/x>" },
		{ V "alarm=7\n-\na\n\n", "7 0||<a>" },
		{ V "alarm=0\n-\na\n\n", "0 0||<a>" },
		{ V "alarm=7\n\n", "7 0||" },
		{ V "env_HOME=/h\nenv_PATH=/evil\nenv_USER=u=1\n-\n\n",
		  "0 0|<HOME=/h><USER=u=1>|" },
		{ V "env_HOME=\nenv_HOMES=x\nenv_HOM=x\n-\n\n",
		  "0 0|<HOME=>|" },
		{ V "env_USER=a\001tb\001nc\0011d\nnoreply\n\n",
		  "0 1|<USER=a\tb\nc\001d>|" },
		{ "VERSION\tscript\t4\t99\n-\nx\n\n", "0 0||<x>" },
		{ V "-\na\001t\n\n", "0 0||<a\001t>" },
		/* What follows is no part of it. */
		{ V "-\na\n\nb\n", "0 0||<a>" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct pool *pool = pool_new();
		struct request req;
		struct err err;

		ck_assert_msg(request_parse(cases[i].text,
					    strlen(cases[i].text), accepted,
					    pool, &req, &err) == 0,
			      "case %zu: %s", i, err.text);
		ck_assert_str_eq(show(&req, pool), cases[i].want);
		pool_free(&pool);
	}
}
END_TEST

START_TEST(test_bad)
{
	static const char *const cases[] = {
		"", "\n", "hello\n\n", "VERSION\tscript\t3\t0\n-\n\n",
		"VERSION\tscript\t40\n-\n\n", "VERSION\tauth\t4\t0\n-\n\n",
		"version\tscript\t4\t0\n-\n\n",
		V "alarm=\n-\n\n", V "alarm=x\n-\n\n", V "alarm=-1\n-\n\n",
		V "alarm=99999999999\n-\n\n",
		V "env_HOME\n-\n\n", V "env_=x\n-\n\n",
		V "env_HOME=a\tb\n-\n\n", V "env_HOME=\001x\n-\n\n",
		V "env_HOME=\0010\n-\n\n",
	};
	struct pool *pool = pool_new();
	struct request req = { .alarm = 77 };
	struct err err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ck_assert_msg(request_parse(cases[i], strlen(cases[i]),
					    accepted, pool, &req,
					    &err) == -1, "case %zu", i);
		ck_assert_int_eq(err.kind, ERR_PROTO);
		ck_assert_uint_eq(req.alarm, 77);
	}
	ck_assert_int_eq(request_parse(V "-\na\0b\n\n",
				       sizeof(V "-\na\0b\n\n") - 1, accepted,
				       pool, &req, &err), -1);
	pool_free(&pool);
}
END_TEST

START_TEST(test_many_lines)
{
	struct pool *pool = pool_new();
	struct str text = STR_INIT;
	struct request req;
	struct err err;

	str_append(&text, V "-\n");
	for (int i = 0; i < REQUEST_LINES_MAX; i++)
		str_append(&text, "a\n");
	str_append(&text, "\n");
	ck_assert_int_eq(request_parse(text.data, text.len, accepted, pool,
				       &req, &err), -1);
	str_free(&text);
	pool_free(&pool);
}
END_TEST

/* Reads this; what is left for the program. */
static int
read_it(const char *text, size_t len, bool close_it, struct str *request,
	struct str *left, struct err *err)
{
	char rest[1024];
	int fds[2], result;
	ssize_t n;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ck_assert_int_eq(send(fds[1], text, len, 0), (ssize_t)len);
	if (close_it)
		ck_assert_int_eq(shutdown(fds[1], SHUT_WR), 0);
	result = request_read(fds[0], deadline_in(50), request, err);
	while ((n = recv(fds[0], rest, sizeof(rest), MSG_DONTWAIT)) > 0)
		str_append_n(left, rest, (size_t)n);
	close(fds[0]);
	close(fds[1]);
	return result;
}

START_TEST(test_read)
{
	static const struct {
		const char *text;
		bool end;
		const char *request, *left;	/* NULL: an error */
	} cases[] = {
		{ V "-\n\ninput\n\nmore", true, V "-\n\n", "input\n\nmore" },
		{ V "-\n\n", true, V "-\n\n", "" },
		{ V "-\n\n\n\n", false, V "-\n\n", "\n\n" },
		{ V "-\n", true, NULL, "" },
		{ V "-\n", false, NULL, "" },	/* too slow */
		{ "", true, NULL, "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str request = STR_INIT, left = STR_INIT;
		struct err err;
		int result = read_it(cases[i].text, strlen(cases[i].text),
				     cases[i].end, &request, &left, &err);

		ck_assert_int_eq(result, cases[i].request != NULL ? 0 : -1);
		if (cases[i].request != NULL)
			ck_assert_str_eq(str_c(&request), cases[i].request);
		ck_assert_str_eq(str_c(&left), cases[i].left);
		str_free(&request);
		str_free(&left);
	}
}
END_TEST

/* The empty line's LFs lie in two pieces of what is peeked at. */
START_TEST(test_read_pieces)
{
	for (size_t len = 4090; len < 4100; len++) {
		struct str text = STR_INIT, request = STR_INIT,
			left = STR_INIT;
		struct err err;

		str_append(&text, V "-\n");
		while (text.len < len)
			str_append_c(&text, 'a');
		str_append(&text, "\n\nrest");
		ck_assert_int_eq(read_it(text.data, text.len, true, &request,
					 &left, &err), 0);
		ck_assert_uint_eq(request.len, len + 2);
		ck_assert_str_eq(str_c(&left), "rest");
		str_free(&text);
		str_free(&request);
		str_free(&left);
	}
}
END_TEST

START_TEST(test_read_too_long)
{
	struct str text = STR_INIT, request = STR_INIT, left = STR_INIT;
	struct err err;

	while (text.len <= REQUEST_MAX)
		str_append(&text, "aaaaaaaaaaaaaaa\n");
	ck_assert_int_eq(read_it(text.data, text.len, true, &request, &left,
				 &err), -1);
	ck_assert_int_eq(err.kind, ERR_PROTO);
	ck_assert_uint_le(request.len, REQUEST_MAX);
	str_free(&text);
	str_free(&request);
	str_free(&left);
}
END_TEST

UNIT_MAIN("script-request", test_good, test_bad, test_many_lines, test_read,
	  test_read_pieces, test_read_too_long);
