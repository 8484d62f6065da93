/*
 * LMTP server. Under the master it is a template or a worker (service_run());
 * by hand, `lmtp -c FILE`, it serves one client on standard input and output,
 * as Exim's `command` needs. Standard error stays silent then: Exim would take
 * what it says for a reply.
 */
#include "config.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "conf/conf.h"
#include "core/err.h"
#include "core/log-file.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/session-id.h"
#include "core/str.h"
#include "lmtp/certs.h"
#include "lmtp/env.h"
#include "lmtp/haproxy.h"
#include "lmtp/listeners.h"
#include "lmtp/session.h"
#include "lmtp/words.h"
#include "service/log-settings.h"
#include "service/priv.h"
#include "service/service.h"
#include "service/users.h"

enum { EXIT_SETTINGS = 89 };

#define DEFAULT_FILE SYSCONFDIR "/loft/loft.conf"

static struct lmtp_env env;

static int
init(const struct conf *conf, struct err *err)
{
	if (lmtp_certs_init(conf, err) < 0)
		return -1;
	if (lmtp_env_init(&env, conf, err) < 0)
		return -1;
	if (lmtp_haproxy_init(conf, err) < 0)
		return -1;
	lmtp_listeners_warn(env.set);
	return 0;
}

static void
refuse(int fd, const char *why)
{
	struct pool *pool = pool_new();
	char id[LMTP_ERROR_ID_MAX];
	const char *reply;

	(void)lmtp_error_id(session_id_new(pool), id);
	log_error(&log_process, "%s [%s]", why, id);
	reply = pool_printf(pool, "421 4.3.0 Temporary internal failure "
			    "[%s]\r\n", id);
	/* The client learns it by the close when this doesn't get through. */
	(void)!write(fd, reply, strlen(reply));
	pool_free(&pool);
}

static void
client(const struct conf *conf, struct service_client *cl)
{
	struct err err;

	if (cl->haproxy && !lmtp_haproxy_accept(cl)) {
		(void)close(cl->fd_in);
		return;
	}
	if (lmtp_env_enter(&env, cl, &err) < 0) {
		refuse(cl->fd_out, err.text);
		(void)close(cl->fd_in);
		return;
	}
	lmtp_session_run(&env, cl);
}

static int
open_log(const struct conf *conf, struct err *err)
{
	const struct scope scope = { .protocol = "lmtp" };
	struct pool *pool = pool_new();
	const struct log_settings *set = settings_get(conf, &scope, "",
		&log_settings_info, NULL, pool, err);
	struct log_file_settings files;
	int result = -1;

	if (set != NULL) {
		files = (struct log_file_settings){
			.log_path = set->log_path,
			.info_log_path = set->info_log_path,
			.debug_log_path = set->debug_log_path,
			.log_timestamp = set->log_timestamp,
			.syslog_facility = set->syslog_facility,
			.ident = "lmtp",
		};
		if (strcmp(set->log_path, "/dev/stderr") == 0)
			files.log_path = "syslog";
		result = log_file_open(&files, err);
	}
	pool_free(&pool);
	return result;
}

static void
log_to_syslog(void)
{
	static const struct log_file_settings files = {
		.log_path = "syslog", .info_log_path = "",
		.debug_log_path = "", .log_timestamp = "",
		.syslog_facility = "mail", .ident = "lmtp",
	};
	struct err err;

	/* Opening syslog can't fail. */
	(void)log_file_open(&files, &err);
	log_set_sink(log_sink_file);
}

/* Everything before the first octet to the client. */
static int
prepare(const char *file, struct err *err)
{
	struct str errors = STR_INIT, warnings = STR_INIT;
	struct priv_ids rest;
	struct conf *conf;
	int result = conf_load(file, &conf, &errors, &warnings);

	if (result < 0)
		(void)err_set(err, ERR_CONFIG, "%s", str_c(&errors));
	str_free(&errors);
	str_free(&warnings);	/* the master tells them at its start */
	if (result < 0)
		return -1;
	/* Mail matters more than a log that can't be written. */
	if (open_log(conf, err) < 0)
		log_error(&log_process, "%s", err->text);
	if (lmtp_env_init(&env, conf, err) < 0)
		return -1;
	env.by_hand = true;
	if (!priv_is_root())
		return 0;
	return users_login(conf, env.pool, &rest, err) < 0 ? -1 :
		priv_rest(&rest, err);
}

static int
by_hand(const char *file)
{
	struct service_client cl = {
		.fd_in = STDIN_FILENO, .fd_out = STDOUT_FILENO
	};
	char prefix[32];
	struct err err;

	(void)snprintf(prefix, sizeof(prefix), "lmtp(%d): ", (int)getpid());
	log_process.prefix = prefix;
	log_to_syslog();
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);	/* for the ends of programs */
	if (prepare(file, &err) < 0) {
		refuse(STDOUT_FILENO, err.text);
		return EXIT_SETTINGS;
	}
	lmtp_session_run(&env, &cl);
	return EXIT_SUCCESS;
}

static void
usage(void)
{
	(void)fprintf(stderr, "usage: lmtp [-L] [-c FILE]\n");
}

int
main(int argc, char *argv[])
{
	struct service service = {
		.name = "lmtp", .init = init, .client = client,
	};
	const char *file = DEFAULT_FILE;
	int opt;

	while ((opt = getopt(argc, argv, "c:L")) != -1) {
		if (opt == 'c') {
			file = optarg;
		} else if (opt == 'L') {
			service.own_log = true;
		} else {
			usage();
			return 64;
		}
	}
	if (optind < argc) {
		usage();
		return 64;
	}
	return service_inherited() ? service_run(&service) : by_hand(file);
}
