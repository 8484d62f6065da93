/*
 * loft, the master: options, the way from the configuration to a running
 * daemon, and the way out. It is root and reads nothing from the network.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/print.h"
#include "conf/scope.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"
#include "master/control.h"
#include "master/dirs.h"
#include "master/listen.h"
#include "master/logs.h"
#include "master/master-settings.h"
#include "master/master.h"
#include "master/pidfile.h"
#include "master/process.h"
#include "master/renew.h"
#include "master/upgrade.h"
#include "master/workers.h"
#include "service/control.h"
#include "service/loop.h"
#include "service/process-settings.h"

enum {
	EXIT_SETTINGS = 89,
	EXIT_ASKED = 75,	/* reload or stop was not done */
	ASK_SECS = 30,
	SPARE_FDS = 64,
};

/* --- the command line --------------------------------------------------- */

static void
print_help(FILE *out)
{
	fputs("usage: loft [-F] [-c FILE]\n"
	      "       loft [-c FILE] reload | stop\n"
	      "       loft [-c FILE] -n | -a\n\n"
	      "  -F               stay in the foreground\n"
	      "  -c FILE          configuration (" SYSCONFDIR
	      "/loft/loft.conf)\n"
	      "  -n               print the settings that differ from the "
	      "defaults\n"
	      "  -a               print all settings\n"
	      "  --version        print the version\n"
	      "  --build-options  print what this build was made with\n",
	      out);
}

/* Errors that come before there is a log: on the terminal, one a line. */
static void
tell_lines(const char *prefix, const char *lines)
{
	while (*lines != '\0') {
		size_t len = strcspn(lines, "\n");

		fprintf(stderr, "%s%.*s\n", prefix, (int)len, lines);
		lines += len + (lines[len] == '\n');
	}
}

static int
fail(const struct err *err)
{
	fprintf(stderr, "loft: Fatal: %s\n", err->text);
	return EXIT_SETTINGS;
}

static struct conf *
load(const char *file, struct str *warnings)
{
	struct str errors = STR_INIT;
	struct conf *conf = NULL;

	if (conf_load(file, &conf, &errors, warnings) < 0)
		tell_lines("", str_c(&errors));
	str_free(&errors);
	return conf;
}

/* A file that can't be read is told, and keeps nobody from a stop. */
static const char *
dir_of(const char *file, bool need_conf, struct pool *pool)
{
	struct str warnings = STR_INIT;
	struct conf *conf = load(file, &warnings);
	const struct process_settings *set;
	const char *dir = NULL;
	struct err err;

	str_free(&warnings);
	if (conf == NULL)
		return need_conf ? NULL : control_guess_dir(file, pool);
	set = settings_get(conf, &scope_global, "", &process_settings_info,
			   NULL, pool, &err);
	if (set != NULL)
		dir = pool_strdup(pool, set->base_dir);
	else
		(void)fail(&err);
	conf_free(&conf);
	return dir;
}

/* loft reload, loft stop */
static int
ask(const char *file, const char *command)
{
	struct str answer = STR_INIT;
	struct pool *pool = pool_new();
	const char *dir = dir_of(file, strcmp(command, "RELOAD") == 0, pool);
	struct err err;
	int result = -1;

	if (dir != NULL) {
		result = control_ask(dir, command, ASK_SECS, &answer, &err);
		if (result < 0)
			(void)fail(&err);
		tell_lines("", str_c(&answer));
	}
	str_free(&answer);
	pool_free(&pool);
	return dir == NULL ? EXIT_SETTINGS : result == 1 ? 0 : EXIT_ASKED;
}

static int
print_settings(const char *file, int option)
{
	struct conf_print how = { .what = option == 'n' ?
		CONF_PRINT_CHANGED : CONF_PRINT_ALL };

	return conf_print_main(file, &how);
}

struct options {
	const char *file;
	bool foreground;
	int print;	/* 'n', 'a' or 0 */
};

static int
parse_options(int argc, char **argv, struct options *o)
{
	enum { OPT_VERSION = 256, OPT_BUILD };
	static const struct option longs[] = {
		{ "version", no_argument, NULL, OPT_VERSION },
		{ "build-options", no_argument, NULL, OPT_BUILD },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "Fc:nah", longs, NULL)) != -1) {
		switch (opt) {
		case 'F':
			o->foreground = true;
			break;
		case 'c':
			o->file = optarg;
			break;
		case 'n':
		case 'a':
			o->print = opt;
			break;
		case OPT_VERSION:
			puts(PACKAGE_VERSION);
			return 0;
		case OPT_BUILD:
			puts(LOFT_BUILD_OPTIONS);
			return 0;
		case 'h':
			print_help(stdout);
			return 0;
		default:
			print_help(stderr);
			return 64;
		}
	}
	return -1;
}

/* --- before anything is started ----------------------------------------- */

