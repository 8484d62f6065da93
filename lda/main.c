/*
 * loft-lda: one message from standard input into one user's mail, with
 * dovecot-lda's options and exit codes. It parses its own configuration and
 * lives for one delivery, so it links and does as little as it can. Whatever
 * goes wrong on our side is status 75: the MTA keeps the mail.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/scope.h"
#include "core/clock.h"
#include "core/hostname.h"
#include "core/log-file.h"
#include "core/pool.h"
#include "core/session-id.h"
#include "core/str.h"
#include "deliver/deliver.h"
#include "deliver/deliver-settings.h"
#include "io/spool.h"
#include "lda/input.h"
#include "lda/options.h"
#include "lda/refuse.h"
#include "mail/message.h"
#include "service/log-settings.h"
#include "service/priv.h"
#include "service/process-settings.h"
#include "smtp/path.h"
#include "storage/mail-settings.h"
#include "user/lookup.h"
#include "user/user.h"
#include "user/user-settings.h"

#define DEFAULT_CONFIG SYSCONFDIR "/loft/loft.conf"

/* All of one run. */
struct lda {
	struct pool *pool;
	int64_t start;

	struct lda_options opt;
	const char *unknown;	/* the -o parameter that nobody knows */
	const char *sender;	/* NULL: nobody says who it is */

	struct conf *conf;
	struct scope scope;
	struct user *user;
	struct deliver_batch *batch;
	struct spool *spool;
	struct message *message;
};

static const char no_headers[] = "";	/* nothing is added */

/* --- configuration --- */

static int
apply_overrides(struct lda *lda)
{
	struct err err;

	for (unsigned i = 0; i < lda->opt.override_count; i++) {
		const char *override = lda->opt.overrides[i];

		if (conf_override(lda->conf, override, &err) == 0)
			continue;
		if (err.kind != ERR_NOTFOUND) {
			log_fatal(&log_process, "Invalid -o parameter %s: %s",
				  override, err.text);
			return EX_TEMPFAIL;
		}
		/* As in Dovecot that is no reason to keep mail waiting. */
		lda->unknown = pool_strdup(lda->pool, err.text);
	}
	return 0;
}

static int
load_config(struct lda *lda)
{
	struct str errors = STR_INIT, warnings = STR_INIT;
	int result = conf_load(lda->opt.config, &lda->conf, &errors,
			       &warnings);

	(void)fputs(str_c(&errors), stderr);
	/* loftctl config and the master tell the warnings; here they would
	   come with each message. */
	str_free(&warnings);
	str_free(&errors);
	if (result < 0)
		return EX_TEMPFAIL;
	return apply_overrides(lda);
}

/* A log that can't be opened is no reason to keep mail waiting. */
static void
open_log(const struct lda *lda)
{
	struct err err;
	const struct log_settings *set = settings_get(lda->conf, &lda->scope,
		"", &log_settings_info, NULL, lda->pool, &err);
	struct log_file_settings files = { "", "", "", "", "mail", "loft" };

	if (set != NULL) {
		files.log_path = set->log_path;
		files.info_log_path = set->info_log_path;
		files.debug_log_path = set->debug_log_path;
		files.log_timestamp = set->log_timestamp;
		files.syslog_facility = set->syslog_facility;
	}
	if (log_file_open(&files, &err) < 0) {
		files = (struct log_file_settings){ "", "", "", "", "mail",
			"loft" };
		if (log_file_open(&files, &err) < 0)
			return;
	}
	log_set_sink(log_sink_file);
}

/* --- user --- */

static const char *
socket_path(struct lda *lda, const struct user_settings *user_set)
{
	struct err err;
	const struct process_settings *set;

	if (*user_set->auth_socket_path == '/')
		return user_set->auth_socket_path;
	set = settings_get(lda->conf, &lda->scope, "", &process_settings_info,
			   NULL, lda->pool, &err);
	return pool_printf(lda->pool, "%s/%s", set != NULL ? set->base_dir :
			   RUNSTATEDIR "/loft", user_set->auth_socket_path);
}

static int
look_up(struct lda *lda, struct err *err)
{
	const struct user_request req = {
		.name = lda->opt.user_name, .service = "lda",
	};
	const struct user_settings *set = settings_get(lda->conf, &lda->scope,
		"", &user_settings_info, NULL, lda->pool, err);
	struct userdb_conn *conn;
	int found;

	if (set == NULL)
		return -1;
	conn = userdb_conn_new(socket_path(lda, set));
	found = userdb_lookup(conn, &req, set, lda->pool, &lda->user, err);
	userdb_conn_free(&conn);
	if (found == 0)
		(void)err_set(err, ERR_NOUSER, "Unknown user: %s",
			      lda->opt.user_name);
	return found > 0 ? 0 : -1;
}

