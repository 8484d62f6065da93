/*
 * A service that runs a program for each client, such as quota-warning:
 *
 *	service quota-warning {
 *	  executable = script /usr/local/bin/quota-warning.sh
 *	  user = vmail
 *	  unix_listener quota-warning {
 *	  }
 *	}
 *
 * Options: -e NAME,NAME… are the environment variables that clients may set;
 * with -p no protocol is spoken, the program has the connection to itself.
 * The worker itself reads a request and waits; it touches no file.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/scope.h"
#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"
#include "script/request.h"
#include "script/run.h"
#include "script/script-settings.h"
#include "script/wait.h"
#include "service/process-settings.h"
#include "service/service.h"

enum {
	EXIT_USAGE = 64,
	REQUEST_MS = 10000,	/* the whole request within, as in Dovecot */
	REPLY_MS = 10000,
};

static struct {
	struct pool *pool;
	char **argv;		/* of the program, NULL-terminated */
	unsigned argc;
	const char **variables;	/* that clients may set */
	bool passthrough;
	unsigned timeout;	/* seconds; 0: none */
} script;

static deadline_t
program_deadline(unsigned alarm)
{
	unsigned secs = alarm > 0 ? alarm : script.timeout;

	return deadline_in((int64_t)secs * 1000);
}

/* The program with its own arguments, then the client's. */
static char *const *
join_args(const char **more, struct pool *pool)
{
	size_t count = 0;
	char **argv;

	while (more[count] != NULL)
		count++;
	argv = pool_new_array(pool, char *, script.argc + count + 1);
	memcpy(argv, script.argv, script.argc * sizeof(*argv));
	for (size_t i = 0; i < count; i++)
		argv[script.argc + i] = pool_strdup(pool, more[i]);
	return argv;
}

static void
reply(int fd, bool ok)
{
	/* Who doesn't take it is gone; the log has it all. */
	if (wait_fd(fd, POLLOUT, deadline_in(REPLY_MS), false) == WAIT_READY)
		(void)!send(fd, ok ? "+\n" : "-\n", 2,
			    MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
tell(const struct err *err)
{
	log_error(&log_process, "%s", err->text);
}

static void
pass_through(int fd)
{
	static char *no_variables[] = { NULL };
	const struct run run = { script.argv, no_variables, fd,
		program_deadline(0) };
	struct err err;

	if (run_program(&run, &err) < 0)
		tell(&err);
}

static void
run_request(int fd, const struct request *req, struct pool *pool)
{
	const struct run run = { join_args(req->args, pool),
		req->env, fd, program_deadline(req->alarm) };
	struct err err;
	int result = run_program(&run, &err);

	if (result < 0)
		tell(&err);
	if (!req->noreply)
		reply(fd, result == 0);
}

static void
serve(int fd)
{
	struct pool *pool = pool_new();
	struct str text = STR_INIT;
	struct request req;
	struct err err;

	if (request_read(fd, deadline_in(REQUEST_MS), &text, &err) == 0 &&
	    request_parse(text.data, text.len, script.variables, pool, &req,
			  &err) == 0)
		run_request(fd, &req, pool);
	else
		tell(&err);
	str_free(&text);
	pool_free(&pool);
}

static void
client(const struct conf *conf, struct service_client *cl)
{
	(void)conf;
	service_wakes(-1);	/* the program is to read undisturbed */
	if (script.passthrough)
		pass_through(cl->fd_in);
	else
		serve(cl->fd_in);
	/* Somebody may have inherited it from the program. */
	(void)shutdown(cl->fd_in, SHUT_RDWR);
	(void)close(cl->fd_in);
}

static int
init(const struct conf *conf, struct err *err)
{
	const struct script_settings *set = settings_get(conf, &scope_global,
		"", &script_settings_info, NULL, script.pool, err);
	const struct process_settings *process = settings_get(conf,
		&scope_global, "", &process_settings_info, NULL, script.pool,
		err);

	if (set == NULL || process == NULL)
		return -1;
	script.timeout = set->script_timeout;
	if (chdir(process->base_dir) != 0)
		return err_path(err, "chdir", process->base_dir);
	return 0;
}

/* "A,B C" */
static const char **
split_names(char *list, struct pool *pool)
{
	const char **names = pool_new_array(pool, const char *,
					    strlen(list) / 2 + 2);
	unsigned count = 0;
	char *name;

	while ((name = strsep(&list, ", \t")) != NULL) {
		if (*name != '\0')
			names[count++] = name;
	}
	return names;
}

/* A relative program lies where this one does. */
static char *
absolute(const char *self, const char *path, struct pool *pool)
{
	const char *slash = strrchr(self, '/');

	if (*path == '/' || slash == NULL)
		return pool_strdup(pool, path);
	return pool_printf(pool, "%.*s/%s", (int)(slash - self), self, path);
}

static int
read_options(int argc, char **argv)
{
	static char none[] = "";
	char *names = none;
	int opt;

	while ((opt = getopt(argc, argv, "+e:p")) != -1) {
		if (opt == 'e')
			names = optarg;
		else if (opt == 'p')
			script.passthrough = true;
		else
			return -1;
	}
	if (optind == argc)
		return -1;
	/* Copies: the title of the process takes their place. */
	script.variables = split_names(pool_strdup(script.pool, names),
				       script.pool);
	script.argc = (unsigned)(argc - optind);
	script.argv = pool_new_array(script.pool, char *, script.argc + 1);
	script.argv[0] = absolute(argv[0], argv[optind], script.pool);
	for (unsigned i = 1; i < script.argc; i++)
		script.argv[i] = pool_strdup(script.pool,
					     argv[optind + (int)i]);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct service service = {
		.name = "script", .init = init, .client = client,
		.as_service_user = true,
	};

	script.pool = pool_new();
	if (!service_inherited() || read_options(argc, argv) < 0) {
		(void)fprintf(stderr, "usage: script [-e NAMES] [-p] PROGRAM "
			      "[ARGUMENT ...] (as a service's executable)\n");
		return EXIT_USAGE;
	}
	return service_run(&service);
}
