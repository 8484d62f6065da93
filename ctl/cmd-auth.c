/*
 * loftctl auth test, auth lookup, auth cache flush: is a password right, what
 * says the passdb of a user, and forget what the auth process remembers.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "conf/scope.h"
#include "conf/settings.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "ctl/auth-info.h"
#include "ctl/commands.h"
#include "ctl/loftctl.h"
#include "user/lookup.h"
#include "user/user-settings.h"
#include "user/user.h"
#include "user/wire.h"

enum {
	ANSWER_MS = 15000,	/* failures wait for auth_failure_delay */
	ANSWER_MAX = 65536,
	CTL_NOPERM = 77,
};

/* The options of the three. */
struct auth_options {
	const char *socket_path, *field;
	struct user_request req;
};

static int run_test(struct ctl *ctl, int argc, char **argv);
static int run_lookup(struct ctl *ctl, int argc, char **argv);
static int run_flush(struct ctl *ctl, int argc, char **argv);

const struct ctl_command cmd_auth_test = {
	"auth test", "[-a SOCKET] [-x NAME=VALUE] USER [PASSWORD]",
	"Try a password.", run_test,
};

const struct ctl_command cmd_auth_lookup = {
	"auth lookup", "[-a SOCKET] [-f FIELD] [-x NAME=VALUE] USER...",
	"Show what the passdb says of users.", run_lookup,
};

const struct ctl_command cmd_auth_cache_flush = {
	"auth cache flush", "[-a SOCKET] [USER...]",
	"Forget cached lookups of these users, or of all.", run_flush,
};

static int
parse(const struct ctl_command *command, const char *letters, int argc,
      char **argv, struct auth_options *o)
{
	int opt;

	while ((opt = getopt(argc, argv, letters)) != -1) {
		switch (opt) {
		case 'a':
			o->socket_path = optarg;
			break;
		case 'f':
			o->field = optarg;
			break;
		case 'x':
			if (auth_info_parse(optarg, &o->req) == 0)
				break;
			return ctl_fail(CTL_USAGE, "unknown -x %s", optarg);
		default:
			return ctl_usage(command);
		}
	}
	return CTL_OK;
}

/* --- auth lookup --- */

static int
lookup_one(struct userdb_conn *conn, const struct auth_options *o,
	   struct pool *pool)
{
	const char *const *fields = NULL;
	const char *value;
	struct err err;
	int ret = passdb_lookup_fields(conn, &o->req, pool, &fields, &err);

	if (ret < 0)
		return ctl_fail(CTL_TEMPFAIL, "%s", err.text);
	if (ret == 0)
		return ctl_fail(CTL_NOUSER,
				"passdb lookup: user %s doesn't exist",
				o->req.name);
	if (o->field == NULL) {
		print_userdb("passdb", o->req.name, NULL, NULL, fields);
		return CTL_OK;
	}
	value = wire_find(fields, o->field);
	if (value != NULL)
		puts(value);
	return CTL_OK;
}

static int
run_lookup(struct ctl *ctl, int argc, char **argv)
{
	struct auth_options o = { .req = { .service = "loftctl" } };
	int status = parse(&cmd_auth_lookup, "a:f:x:", argc, argv, &o), one;
	const struct user_settings *set;
	struct userdb_conn *conn;
	struct pool *pool;
	struct err err;

	if (status != CTL_OK || optind == argc)
		return status != CTL_OK ? status : ctl_usage(&cmd_auth_lookup);
	if (ctl_conf(ctl) == NULL)
		return CTL_CONFIG;
	pool = pool_new();
	set = settings_get(ctl->conf, &scope_global, "", &user_settings_info,
			   NULL, pool, &err);
	conn = userdb_conn_new(auth_socket(ctl->conf, o.socket_path,
					   set != NULL ?
					   set->auth_socket_path :
					   "auth-userdb", pool));
	for (; optind < argc; optind++) {
		o.req.name = argv[optind];
		one = lookup_one(conn, &o, pool);
		if (one != CTL_OK && status != CTL_TEMPFAIL)
			status = one;
	}
	userdb_conn_free(&conn);
	pool_free(&pool);
	return status;
}

/* --- a line to auth and one back --- */

/* Send the text, then read until a line that begins with one of the words
   (up to NULL). -1 with err. */
static int
exchange(int fd, const struct str *text, const char *const *words,
	 struct str *line, struct err *err)
{
	deadline_t deadline = deadline_in(ANSWER_MS);
	char c;

	if (send(fd, text->data, text->len, MSG_NOSIGNAL) !=
	    (ssize_t)text->len)
		return err_sys(err, "send()");
	while (line->len < ANSWER_MAX && deadline_left(deadline) > 0) {
		ssize_t n = recv(fd, &c, 1, 0);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return err_sys(err, "recv()");
		if (n == 0)
			return err_set(err, ERR_TEMP, "auth closed the "
				       "connection");
		if (c != '\n') {
			str_append_c(line, c);
			continue;
		}
		for (const char *const *w = words; *w != NULL; w++)
			if (str_begins(str_c(line), *w))
				return 0;
		str_reset(line);
	}
	return err_set(err, ERR_TEMP, "auth didn't answer in time");
}

/* Ask at a socket below base_dir: the words of the answer, in pool. NULL
   after telling why not. */
