/*
 * The auth process: who are the users? Started by the master as root; opens
 * its databases, then gives up every right but that of reading password
 * files, and answers until it is told to end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/auth-settings.h"
#include "auth/auth.h"
#include "auth/server.h"
#include "conf/conf.h"
#include "conf/scope.h"
#include "config.h"
#include "core/err.h"
#include "core/log.h"
#include "core/num.h"
#include "service/daemon.h"
#include "service/loop.h"
#include "service/priv.h"
#include "service/service.h"

enum { EXIT_USAGE = 64, CLIENT_LIMIT = 1000 };

static struct auth *auth;
static struct server *server;
static struct loop *main_loop;

static int
init(const struct conf *conf, struct err *err)
{
	priv_read_prepare();
	if (auth_init(conf, &auth, err) < 0)
		return -1;
	log_process.debug = auth->set->auth_debug;
	return 0;
}

static unsigned
client_limit(const struct conf *conf)
{
	static const char *const paths[] = {
		"service/auth/client_limit", "default_client_limit",
	};
	uint32_t limit;

	for (size_t i = 0; i < 2; i++) {
		const char *text = conf_get(conf, &scope_global, paths[i]);

		if (text != NULL && num_u32(text, &limit) && limit > 0)
			return limit;
	}
	return CLIENT_LIMIT;
}

static int
start(const struct conf *conf, struct loop *loop,
      const struct service_listener *listeners, unsigned count,
      struct err *err)
{
	if (priv_read_keep(err) < 0)
		return -1;
	main_loop = loop;
	server = server_new(auth, loop, client_limit(conf));
	for (unsigned i = 0; i < count; i++)
		if (server_listen(server, &listeners[i], err) < 0)
			return -1;
	return 0;
}

/* Questions that wait in sockets are asked again of the next process. */
static void
stop(bool orphan)
{
	(void)orphan;
	server_free(&server);
	auth_deinit(&auth);
	loop_stop(main_loop);
}

static const struct service_daemon daemon_auth = {
	.name = "auth",
	.init = init,
	.start = start,
	.stop = stop,
};

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		(void)printf("loft auth %s\n", PACKAGE_VERSION);
		return EXIT_SUCCESS;
	}
	if (argc > 1 || !service_inherited()) {
		(void)fputs("auth is started by loft, the master process\n",
			    stderr);
		return EXIT_USAGE;
	}
	log_process.prefix = "auth: ";
	return service_daemon_run(&daemon_auth);
}
