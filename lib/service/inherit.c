/*
 * What a child of the master finds at its start; see inherit.h and the list
 * of descriptors in service.h.
 */
#include "config.h"
#include "service/inherit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/scope.h"
#include "conf/snapshot.h"
#include "core/err.h"
#include "core/log-file.h"
#include "core/log.h"
#include "core/num.h"
#include "core/pool.h"
#include "core/str.h"
#include "service/board.h"
#include "service/log-settings.h"
#include "service/priv.h"
#include "service/process-settings.h"
#include "service/proctitle.h"
#include "service/service-settings.h"
#include "service/service.h"
#include "service/users.h"

static const char *const kind_names[] = { "unix", "inet", "fifo", "log" };

static struct pool *inherit_pool;	/* lives as long as the process */

void
listeners_write(struct str *s, const struct service_listener *listeners,
		unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const struct service_listener *l = &listeners[i];

		str_printf(s, "%s%s%s%s %s", i > 0 ? "\t" : "",
			   kind_names[l->kind], l->ssl ? ",ssl" : "",
			   l->haproxy ? ",haproxy" : "", l->name);
	}
}

static void
listener_read(char *entry, int fd, struct service_listener *listener)
{
	char *name = strchr(entry, ' ');
	size_t kind_len = strcspn(entry, ", ");

	if (name != NULL)
		*name++ = '\0';
	listener->fd = fd;
	listener->name = name != NULL ? name : "";
	listener->ssl = strstr(entry, ",ssl") != NULL;
	listener->haproxy = strstr(entry, ",haproxy") != NULL;
	for (unsigned i = 0; i < 4; i++) {
		if (strlen(kind_names[i]) == kind_len &&
		    strncmp(entry, kind_names[i], kind_len) == 0)
			listener->kind = (enum listener_kind)i;
	}
}

unsigned
listeners_read(const char *text, struct service_listener **list_r)
{
	struct service_listener *list;
	unsigned count = 0;
	char *next, *entry;

	for (const char *p = text; *p != '\0'; p++)
		count += *p == '\t';
	/* The names point into a copy behind the array. */
	list = mem_alloc((count + 1) * sizeof(*list) + strlen(text) + 1);
	next = strcpy((char *)(list + count + 1), text);
	count = 0;
	while (*text != '\0' && (entry = strsep(&next, "\t")) != NULL) {
		listener_read(entry, SERVICE_FD_LISTEN + (int)count,
			      &list[count]);
		count++;
	}
	*list_r = list;
	return count;
}

bool
service_inherited(void)
{
	return getenv("LOFT_LISTENERS") != NULL &&
		fcntl(SERVICE_FD_CONFIG, F_GETFD) >= 0 &&
		fcntl(SERVICE_FD_MASTER, F_GETFD) >= 0;
}

void
inherit_log_prefix(const char *service)
{
	static char prefix[96];

	/* Some processes are single; their pid is no news. */
	if (strcmp(service, "auth") == 0 || strcmp(service, "log") == 0 ||
	    strcmp(service, "stats") == 0)
		(void)snprintf(prefix, sizeof(prefix), "%s: ", service);
	else
		(void)snprintf(prefix, sizeof(prefix), "%s(%ld): ", service,
			       (long)getpid());
	log_process.prefix = prefix;
}