static const char *const *
ask(struct ctl *ctl, const char *option, const char *name,
    const struct str *text, const char *const *answers, struct pool *pool)
{
	const char *path = auth_socket(ctl->conf, option, name, pool);
	struct str line = STR_INIT;
	const char **words = NULL;
	size_t count;
	struct err err;
	int fd = userdb_connect(path, &err), ret = fd;

	if (fd >= 0) {
		ret = exchange(fd, text, answers, &line, &err);
		(void)close(fd);	/* all was read */
	}
	if (ret >= 0) {
		words = wire_split(str_c(&line), line.len, pool, &count);
		if (words == NULL || count < 2) {
			words = NULL;
			ret = err_set(&err, ERR_PROTO, "broken answer");
		}
	}
	if (ret < 0)
		(void)ctl_fail(CTL_TEMPFAIL, "%s: %s", path, err.text);
	str_free(&line);
	return (const char *const *)words;
}

/* --- auth cache flush --- */

static int
run_flush(struct ctl *ctl, int argc, char **argv)
{
	static const char *const answers[] = { "OK\t", NULL };
	struct auth_options o = { .req = { .service = "loftctl" } };
	int status = parse(&cmd_auth_cache_flush, "a:", argc, argv, &o);
	const char *const *words;
	struct str text = STR_INIT;
	struct pool *pool;

	if (status != CTL_OK)
		return status;
	if (ctl_conf(ctl) == NULL)
		return CTL_CONFIG;
	pool = pool_new();
	str_append(&text, "VERSION\t1\t1\nCACHE-FLUSH\t1");
	for (; optind < argc; optind++)
		wire_append_word(&text, argv[optind]);
	str_append_c(&text, '\n');
	words = ask(ctl, o.socket_path, "auth-master", &text, answers, pool);
	if (words != NULL && words[2] != NULL)
		printf("%s cache entries flushed\n", words[2]);
	else
		status = CTL_TEMPFAIL;
	str_free(&text);
	pool_free(&pool);
	return status;
}

/* --- auth test --- */

/* From the terminal, without showing it. */
static const char *
read_password(struct pool *pool)
{
	struct termios shown, hidden;
	bool tty = tcgetattr(STDIN_FILENO, &shown) == 0;
	char line[512] = "";

	if (tty) {
		fputs("Password: ", stderr);
		hidden = shown;
		hidden.c_lflag &= ~(tcflag_t)ECHO;
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	}
	if (fgets(line, sizeof(line), stdin) == NULL)
		*line = '\0';
	if (tty) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
		fputc('\n', stderr);
	}
	line[strcspn(line, "\n")] = '\0';
	return pool_strdup(pool, line);
}

static void
append_base64(struct str *text, const char *data, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		unsigned b[3] = { (unsigned char)data[i], 0, 0 }, bits;

		for (size_t j = 1; j < 3 && i + j < len; j++)
			b[j] = (unsigned char)data[i + j];
		bits = b[0] << 16 | b[1] << 8 | b[2];
		str_append_c(text, digits[bits >> 18]);
		str_append_c(text, digits[bits >> 12 & 63]);
		str_append_c(text, i + 1 < len ? digits[bits >> 6 & 63] : '=');
		str_append_c(text, i + 2 < len ? digits[bits & 63] : '=');
	}
}

static void
append_login(struct str *text, const struct user_request *req,
	     const char *password)
{
	struct str plain = STR_INIT;

	str_printf(text, "VERSION\t1\t1\nCPID\t%ld\nAUTH\t1\tPLAIN",
		   (long)getpid());
	str_append(text, "\tservice=");
	wire_append(text, req->service);
	if (req->local_ip != NULL)
		str_printf(text, "\tlip=%s", req->local_ip);
	if (req->remote_ip != NULL)
		str_printf(text, "\trip=%s", req->remote_ip);
	str_append(text, "\tresp=");
	str_append_c(&plain, '\0');
	str_append(&plain, req->name);
	str_append_c(&plain, '\0');
	str_append(&plain, password);
	append_base64(text, plain.data, plain.len);
	str_append_c(text, '\n');
	str_free(&plain);
}

static int
tell_result(const char *user, const char *const *words)
{
	bool ok = strcmp(words[0], "OK") == 0;
	const char *code = wire_find(words, "code");

	printf("passdb: %s auth %s\n", user, ok ? "succeeded" : "failed");
	if (words[2] != NULL)
		puts("extra fields:");
	for (words += 2; *words != NULL; words++)
		printf("  %s\n", *words);
	if (ok)
		return CTL_OK;
	return code != NULL && strcmp(code, "temp_fail") == 0 ?
		CTL_TEMPFAIL : CTL_NOPERM;
}

static int
run_test(struct ctl *ctl, int argc, char **argv)
{
	static const char *const answers[] = { "OK\t1", "FAIL\t1", NULL };
	struct auth_options o = { .req = { .service = "loftctl" } };
	int status = parse(&cmd_auth_test, "a:x:", argc, argv, &o);
	const char *const *words;
	struct str text = STR_INIT;
	struct pool *pool;

	if (status != CTL_OK || optind == argc || argc - optind > 2)
		return status != CTL_OK ? status : ctl_usage(&cmd_auth_test);
	if (ctl_conf(ctl) == NULL)
		return CTL_CONFIG;
	pool = pool_new();
	o.req.name = argv[optind];
	append_login(&text, &o.req, optind + 1 < argc ? argv[optind + 1] :
		     read_password(pool));
	words = ask(ctl, o.socket_path, "auth-client", &text, answers, pool);
	status = words != NULL ? tell_result(o.req.name, words) :
		CTL_TEMPFAIL;
	str_free(&text);
	pool_free(&pool);
	return status;
}
