/* The auth process's sockets, asked over real connections. */
#include "tests/unit/auth.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "auth/server.h"
#include "core/clock.h"
#include "core/pool.h"
#include "service/inherit.h"
#include "service/loop.h"
#include "user/lookup.h"
#include "user/user-settings.h"
#include "user/user.h"

static char socket_path[96];
static pid_t server_pid;
static struct loop *test_loop;

static void
on_term(void *arg)
{
	(void)arg;
	loop_stop(test_loop);
}

/* The child: serve until SIGTERM. */
static void
serve(int fd, const char *name, unsigned limit, int ready)
{
	struct service_listener listener = {
		.kind = LISTENER_UNIX, .fd = fd, .name = name,
	};
	struct server *server;
	struct loop_signal *term;

	test_loop = loop_new();
	server = server_new(test_auth, test_loop, limit);
	if (server_listen(server, &listener, &test_err) < 0)
		_exit(1);
	term = loop_signal_new(test_loop, SIGTERM, on_term, NULL);
	if (write(ready, "", 1) != 1)
		_exit(1);
	(void)close(ready);
	loop_run(test_loop);
	loop_signal_free(&term);
	server_free(&server);
	loop_free(&test_loop);
	auth_deinit(&test_auth);
	conf_free(&test_conf);
	_exit(0);
}

static void
start(const char *name, unsigned mode, unsigned limit)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int pipefd[2];
	char c;

	put_file("users", "a:{PLAIN}secret:1000:1000::/a\n"
		 "b:x:1001:1001::/b\n");
	ck_assert_int_eq(chmod(scratch, 0755), 0);
	ck_assert_int_eq(try_auth("auth_failure_delay = 1\npassdb {\n driver "
				  "= passwd-file\n args = @/users\n}\n"
				  "userdb {\n driver = passwd-file\n "
				  "args = @/users\n}\n"), 0);
	snprintf(socket_path, sizeof(socket_path), "%s/%s", scratch, name);
	strcpy(addr.sun_path, socket_path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	ck_assert_int_eq(chmod(socket_path, mode), 0);
	ck_assert_int_eq(listen(fd, 50), 0);
	ck_assert_int_eq(pipe(pipefd), 0);
	server_pid = fork();
	if (server_pid == 0)
		serve(fd, name, limit, pipefd[1]);
	close(fd);
	close(pipefd[1]);
	ck_assert_int_eq(read(pipefd[0], &c, 1), 1);
	close(pipefd[0]);
}

static void
stop(void)
{
	int status;

	kill(server_pid, SIGTERM);
	ck_assert_int_eq(waitpid(server_pid, &status, 0), server_pid);
	ck_assert_int_eq(status, 0);
	stop_auth();
}

static int
dial(void)
{
	int fd = userdb_connect(socket_path, &test_err);

	ck_assert_msg(fd >= 0, "%s", test_err.text);
	return fd;
}

/* Read until the text has come, or the peer closed. */
static const char *
expect(int fd, const char *text)
{
	static char buf[8192];
	size_t len = 0;
	ssize_t n;

	*buf = '\0';
	while (strstr(buf, text) == NULL && len < sizeof(buf) - 1 &&
	       (n = recv(fd, buf + len, sizeof(buf) - 1 - len, 0)) > 0) {
		len += (size_t)n;
		buf[len] = '\0';
	}
	ck_assert_msg(strstr(buf, text) != NULL, "%s", buf);
	return buf;
}

static void
say(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL),
			 (ssize_t)strlen(text));
}

START_TEST(answers_lookup)
{
	static const struct user_settings set = {
		.mail_uid = "", .mail_gid = "", .mail_home = "",
		.mail_access_groups = "", .first_valid_uid = 500,
		.first_valid_gid = 1,
	};
	struct user_request req = { .name = "a", .service = "lmtp" };
	struct pool *pool = pool_new();
	struct userdb_conn *conn;
	struct user *user;
	const char *const *names;

	start("auth-userdb", 0600, 10);
	conn = userdb_conn_new(socket_path);
	ck_assert_int_eq(userdb_lookup(conn, &req, &set, pool, &user,
				       &test_err), 1);
	ck_assert_uint_eq(user->uid, 1000);
	req.name = "nosuch";
	ck_assert_int_eq(userdb_lookup(conn, &req, &set, pool, &user,
				       &test_err), 0);
	ck_assert_int_eq(userdb_list(conn, "*", "x", pool, &names,
				     &test_err), 0);
	ck_assert_str_eq(names[0], "a");
	userdb_conn_free(&conn);
	pool_free(&pool);
	stop();
}
END_TEST

/* The first letter of the third line that comes */
static char
third_line(int fd)
{
	unsigned lines = 0;
	char c = '?';

	while (recv(fd, &c, 1, 0) == 1) {
		if (lines == 2)
			return c;
		lines += c == '\n';
	}
	return '?';
}

