/*
 * loftctl rawlog: record what is said in the sessions of one user or client,
 * for a while. Workers look at the list for each connection
 * (service/rawlog-list.h).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/scope.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/ip.h"
#include "core/num.h"
#include "core/pool.h"
#include "ctl/commands.h"
#include "ctl/loftctl.h"
#include "service/priv.h"
#include "service/process-settings.h"
#include "service/rawlog-list.h"
#include "service/service-settings.h"
#include "service/users.h"

enum { MINUTES = 60, MINUTES_MAX = 60 * 24 * 7 };

struct rawlog_cmd {
	struct pool *pool;
	const char *path, *dir;
	struct priv_ids owner;	/* whom the workers run as */
	bool has_owner;
	struct rawlog_list list;
};

static int
fail(const struct err *err)
{
	return ctl_fail(err->kind == ERR_CONFIG ? CTL_CONFIG : CTL_TEMPFAIL,
			"%s", err->text);
}

static int
open_list(struct rawlog_cmd *cmd, const struct conf *conf, struct err *err)
{
	const struct process_settings *set = settings_get(conf, &scope_global,
		"", &process_settings_info, NULL, cmd->pool, err);
	const struct service_settings *service = settings_get(conf,
		&scope_global, "service/lmtp", &service_settings_info, NULL,
		cmd->pool, err);

	if (set == NULL || service == NULL ||
	    users_of_service(conf, service, cmd->pool, &cmd->owner,
			     &cmd->has_owner, err) < 0)
		return -1;
	cmd->path = rawlog_list_path(set->base_dir, cmd->pool);
	cmd->dir = rawlog_list_dir(set->state_dir, cmd->pool);
	return rawlog_list_read(cmd->path, cmd->pool, &cmd->list, err) < 0 ?
		-1 : 0;
}

static int
show(const struct rawlog_cmd *cmd, enum output_format format)
{
	static const char *const columns[] = { "kind", "name", "minutes",
		"directory", NULL };
	struct output *out = output_new(format, columns);
	time_t now = clock_wall().tv_sec;

	for (size_t i = 0; i < cmd->list.count; i++) {
		const struct rawlog_entry *entry = &cmd->list.entries[i];
		const char *const values[] = {
			entry->is_user ? "user" : "client", entry->name,
			pool_printf(cmd->pool, "%lld",
				    (long long)(entry->until - now + 59) / 60),
			cmd->dir, NULL
		};

		output_row(out, values);
	}
	return output_finish(&out) == 0 ? CTL_OK : CTL_TEMPFAIL;
}

/* Without that entry, or (name NULL) without any. */
static void
drop(struct rawlog_list *list, bool is_user, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct rawlog_entry *entry = &list->entries[i];

		if (name != NULL && (entry->is_user != is_user ||
				     strcmp(entry->name, name) != 0))
			list->entries[kept++] = *entry;
	}
	list->count = kept;
}

static int
give_away(const struct rawlog_cmd *cmd, const char *path, struct err *err)
{
	if (!cmd->has_owner || geteuid() != 0)
		return 0;
	return chown(path, cmd->owner.uid, cmd->owner.gid) == 0 ? 0 :
		err_path(err, "chown", path);
}

static int
save(const struct rawlog_cmd *cmd, struct err *err)
{
	if (cmd->list.count > 0) {
		if (mkdir(cmd->dir, 0700) != 0 && errno != EEXIST)
			return err_path(err, "mkdir", cmd->dir);
		if (give_away(cmd, cmd->dir, err) < 0)
			return -1;
	}
	if (rawlog_list_write(cmd->path, &cmd->list, err) < 0)
		return -1;
	return cmd->list.count > 0 ? give_away(cmd, cmd->path, err) : 0;
}

static void
add(struct rawlog_cmd *cmd, bool is_user, const char *name, uint32_t minutes)
{
	struct rawlog_list *list = &cmd->list;
	struct rawlog_entry *entries = pool_new_array(cmd->pool,
		struct rawlog_entry, list->count + 2);

	drop(list, is_user, name);
	if (list->count > 0)
		memcpy(entries, list->entries,
		       list->count * sizeof(*entries));
	entries[list->count].is_user = is_user;
	entries[list->count].name = name;
	entries[list->count].until = clock_wall().tv_sec +
		(time_t)minutes * 60;
	list->entries = entries;
	list->count++;
}

struct words {
	bool on, all, is_user;
	const char *name;
	uint32_t minutes;
};

/* "on user NAME [MINUTES]", "off [client ADDRESS]". */
static bool
parse_words(int argc, char **argv, struct words *w)
{
	struct ip_net net;

	*w = (struct words){ .minutes = MINUTES };
	w->on = strcmp(argv[1], "on") == 0;
	if (!w->on && strcmp(argv[1], "off") != 0)
		return false;
	w->all = !w->on && argc == 2;
	if (w->all)
		return true;
	if (argc < 4 || argc > (w->on ? 5 : 4))
		return false;
	w->is_user = strcmp(argv[2], "user") == 0;
	w->name = argv[3];
	if (!w->is_user && (strcmp(argv[2], "client") != 0 ||
			    !ip_net_parse(w->name, &net)))
		return false;
	if (*w->name == '\0' || strpbrk(w->name, "\t\n") != NULL)
		return false;
	return argc < 5 || (num_u32(argv[4], &w->minutes) &&
			    w->minutes > 0 && w->minutes <= MINUTES_MAX);
}

static int
change(struct rawlog_cmd *cmd, const struct words *w)
{
	struct err err;

	if (w->on)
		add(cmd, w->is_user, w->name, w->minutes);
	else
		drop(&cmd->list, w->is_user, w->all ? NULL : w->name);
	if (save(cmd, &err) < 0)
		return fail(&err);
	if (w->on)
		printf("recording into %s for %u minutes\n", cmd->dir,
		       w->minutes);
	return CTL_OK;
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	struct rawlog_cmd cmd = { .list.count = 0 };
	const struct conf *conf;
	struct words words;
	struct err err;
	int status;

	if (argc > 1 && !parse_words(argc, argv, &words))
		return ctl_usage(&cmd_rawlog);
	conf = ctl_conf(ctl);
	if (conf == NULL)
		return CTL_CONFIG;
	cmd.pool = pool_new();
	if (open_list(&cmd, conf, &err) < 0)
		status = fail(&err);
	else
		status = argc > 1 ? change(&cmd, &words) :
			show(&cmd, ctl->format);
	pool_free(&cmd.pool);
	return status;
}

const struct ctl_command cmd_rawlog = {
	"rawlog", "[on user NAME|client ADDRESS [MINUTES] | "
	"off [user NAME|client ADDRESS]]",
	"Record the sessions of a user or client for a while.", run
};