/* As root become the user for good: from here on there is no way back, and
   none is needed. */
static int
become_user(struct lda *lda, struct err *err)
{
	const struct user *user = lda->user;
	const struct priv_ids ids = {
		user->uid, user->gid, user->groups, user->group_count
	};

	return priv_is_root() ? priv_drop(&ids, err) : 0;
}

static int
find_user(struct lda *lda, struct err *err)
{
	if (lda->opt.user_name == NULL)
		return user_from_process(lda->pool, &lda->user, err);
	if (*lda->opt.user_name == '\0')
		return err_set(err, ERR_NOUSER, "Empty user name");
	return look_up(lda, err);
}

/* --- message --- */

/* The sender in the mbox line, if he has an address. */
static void
take_from(struct lda *lda, const char *from)
{
	const char *p = from;
	struct smtp_path path;
	struct err err;
	int result = smtp_path_parse(&p, SMTP_PATH_BARE, lda->pool, &path,
				     &err);

	if (result == 0 && *p == '\0' && path.domain != NULL && *from != '<')
		lda->sender = path.text;
	else
		log_warning(&log_process, "Failed to parse address from "
			    "`From_'-line: %s", result < 0 ? err.text :
			    "Missing domain");
}

/* The spool asks for a file: the message has turned out to be large. */
static int
place(void *ctx, uint64_t *base_r)
{
	struct lda *lda = ctx;
	struct delivery d = {
		.user = lda->user, .headers = no_headers,
		.mailbox = lda->opt.mailbox, .log.prefix = "",
	};

	return deliver_open_unnamed(lda->batch, &d, base_r);
}

/* mail_temp_dir is of no use. */
static int
shelter(void *ctx, const struct err *why)
{
	struct lda *lda = ctx;
	struct delivery d = { .user = lda->user, .log.prefix = "" };

	log_warning(&log_process, "%s: Receiving the message beside the mail",
		    why->text);
	return deliver_open_shelter(lda->batch, &d, false);
}

static int
read_message(struct lda *lda, struct err *err)
{
	static const struct spool_places places = { place, shelter };
	const struct mail_settings *set =
		deliver_batch_mail_settings(lda->batch);
	const char *from = NULL;
	int fd = STDIN_FILENO, result;

	if (lda->opt.path != NULL)
		fd = input_open(lda->opt.path, err);
	if (fd < 0)
		return -1;
	lda->spool = spool_new(set->mail_temp_dir);
	spool_set_places(lda->spool, &places, lda);
	if (strcmp(set->mail_fsync, "never") != 0)
		spool_write_ahead(lda->spool);
	result = input_read(fd, lda->spool, lda->pool,
			    lda->opt.path == NULL ? &from : NULL, err);
	if (lda->opt.path != NULL)
		(void)close(fd);	/* only read */
	if (result < 0)
		return -1;
	lda->sender = lda->opt.sender;
	if (lda->sender == NULL && from != NULL)
		take_from(lda, from);
	lda->message = message_open(lda->spool, lda->pool);
	return 0;
}

/* Whom a rejection goes to. Where the caller names no sender, the field may
   that the final MTA has written. */
static const char *
reply_address(struct lda *lda)
{
	const char *p = lda->sender;
	struct smtp_path path;
	struct err err;

	if (p != NULL)
		return p;
	p = message_header(lda->message, "Return-Path");
	if (p == NULL || smtp_path_parse(&p, SMTP_PATH_EMPTY | SMTP_PATH_BARE,
					 lda->pool, &path, &err) < 0 ||
	    *p != '\0' || path.domain == NULL)
		return "";
	return path.text;
}

static const char *
user_address(struct lda *lda)
{
	const char *host = deliver_batch_settings(lda->batch)->hostname;

	if (strchr(lda->user->name, '@') != NULL)
		return lda->user->name;
	return smtp_path_text(lda->user->name,
			      *host != '\0' ? host : hostname_system(),
			      lda->pool);
}

/* To whom the message was sent at first: -a, else the header field that
   tells, else the user. *source_r says which. */