/* What a peer with these ids is told. */
static char
answer_for(uid_t uid, gid_t gid, const char *user)
{
	char line[96];
	pid_t pid;
	int fd, status;

	snprintf(line, sizeof(line), "VERSION\t1\t1\nUSER\t1\t%s\tservice=x\n",
		 user);
	pid = fork();
	if (pid == 0) {
		if (setgroups(0, NULL) != 0 || setgid(gid) != 0 ||
		    setuid(uid) != 0)
			_exit(1);
		fd = userdb_connect(socket_path, &test_err);
		if (fd < 0 || send(fd, line, strlen(line), 0) < 0)
			_exit(2);
		_exit(third_line(fd));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return (char)WEXITSTATUS(status);
}

START_TEST(who_may_ask)
{
	if (getuid() != 0)
		return;	/* only root can become these peers */
	start("auth-userdb", 0666, 100);
	ck_assert_int_eq(answer_for(0, 0, "b"), 'U');
	ck_assert_int_eq(answer_for(1000, 1000, "a"), 'U');
	ck_assert_int_eq(answer_for(1000, 1000, "b"), 'F');
	ck_assert_int_eq(answer_for(1000, 1000, "nosuch"), 'N');
	ck_assert_int_eq(answer_for(1000, 0, "b"), 'U');	/* its group */
	stop();
	start("auth-userdb", 0777, 100);
	ck_assert_int_eq(answer_for(1000, 1000, "b"), 'U');
	stop();
}
END_TEST

START_TEST(failure_waits)
{
	int64_t begun;
	int fd;

	start("auth-client", 0600, 10);
	fd = dial();
	(void)expect(fd, "DONE\n");
	say(fd, "VERSION\t1\t1\nCPID\t1\n"
	    "AUTH\t1\tPLAIN\tservice=x\tresp=AGEAd3Jvbmc=\n"
	    "AUTH\t2\tPLAIN\tservice=x\tresp=AGEAc2VjcmV0\n");
	begun = clock_ms();
	(void)expect(fd, "OK\t2\tuser=a\n");
	ck_assert_int_lt(clock_ms() - begun, 900);
	(void)expect(fd, "FAIL\t1\tuser=a\n");
	ck_assert_int_ge(clock_ms() - begun, 950);
	/* gone before its answer */
	say(fd, "AUTH\t3\tPLAIN\tservice=x\tresp=AGEAd3Jvbmc=\n");
	close(fd);
	fd = dial();
	(void)expect(fd, "DONE\n");
	usleep(1200000);
	close(fd);
	stop();
}
END_TEST

START_TEST(broken_peer_is_closed)
{
	char c;
	int fd;

	start("auth-userdb", 0600, 10);
	fd = dial();
	say(fd, "VERSION\t1\t1\nUSER\t1\ta\tservice=x\nFOO\n");
	(void)expect(fd, "USER\t1\ta\t");
	while (recv(fd, &c, 1, 0) == 1)
		;
	close(fd);
	stop();
}
END_TEST

/* A peer that asks without reading must not make the server grow. */
START_TEST(deaf_peer)
{
	static char lines[20 * 1024];
	size_t sent = 0;
	int fd, other;

	while (strlen(lines) < sizeof(lines) - 64)
		strcat(lines, "USER\t1\ta\tservice=x\n");
	start("auth-userdb", 0600, 10);
	fd = dial();
	say(fd, "VERSION\t1\t1\n");
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	for (int i = 0; i < 2000; i++) {
		struct pollfd pfd = { .fd = fd, .events = POLLOUT };
		ssize_t n;

		if (poll(&pfd, 1, 200) == 0)
			break;
		n = send(fd, lines, strlen(lines), MSG_NOSIGNAL);
		if (n > 0)
			sent += (size_t)n;
	}
	ck_assert_uint_lt(sent, 10 * 1024 * 1024);
	/* the others don't notice */
	other = dial();
	say(other, "VERSION\t1\t1\nUSER\t1\tb\tservice=x\n");
	(void)expect(other, "USER\t1\tb\t");
	close(other);
	close(fd);
	stop();
}
END_TEST

START_TEST(client_limit)
{
	int fds[4];

	start("auth-userdb", 0600, 3);
	for (int i = 0; i < 3; i++) {
		fds[i] = dial();
		(void)expect(fds[i], "SPID");
	}
	fds[3] = dial();
	ck_assert_int_eq(poll(&(struct pollfd){ fds[3], POLLIN, 0 }, 1, 200),
			 0);
	close(fds[0]);
	(void)expect(fds[3], "SPID");
	for (int i = 1; i < 4; i++)
		close(fds[i]);
	stop();
}
END_TEST

/* Three connections of a user who says nothing more, until we close ours. */
static void
occupy(int ready)
{
	char c;

	if (setgroups(0, NULL) != 0 || setgid(1000) != 0 || setuid(1000) != 0)
		_exit(1);
	for (int i = 0; i < 3; i++)
		say(dial(), "VERSION\t1\t1\n");
	if (write(ready, "", 1) != 1)
		_exit(1);
	(void)!read(ready, &c, 1);
	_exit(0);
}

START_TEST(nobody_is_kept_out_by_strangers)
{
	int pair[2], fd, status;
	pid_t pid;
	char c;

	if (getuid() != 0)
		return;	/* only root can become the stranger */
	start("auth-userdb", 0666, 3);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	pid = fork();
	if (pid == 0)
		occupy(pair[1]);
	ck_assert_int_eq(read(pair[0], &c, 1), 1);
	fd = dial();
	say(fd, "VERSION\t1\t1\nUSER\t1\tb\tservice=x\n");
	(void)expect(fd, "USER\t1\tb\t");
	close(fd);
	(void)!write(pair[0], "", 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	close(pair[0]);
	close(pair[1]);
	stop();
}
END_TEST

UNIT_MAIN("auth-server", answers_lookup, who_may_ask, failure_waits,
	  broken_peer_is_closed, deaf_peer, client_limit,
	  nobody_is_kept_out_by_strangers);
