/*
 * Which sessions are recorded; see rawlogs.h. Files are made as root (or as
 * whoever the service runs as): recipients have no part in them. Nothing that
 * fails here stops a session.
 */
#include "lmtp/rawlogs.h"

#include <string.h>
#include <sys/stat.h>

#include "conf/vars.h"
#include "core/err.h"
#include "core/pool.h"
#include "io/rawlog.h"
#include "io/stream.h"
#include "lmtp/env.h"
#include "lmtp/lmtp-settings.h"
#include "lmtp/session.h"
#include "service/priv.h"
#include "service/process-settings.h"
#include "service/rawlog-list.h"
#include "service/service.h"
#include "smtp/command.h"

static void
start(struct lmtp_session *s, const char *dir)
{
	struct err err;

	if (priv_enter_root("rawlog", &err) < 0) {
		log_error(&s->log, "rawlog: %s", err.text);
		return;
	}
	s->rawlog = rawlog_open(dir);
	priv_leave();
	stream_set_rawlog(s->stream, s->rawlog);
}

static void
start_by_setting(struct lmtp_session *s)
{
	const struct vars vars = { .entries = NULL };
	const char *path;
	struct err err;

	if (vars_expand(s->env->set->lmtp_rawlog_dir, &vars, s->pool, &path,
			&err) < 0)
		log_error(&s->log, "lmtp_rawlog_dir: %s", err.text);
	else
		start(s, path);
}

/* The list, where there is one: that costs nothing but a look. */
static void
read_list(struct lmtp_session *s)
{
	const char *path = rawlog_list_path(s->env->process_set->base_dir,
					    s->pool);
	struct rawlog_list *list;
	struct stat st;
	struct err err;
	int found;

	if (stat(path, &st) != 0)
		return;
	list = pool_new_obj(s->pool, struct rawlog_list);
	if (priv_enter_root("rawlog", &err) < 0) {
		log_error(&s->log, "rawlog: %s", err.text);
		return;
	}
	found = rawlog_list_read(path, s->pool, list, &err);
	priv_leave();
	if (found < 0)
		log_error(&s->log, "rawlog: %s", err.text);
	else if (found > 0)
		s->rawlog_list = list;
}

static const char *
listed_dir(struct lmtp_session *s)
{
	return rawlog_list_dir(s->env->process_set->state_dir, s->pool);
}

void
lmtp_rawlog_begin(struct lmtp_session *s)
{
	if (*s->env->set->lmtp_rawlog_dir != '\0')
		start_by_setting(s);
	if (s->rawlog != NULL)
		return;
	read_list(s);
	if (s->rawlog_list != NULL &&
	    rawlog_list_has_client(s->rawlog_list, &s->client->remote))
		start(s, listed_dir(s));
}

void
lmtp_rawlog_command(struct lmtp_session *s, const struct smtp_command *cmd)
{
	enum { LINES_MAX = 65536 };	/* enough to see who and where to */
	struct str *lines = &s->rawlog_lines;

	if (s->rawlog_list == NULL ||
	    (s->rawlog != NULL && !s->rawlog_of_trans))
		return;
	if (strcmp(cmd->verb, "MAIL") == 0)
		str_reset(lines);
	if (lines->len + strlen(cmd->args) < LINES_MAX)
		str_printf(lines, "%s %s\r\n", cmd->verb, cmd->args);
}

void
lmtp_rawlog_user(struct lmtp_session *s, const char *user)
{
	const char *data;
	size_t len;

	if (s->rawlog != NULL || s->rawlog_list == NULL ||
	    !rawlog_list_has_user(s->rawlog_list, user))
		return;
	start(s, listed_dir(s));
	if (s->rawlog == NULL)
		return;
	s->rawlog_of_trans = true;
	if (s->rawlog_lines.len > 0)
		rawlog_in(s->rawlog, str_c(&s->rawlog_lines),
			  s->rawlog_lines.len);
	/* What came with the RCPT is read already. */
	data = stream_data(s->stream, &len);
	if (len > 0)
		rawlog_in(s->rawlog, data, len);
}

void
lmtp_rawlog_renew(struct lmtp_session *s)
{
	if (!s->rawlog_of_trans)
		return;
	s->rawlog_of_trans = false;
	stream_set_rawlog(s->stream, NULL);
	rawlog_close(&s->rawlog);
}