/* Programs that we start get none of the master's descriptors. */
static void
close_on_exec(unsigned listener_count)
{
	int last = SERVICE_FD_LISTEN + (int)listener_count;

	for (int fd = SERVICE_FD_MASTER; fd < last; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static int
read_settings(struct inherit *in, struct err *err)
{
	char *section;
	const void *process, *set;

	if (snapshot_read(SERVICE_FD_CONFIG, &in->conf, err) < 0)
		return err_prefix(err, "settings");
	(void)close(SERVICE_FD_CONFIG);
	inherit_pool = pool_new();
	section = pool_printf(inherit_pool, "service/%s",
			      conf_escape_name(in->service, inherit_pool));
	process = settings_get(in->conf, &scope_global, "",
			       &process_settings_info, NULL, inherit_pool,
			       err);
	set = settings_get(in->conf, &scope_global, section,
			   &service_settings_info, NULL, inherit_pool, err);
	if (process == NULL || set == NULL)
		return -1;
	in->process = process;
	in->set = set;
	return 0;
}

static uint64_t
env_number(const char *name, uint64_t fallback)
{
	const char *value = getenv(name);
	uint64_t number = fallback;

	if (value != NULL)
		(void)num_u64(value, &number);
	return number;
}

int
inherit_open(const char *name, struct inherit *in, struct err *err)
{
	const char *service = getenv("LOFT_SERVICE");

	memset(in, 0, sizeof(*in));
	/* The log process has a real standard error, or none. */
	if (strcmp(name, "log") != 0)
		log_to_pipe(STDERR_FILENO);
	in->service = mem_strdup(service != NULL ? service : name);
	inherit_log_prefix(in->service);
	in->listener_count = listeners_read(getenv("LOFT_LISTENERS"),
					    &in->listeners);
	in->slot = (unsigned)env_number("LOFT_SLOT", 0);
	in->vsz_limit = env_number("LOFT_VSZ_LIMIT", UINT64_MAX);
	close_on_exec(in->listener_count);
	if (read_settings(in, err) < 0)
		return -1;
	in->board = board_attach(SERVICE_FD_BOARD, err);
	if (in->board == NULL)
		return -1;
	proctitle_init(in->process->instance_name, in->service);
	return 0;
}

static int
enter_chroot(const struct inherit *in, struct err *err)
{
	char path[PATH_MAX];

	if (*in->set->chroot == '\0' || geteuid() != 0)
		return 0;
	(void)snprintf(path, sizeof(path), "%s%s%s",
		       *in->set->chroot != '/' ? in->process->base_dir : "",
		       *in->set->chroot != '/' ? "/" : "", in->set->chroot);
	if (chroot(path) != 0)
		return err_path(err, "chroot", path);
	if (chdir("/") != 0)
		return err_path(err, "chdir", "/");
	return 0;
}

int
inherit_drop(const struct inherit *in, bool rest, struct err *err)
{
	struct priv_ids ids, login;
	bool named = false;

	if (geteuid() != 0)
		return 0;
	/* The databases of users lie outside of a chroot. */
	if (users_of_service(in->conf, in->set, inherit_pool, &ids, &named,
			     err) < 0)
		return -1;
	if (rest && users_login(in->conf, inherit_pool, &login, err) < 0)
		return -1;
	if (enter_chroot(in, err) < 0)
		return -1;
	if (named && (ids.uid != 0 || !rest))
		return priv_drop(&ids, err);
	return rest ? priv_rest(&login, err) : 0;
}

int
inherit_limit(const struct inherit *in, struct err *err)
{
#ifndef LOFT_SANITIZERS	/* whose shadow memory fits into no limit */
	struct rlimit limit = { in->vsz_limit, in->vsz_limit };

	if (in->vsz_limit == UINT64_MAX)
		return 0;
	if (setrlimit(RLIMIT_AS, &limit) != 0)
		return err_sys(err, "setrlimit(RLIMIT_AS, %llu)",
			       (unsigned long long)in->vsz_limit);
#else
	(void)in;
	(void)err;
#endif
	return 0;
}

static bool own_log;

int
inherit_own_log(const struct inherit *in, struct err *err)
{
	struct scope scope = { .protocol = in->set->protocol };
	const struct log_settings *set = settings_get(in->conf, &scope, "",
		&log_settings_info, NULL, inherit_pool, err);
	struct log_file_settings files;

	if (set == NULL)
		return -1;
	files = (struct log_file_settings){ set->log_path, set->info_log_path,
		set->debug_log_path, set->log_timestamp, set->syslog_facility,
		in->process->instance_name };
	if (log_file_open(&files, err) < 0)
		return -1;
	log_set_sink(log_sink_file);
	own_log = true;
	return 0;
}

void
inherit_reopen_log(void)
{
	struct err err;
	bool as_root = false;

	if (!own_log)
		return;
	/* Only a worker that rests can; others try as they are. */
	if (!priv_inside())
		as_root = priv_enter_root("reopen logs", &err) == 0;
	if (log_file_reopen(&err) < 0)
		log_error(&log_process, "%s", err.text);
	if (as_root)
		priv_leave();
}

int
control_answer(uint32_t kind, uint32_t slot, int32_t pid)
{
	struct control_answer answer = { kind, slot, pid };

	return send(SERVICE_FD_CONTROL, &answer, sizeof(answer),
		    MSG_NOSIGNAL) == sizeof(answer) ? 0 : -1;
}
