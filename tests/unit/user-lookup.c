/* Asking the userdb: a scripted auth server on the other side. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/pool.h"
#include "user/lookup.h"
#include "user/user-settings.h"
#include "user/user.h"

#define HELLO "VERSION\t1\t1\nSPID\t1\n"

static const struct user_settings set = {
	.mail_uid = "", .mail_gid = "", .mail_home = "",
	.mail_access_groups = "", .first_valid_uid = 500,
	.first_valid_gid = 1, .auth_socket_path = "",
};

static char dir[64], path[96];
static struct pool *pool;
static struct userdb_conn *conn;
static struct user *user;
static struct err err;
static pid_t server;

/* What one connection is like: hello at once; `say` up to a form feed when
   `lines` lines have come, and on to the next one after each further line;
   then close when `close`, else wait for the peer to. */
struct act {
	const char *hello;
	unsigned lines;
	const char *say;
	bool close;
};

static const char *
say_part(int fd, const char *say)
{
	size_t len = strcspn(say, "\f");

	if (write(fd, say, len) != (ssize_t)len)
		_exit(1);
	return say[len] == '\f' ? say + len + 1 : NULL;
}

static void
serve(int listener, const struct act *acts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int fd = accept(listener, NULL, NULL);
		const char *say = acts[i].say;
		unsigned lines = 0;
		char c;

		if (write(fd, acts[i].hello, strlen(acts[i].hello)) < 0)
			_exit(1);
		while (lines < acts[i].lines && read(fd, &c, 1) == 1)
			lines += c == '\n';
		if (say != NULL)
			say = say_part(fd, say);
		while (!acts[i].close && read(fd, &c, 1) == 1)
			if (c == '\n' && say != NULL)
				say = say_part(fd, say);
		close(fd);
	}
	_exit(0);
}

static void
start(const struct act *acts, size_t count)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(dir, "/tmp/loft-lookup.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/auth-userdb", dir);
	strcpy(addr.sun_path, path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	server = fork();
	if (server == 0)
		serve(fd, acts, count);
	close(fd);
	pool = pool_new();
	conn = userdb_conn_new(path);
}

static void
stop(void)
{
	userdb_conn_free(&conn);
	pool_free(&pool);
	(void)kill(server, SIGKILL);
	(void)waitpid(server, NULL, 0);
	unlink(path);
	rmdir(dir);
}

#define START(...) do { \
		static const struct act acts_[] = { __VA_ARGS__ }; \
		start(acts_, sizeof(acts_) / sizeof(*acts_)); \
	} while (0)

static int
lookup(const char *name)
{
	struct user_request req = {
		.name = name, .service = "lmtp", .remote_ip = "127.0.0.1",
		.remote_port = 24,
	};

	return userdb_lookup(conn, &req, &set, pool, &user, &err);
}

#define ALICE(id) "USER\t" id "\talice\tuid=1000\tgid=1000\thome=/h/%u\n"

START_TEST(found_absent_trouble)
{
	const char *text;

	START({ HELLO, 2, ALICE("1") "\fNOTFOUND\t2\n\fFAIL\t3\treason=oops\n",
		false });
	ck_assert_int_eq(lookup("alice"), 1);
	ck_assert_str_eq(user->name, "alice");
	ck_assert_str_eq(user->home, "/h/alice");
	ck_assert_int_eq(lookup("bob"), 0);
	ck_assert_int_eq(lookup("carol"), -1);
	ck_assert_int_eq(err.kind, ERR_TEMP);
	text = strstr(err.text, "carol");
	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_nonnull(strstr(text, "oops"));
	stop();
}
END_TEST

START_TEST(group_in_any_order)
{
	static const struct user_request reqs[] = {
		{ .name = "a", .service = "lmtp" },
		{ .name = "b", .service = "lmtp" },
		{ .name = "c", .service = "lmtp" },
	};
	unsigned ids[3];

	START({ HELLO, 4, "NOTFOUND\t3\n" "NOTFOUND\t77\n"
		"USER\t2\tb\tuid=1002\tgid=1000\n"
		"USER\t1\ta\tuid=1001\tgid=1000\n", false });
	for (int i = 0; i < 3; i++)
		userdb_lookup_queue(conn, &reqs[i], &ids[i]);
	ck_assert_int_eq(userdb_lookup_answer(conn, ids[0], &set, pool, &user,
					      &err), 1);
	ck_assert_uint_eq(user->uid, 1001);
	ck_assert_int_eq(userdb_lookup_answer(conn, ids[1], &set, pool, &user,
					      &err), 1);
	ck_assert_uint_eq(user->uid, 1002);
	ck_assert_int_eq(userdb_lookup_answer(conn, ids[2], &set, pool, &user,
					      &err), 0);
	ck_assert_int_eq(userdb_lookup_answer(conn, ids[2], &set, pool, &user,
					      &err), -1);
	stop();
}
END_TEST