static const char *
absolute(struct pool *pool, const char *path)
{
	char *real = realpath(path, NULL);
	const char *copy;

	/* conf_load() says what is wrong with it. */
	if (real == NULL)
		return path;
	/* A symlink may point elsewhere at the next reload: keep its name. */
	copy = *path == '/' ? path : pool_strdup(pool, real);
	free(real);
	return copy;
}

static void
open_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}

static int
make_dirs(const struct generation *gen, struct err *err)
{
	if (dirs_make(gen->process->base_dir, err) < 0)
		return -1;
	return dirs_make(gen->process->state_dir, err);
}

static void
check_fd_limit(const struct generation *gen, struct str *warnings)
{
	const struct service *s;
	struct rlimit limit;
	rlim_t need = 0;

	TAILQ_FOREACH(s, &gen->services, link) {
		if (s->kind == KIND_DAEMON && s->client_limit > need)
			need = s->client_limit;
	}
	need += SPARE_FDS;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= need)
		return;
	if (limit.rlim_max >= need) {
		limit.rlim_cur = need;
		if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
			return;
	}
	str_printf(warnings, "fd limit (ulimit -n) is lower than required "
		   "under max. load (%llu < %llu)\n",
		   (unsigned long long)limit.rlim_cur,
		   (unsigned long long)need);
}

static void
set_pid_path(struct master *m, const struct generation *gen)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/master.pid",
		       gen->process->base_dir);
	m->pid_path = mem_strdup(path);
}

/* Everything that can be wrong without starting anything: one line each. */
static struct generation *
prepare(struct master *m, struct conf *conf, struct str *warnings)
{
	struct str errors = STR_INIT;
	struct generation *gen = generation_new(m, conf, &errors, warnings);
	struct err err;

	if (gen != NULL) {
		set_pid_path(m, gen);
		if (make_dirs(gen, &err) < 0 ||
		    pidfile_check(m->pid_path, &m->dead_pid, &err) < 0)
			str_printf(&errors, "%s\n", err.text);
		else
			logs_check(gen, &errors);
		if (errors.len > 0 || !listeners_open(gen, NULL, &errors))
			generation_free(&gen);
	}
	tell_lines("loft: Fatal: ", str_c(&errors));
	str_free(&errors);
	if (gen != NULL)
		check_fd_limit(gen, warnings);
	return gen;
}

/* --- daemon ------------------------------------------------------------- */

/* The parent waits for the word that all is started. */
static void __attribute__((noreturn))
wait_for_child(int fd)
{
	char status = EXIT_SETTINGS;

	if (read(fd, &status, 1) != 1)
		status = EXIT_SETTINGS;
	_exit(status);
}

static int
daemonize(struct master *m, struct err *err)
{
	int fds[2], null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid;

	if (null_fd < 0 || pipe2(fds, O_CLOEXEC) != 0)
		return err_sys(err, "pipe()");
	pid = fork();
	if (pid < 0)
		return err_sys(err, "fork()");
	if (pid > 0) {
		(void)close(fds[1]);
		wait_for_child(fds[0]);
	}
	(void)close(fds[0]);
	m->ready_fd = fds[1];
	/* A new session can't be refused to a fresh child. */
	(void)setsid();
	/* No file system is kept from being unmounted. */
	(void)!chdir("/");
	(void)dup2(null_fd, STDIN_FILENO);
	(void)dup2(null_fd, STDOUT_FILENO);
	(void)close(null_fd);
	return 0;
}

/* --- running ------------------------------------------------------------ */

static void
on_child(void *arg)
{
	process_reap(arg);
}

static void
on_hup(void *arg)
{
	struct str errors = STR_INIT;

	log_warning(&log_process, "SIGHUP received - reloading configuration");
	(void)life_reload(arg, &errors);
	str_free(&errors);
}

static void
on_term(void *arg)
{
	log_warning(&log_process, "Killed with signal %d", SIGTERM);
	life_stop(arg);
}

static void
on_int(void *arg)
{
	log_warning(&log_process, "Killed with signal %d", SIGINT);
	life_stop(arg);
}

static void
on_usr1(void *arg)
{
	log_warning(&log_process, "SIGUSR1 received - reopening log files");
	life_reopen_logs(arg);
}