static const char *
original_recipient(struct lda *lda, const char **source_r)
{
	const char *field = deliver_batch_settings(lda->batch)->
		lda_original_recipient_header;
	const char *value = NULL;

	*source_r = "-a parameter";
	if (lda->opt.orig_rcpt != NULL)
		return lda->opt.orig_rcpt;
	if (*field != '\0')
		value = message_header(lda->message, field);
	if (value != NULL)
		value = smtp_path_of_field(value, lda->pool);
	*source_r = value != NULL ?
		pool_printf(lda->pool, "%s header", field) : "user@hostname";
	return value != NULL ? value : user_address(lda);
}

/* --- delivery --- */

static int
exit_status(struct lda *lda, const struct delivery *d)
{
	if (d->stored)
		return EX_OK;
	if (refuse_is_due(d))
		return refuse(d, reply_address(lda), lda->opt.refuse_with_status,
			      lda->pool);
	switch (d->err.kind) {
	case ERR_NOUSER:
		return EX_NOUSER;
	case ERR_USAGE:
		return EX_USAGE;
	default:
		return EX_TEMPFAIL;
	}
}

static int
deliver_message(struct lda *lda, const char *session_id,
		const struct logctx *log)
{
	const char *source;
	struct delivery d = {
		.user = lda->user, .message = lda->message,
		.headers = no_headers,
		.mailbox = lda->opt.mailbox,
		.sender = lda->sender != NULL ? lda->sender : "",
		.session_id = session_id, .log = *log,
		.session_start = lda->start,
	};

	d.orig_rcpt = original_recipient(lda, &source);
	d.rcpt = lda->opt.rcpt != NULL ? lda->opt.rcpt : d.orig_rcpt;
	if (lda->opt.user_name == NULL) {
		log_debug(log, "userdb lookup skipped, username taken from "
			  "USER environment");
	}
	log_debug(log, "Destination address: <%s> (source: %s)", d.orig_rcpt,
		  source);
	deliver_add(lda->batch, &d);
	deliver_commit(lda->batch);
	return exit_status(lda, &d);
}

/* From a known user on, lines carry his prefix. */
static int
run_as_user(struct lda *lda)
{
	const char *session_id = session_id_new(lda->pool);
	struct logctx log = { .prefix = "" };
	struct err err;

	log.prefix = deliver_log_prefix(lda->batch, lda->user, session_id,
					lda->pool);
	log.debug = deliver_batch_mail_settings(lda->batch)->mail_debug;
	if (become_user(lda, &err) < 0 || read_message(lda, &err) < 0) {
		log_fatal(&log, "%s", err.text);
		return EX_TEMPFAIL;
	}
	return deliver_message(lda, session_id, &log);
}

static int
run(struct lda *lda)
{
	struct err err;
	int status = load_config(lda);

	if (status != 0)
		return status;
	open_log(lda);
	if (lda->unknown != NULL)
		log_warning(&log_process, "Passing over -o: %s",
			    lda->unknown);
	if (find_user(lda, &err) < 0) {
		log_fatal(&log_process, "%s", err.text);
		return err.kind == ERR_NOUSER ? EX_NOUSER : EX_TEMPFAIL;
	}
	lda->batch = deliver_batch_new(lda->conf, &lda->scope, &err);
	if (lda->batch == NULL) {
		log_fatal(&log_process, "%s", err.text);
		return EX_TEMPFAIL;
	}
	return run_as_user(lda);
}

/* What the caller has closed must not become the message or the log: reading
   fails as it should, and words go nowhere. */
static void
hold_standard_fds(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", O_WRONLY);	/* is fd */
	}
}

int
main(int argc, char **argv)
{
	struct lda lda = {
		.pool = pool_new(), .start = clock_ms(),
		.opt = { .config = DEFAULT_CONFIG, .mailbox = "INBOX" },
		.scope = { .protocol = "lda" },
	};
	char prefix[64];
	int status;

	hold_standard_fds();
	(void)umask(0077);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	/* Who ignores it is never told how a program ended; callers may. */
	(void)signal(SIGCHLD, SIG_DFL);
	(void)snprintf(prefix, sizeof(prefix), "lda(%ld): ", (long)getpid());
	log_process.prefix = prefix;
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		(void)puts(PACKAGE_VERSION);
		return EX_OK;
	}
	status = lda_options_parse(&lda.opt, argc, argv, lda.pool);
	if (status == 0)
		status = run(&lda);
	spool_free(&lda.spool);
	deliver_batch_free(&lda.batch);
	conf_free(&lda.conf);
	pool_free(&lda.pool);
	return status;
}