START_TEST(asks_again_once)
{
	START({ HELLO, 2, NULL, true }, { HELLO, 2, ALICE("1"), true },
	      { HELLO, 2, ALICE("2"), false });
	ck_assert_int_eq(lookup("alice"), 1);
	/* the kept connection is dead by now */
	ck_assert_int_eq(lookup("alice"), 1);
	stop();
}
END_TEST

START_TEST(gives_up_after_two)
{
	START({ HELLO, 2, NULL, true }, { HELLO, 2, NULL, true });
	ck_assert_int_eq(lookup("alice"), -1);
	ck_assert_int_eq(err.kind, ERR_TEMP);
	stop();
}
END_TEST

START_TEST(garbage)
{
	static const char *const hellos[] = {
		"220 smtp\n", "VERSION\t2\t0\n", "\n", "USER\t1\ta\n",
	};
	static const char *const answers[] = {
		"HELLO\t1\n", "USER\n", "USER\tx\ta\n", "USER\t1\n",
		"USER\t1\talice\tuid=1\001\n", "DONE\t1\n",
		"PASS\t1\tuser=x\n", "USER\t1\talice\tuid=abc\tgid=1\n",
	};
	struct act act = { HELLO, 2, NULL, false };

	for (size_t i = 0; i < sizeof(hellos) / sizeof(*hellos); i++) {
		act.hello = hellos[i];
		act.say = ALICE("1");
		start(&act, 1);
		ck_assert_msg(lookup("alice") == -1, "%s", hellos[i]);
		stop();
	}
	act.hello = HELLO;
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		act.say = answers[i];
		start(&act, 1);
		ck_assert_msg(lookup("alice") == -1, "%s", answers[i]);
		ck_assert_int_eq(err.kind, ERR_TEMP);
		stop();
	}
}
END_TEST

START_TEST(endless_line)
{
	static char line[200000];
	struct act act = { HELLO, 2, line, false };

	memset(line, 'x', sizeof(line) - 1);
	start(&act, 1);
	ck_assert_int_eq(lookup("alice"), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "octets"));
	stop();
}
END_TEST

/* A whole group shares one deadline. */
START_TEST(silence)
{
	struct user_request req = { .name = "a", .service = "lmtp" };
	int64_t begun = clock_ms();
	unsigned ids[2];

	START({ HELLO, 99, NULL, false });
	userdb_lookup_queue(conn, &req, &ids[0]);
	userdb_lookup_queue(conn, &req, &ids[1]);
	ck_assert_int_eq(userdb_lookup_answer(conn, ids[0], &set, pool, &user,
					      &err), -1);
	ck_assert_int_eq(userdb_lookup_answer(conn, ids[1], &set, pool, &user,
					      &err), -1);
	ck_assert_int_ge(clock_ms() - begun, USERDB_TIMEOUT_MS - 50);
	ck_assert_int_lt(clock_ms() - begun, USERDB_TIMEOUT_MS + 2000);
	stop();
}
END_TEST

START_TEST(nobody_there)
{
	pool = pool_new();
	conn = userdb_conn_new("/nonexistent/auth-userdb");
	ck_assert_int_eq(lookup("alice"), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "/nonexistent"));
	ck_assert_int_eq(lookup(".."), 0);
	userdb_conn_free(&conn);
	pool_free(&pool);
}
END_TEST

START_TEST(lists)
{
	const char *const *names;

	START({ HELLO, 2, "LIST\t1\talice\nLIST\t1\tbob\nLIST\t1\tann\n"
		"DONE\t1\t\n\f" "LIST\t2\tx\nDONE\t2\tfail\n", false });
	ck_assert_int_eq(userdb_list(conn, "a*", "loftctl", pool, &names,
				     &err), 0);
	ck_assert_str_eq(names[0], "alice");
	ck_assert_str_eq(names[1], "ann");
	ck_assert_ptr_null(names[2]);
	ck_assert_int_eq(userdb_list(conn, "*", "loftctl", pool, &names,
				     &err), -1);
	stop();
}
END_TEST

START_TEST(raw_fields)
{
	struct user_request req = { .name = "alice", .service = "loftctl" };
	const char *const *fields;
	const char *name;

	START({ HELLO, 2, ALICE("1") "\fPASS\t2\tuser=alice\tx=y\n", false });
	ck_assert_int_eq(userdb_lookup_fields(conn, &req, pool, &name,
					      &fields, &err), 1);
	ck_assert_str_eq(name, "alice");
	ck_assert_str_eq(fields[2], "home=/h/%u");
	ck_assert_ptr_null(fields[3]);
	ck_assert_int_eq(passdb_lookup_fields(conn, &req, pool, &fields,
					      &err), 1);
	ck_assert_str_eq(fields[1], "x=y");
	stop();
}
END_TEST

UNIT_MAIN("user-lookup", found_absent_trouble, group_in_any_order,
	  asks_again_once, gives_up_after_two, garbage, endless_line, silence,
	  nobody_there, lists, raw_fields);