static void
catch_signals(struct master *m)
{
	static const struct {
		int signo;
		loop_fn *fn;
	} table[] = {
		{ SIGCHLD, on_child }, { SIGHUP, on_hup },
		{ SIGTERM, on_term }, { SIGINT, on_int },
		{ SIGUSR1, on_usr1 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		m->signals[i] = loop_signal_new(m->loop, table[i].signo,
						table[i].fn, m);
}

static void
ignore_signals(void)
{
	static const int ignored[] = { SIGPIPE, SIGXFSZ, SIGALRM, SIGUSR2 };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		(void)sigaction(ignored[i], &ignore, NULL);
}

/* Our own lines go the way of all others. */
static int
open_own_log(struct master *m, struct err *err)
{
	m->log = logs_pipe(m, "master", err);
	if (m->log == NULL)
		return -1;
	log_to_pipe(m->log->fds[1]);
	return 0;
}

static void
unblock_signals(void)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int
set_up(struct master *m, struct err *err)
{
	m->pid_fd = pidfile_open(m->pid_path, err);
	if (m->pid_fd < 0)
		return -1;
	if (pipe2(m->alive_fds, O_CLOEXEC) != 0)
		return err_sys(err, "pipe()");
	if (open_own_log(m, err) < 0)
		return -1;
	m->loop = loop_new();
	m->control = control_open(m, err);
	if (m->control == NULL)
		return -1;
	catch_signals(m);
	unblock_signals();
	return 0;
}

static void
log_warnings(const char *lines)
{
	while (*lines != '\0') {
		size_t len = strcspn(lines, "\n");

		log_warning(&log_process, "%.*s", (int)len, lines);
		lines += len + (lines[len] == '\n');
	}
}

static void
tear_down(struct master *m)
{
	struct service *s;

	TAILQ_FOREACH(s, &m->now->services, link)
		workers_release(s);
	generation_free(&m->now);
	for (size_t i = 0; i < sizeof(m->signals) / sizeof(*m->signals); i++)
		loop_signal_free(&m->signals[i]);
	loop_timer_free(&m->start_timer);
	loop_timer_free(&m->stop_timer);
	loop_timer_free(&m->renew_timer);
	/* A new master may start as soon as this file is gone. */
	(void)unlink(m->pid_path);
	free(m->pid_path);
	control_close(&m->control);
	loop_free(&m->loop);
	log_set_sink(log_sink_stderr);
	logs_close(m);
}

static int
run(struct master *m, struct generation *gen, const struct str *warnings)
{
	struct str errors = STR_INIT;
	struct err err;

	if (!m->foreground) {
		if (daemonize(m, &err) < 0)
			return fail(&err);
		listeners_adopt(gen);
	}
	m->now = gen;
	if (set_up(m, &err) < 0)
		return fail(&err);
	if (!life_start(m, gen, &errors)) {
		tell_lines("loft: Fatal: ", str_c(&errors));
		m->status = EXIT_SETTINGS;
		life_stop(m);
	}
	log_warnings(str_c(warnings));
	str_free(&errors);
	renew_start(m);
	loop_run(m->loop);
	tear_down(m);
	return m->status;
}

/* Executed in place: everything runs, only we are new. */
static int
resume(struct master *m, int state_fd)
{
	struct err err;

	m->loop = loop_new();
	if (upgrade_resume(m, state_fd, &err) < 0 ||
	    open_own_log(m, &err) < 0) {
		log_fatal(&log_process, "Can't go on after an upgrade: %s",
			  err.text);
		return EXIT_SETTINGS;
	}
	set_pid_path(m, m->now);
	catch_signals(m);
	unblock_signals();
	life_resume(m);
	renew_start(m);
	loop_run(m->loop);
	tear_down(m);
	return m->status;
}

/* From the file to the end of the daemon. */
static int
start_fresh(struct master *m, const struct options *o)
{
	struct str warnings = STR_INIT;
	struct pool *pool = pool_new();
	struct generation *gen = NULL;
	struct conf *conf;
	int status = EXIT_SETTINGS;

	m->config_file = absolute(pool, o->file);
	m->foreground = o->foreground;
	m->started = clock_ms();
	conf = load(m->config_file, &warnings);
	if (conf != NULL)
		gen = prepare(m, conf, &warnings);
	if (gen != NULL)
		status = run(m, gen, &warnings);
	str_free(&warnings);
	pool_free(&pool);
	return status;
}

static int
start(const struct options *o, char **argv)
{
	static struct master m = {
		.pid_fd = -1, .ready_fd = -1, .alive_fds = { -1, -1 },
	};
	int state_fd = upgrade_state_fd();

	TAILQ_INIT(&m.log_pipes);
	TAILQ_INIT(&m.old);
	m.argv = argv;
	upgrade_init(&m, argv[0]);
	return state_fd >= 0 ? resume(&m, state_fd) : start_fresh(&m, o);
}

int
main(int argc, char **argv)
{
	struct options o = { .file = SYSCONFDIR "/loft/loft.conf" };
	int status = parse_options(argc, argv, &o);

	if (status >= 0)
		return status;
	if (o.print != 0)
		return print_settings(o.file, o.print);
	if (optind + 1 == argc && strcmp(argv[optind], "reload") == 0)
		return ask(o.file, "RELOAD");
	if (optind + 1 == argc && strcmp(argv[optind], "stop") == 0)
		return ask(o.file, "STOP");
	if (optind < argc) {
		fprintf(stderr, "loft: unknown argument: %s\n", argv[optind]);
		print_help(stderr);
		return 64;
	}
	open_standard_fds();
	ignore_signals();
	(void)umask(0077);
	log_process.prefix = "master: ";
	return start(&o, argv);
}
