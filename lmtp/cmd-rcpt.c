/*
 * RCPT (RFC 5321 section 4.1.1.3): whom for. The RCPTs that wait in the
 * buffer are taken together: their questions go to auth at once, and the
 * replies follow when a command of another kind, or nothing more, is there.
 */
#include "lmtp/commands.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/err.h"
#include "core/pool.h"
#include "deliver/deliver-settings.h"
#include "lmtp/env.h"
#include "lmtp/lmtp-settings.h"
#include "lmtp/local.h"
#include "lmtp/rawlogs.h"
#include "lmtp/reply.h"
#include "lmtp/session.h"
#include "lmtp/words.h"
#include "service/service.h"
#include "service/status.h"
#include "smtp/command.h"
#include "smtp/detail.h"
#include "smtp/params.h"
#include "smtp/utf8.h"
#include "user/lookup.h"
#include "user/user.h"

void
lmtp_rcpt_free(struct lmtp_rcpt **rcptp)
{
	struct lmtp_rcpt *rcpt = *rcptp;
	struct pool *pool;

	*rcptp = NULL;
	if (rcpt == NULL)
		return;
	pool = rcpt->pool;	/* which it lives in itself */
	pool_free(&pool);
}

static bool
set_orcpt(struct lmtp_session *s, struct lmtp_rcpt *rcpt, const char *value)
{
	struct smtp_orcpt orcpt;
	struct err err;

	if (value == NULL) {
		lmtp_reply(s, 501, "5.5.4", "Missing ORCPT= parameter value");
		return false;
	}
	if (smtp_has_8bit(value) && !s->trans->utf8) {
		lmtp_reply(s, 501, "5.5.4", "Invalid RCPT parameter: "
			   "Unexpected character in parameter value");
		return false;
	}
	if (smtp_orcpt_parse(value, rcpt->pool, &orcpt, &err) < 0) {
		lmtp_reply(s, 501, "5.5.4", "%s", err.text);
		return false;
	}
	rcpt->orcpt_type = orcpt.type;
	rcpt->orcpt = orcpt.addr;
	return true;
}

static bool
set_notify(struct lmtp_session *s, struct lmtp_rcpt *rcpt, const char *value)
{
	rcpt->notify = value == NULL ? 0 : smtp_notify_parse(value);
	if (rcpt->notify == 0)
		lmtp_reply(s, 501, "5.5.4", "Invalid NOTIFY= parameter");
	return rcpt->notify != 0;
}

/* As Exim sends it to Cyrus. */
static bool
set_ignore_quota(struct lmtp_session *s, struct lmtp_rcpt *rcpt,
		 const char *value)
{
	if (value != NULL) {
		lmtp_reply(s, 501, "5.5.4", "IGNOREQUOTA takes no value");
		return false;
	}
	rcpt->ignore_quota = true;
	return true;
}

/* Fields that a proxy hands on; auth knows them as %{passdb:forward_NAME}. */
static bool
set_forward(struct lmtp_session *s, struct lmtp_rcpt *rcpt,
	    const char *value)
{
	if (!lmtp_peer_trusted(s)) {
		lmtp_reply(s, 550, "5.7.14", "Unacceptable XRCPTFORWARD= "
			   "parameter: You are not from trusted IP");
		return false;
	}
	if (value != NULL)
		rcpt->forward = smtp_xtext_decode(value, rcpt->pool);
	if (rcpt->forward == NULL) {
		lmtp_reply(s, 501, "5.5.4", "Invalid XRCPTFORWARD= parameter");
		return false;
	}
	return true;
}

static bool
set_params(struct lmtp_session *s, struct lmtp_rcpt *rcpt,
	   const struct smtp_param *p)
{
	static const struct {
		const char *name;
		bool (*set)(struct lmtp_session *s, struct lmtp_rcpt *rcpt,
			    const char *value);
		bool dsn;	/* only where DSN is offered */
	} known[] = {
		{ "IGNOREQUOTA", set_ignore_quota, false },
		{ "NOTIFY", set_notify, true },
		{ "ORCPT", set_orcpt, false },
		{ "XRCPTFORWARD", set_forward, false },
	};
	const size_t count = sizeof(known) / sizeof(*known);

	for (; p->name != NULL; p++) {
		size_t i = 0;

		while (i < count && strcmp(p->name, known[i].name) != 0)
			i++;
		if (i == count || (known[i].dsn && !s->env->dsn)) {
			lmtp_reply(s, 555, "5.5.4", "Unsupported parameters");
			return false;
		}
		if (!known[i].set(s, rcpt, p->value))
			return false;
	}
	return true;
}

/* False after a reply that says why not. */
static bool
parse(struct lmtp_session *s, struct lmtp_rcpt *rcpt, const char *args)
{
	struct smtp_param *params;
	struct err err;

	if (smtp_path_parse(&args, lmtp_path_workarounds(s->env->set),
			    rcpt->pool, &rcpt->path, &err) < 0) {
		lmtp_reply(s, 501, "5.5.4", "Invalid TO: %s", err.text);
		return false;
	}
	if (smtp_params_parse(args, "RCPT", rcpt->pool, &params, &err) < 0) {
		lmtp_reply(s, 501, "5.5.4", "%s", err.text);
		return false;
	}
	if (!set_params(s, rcpt, params))
		return false;
	if (rcpt->path.utf8 && !s->trans->utf8) {
		lmtp_reply(s, 553, "5.6.7", "Non-ASCII addresses need the "
			   "SMTPUTF8 parameter");
		return false;
	}
	return true;
}

static void
no_such_user(struct lmtp_session *s, const struct lmtp_rcpt *rcpt)
{
	lmtp_reply(s, 550, "5.1.1", "<%s> User doesn't exist: %s",
		   rcpt->path.text, rcpt->name);
}

/* Logged once in a transaction: there may be very many. */
static void
too_many(struct lmtp_session *s)
{
	char id[LMTP_ERROR_ID_MAX];

	(void)lmtp_error_id(s->trans->id, id);
	if (!s->trans->too_many)
		log_info(&s->log, "Too many recipients: more than "
			 "lmtp_max_recipients = %u [%s]",
			 s->env->set->lmtp_max_recipients, id);
	s->trans->too_many = true;
	lmtp_reply(s, 452, "4.5.3", "Too many recipients [%s]", id);
}

static bool
acceptable(struct lmtp_session *s, const struct lmtp_rcpt *rcpt)
{
	unsigned max = s->env->set->lmtp_max_recipients;

	if (*rcpt->path.localpart == '\0' && rcpt->path.domain == NULL) {
		lmtp_reply(s, 550, "5.1.1", "<%s> Unacceptable TO: Empty path "
			   "not allowed", rcpt->path.text);
		return false;
	}
	/* Those who are still asked about may turn out not to exist. */
	if (max > 0 && s->trans->rcpt_count + s->pending_count >= max)
		lmtp_rcpts_settle(s);
	if (max > 0 && s->trans->rcpt_count >= max) {
		too_many(s);
		return false;
	}
	return true;
}

/* Cut the detail off and find out whom to ask for. False when no user can
   have such a name. */
static bool
set_name(struct lmtp_session *s, struct lmtp_rcpt *rcpt)
{
	const struct smtp_path *path = &rcpt->path;
	const char *user;

	smtp_detail_split(path->localpart,
			  s->env->deliver_set->recipient_delimiter,
			  rcpt->pool, &user, &rcpt->detail);
	rcpt->name = smtp_user_name(user, path->domain, rcpt->pool);
	return smtp_name_is_safe(user) &&
		(path->domain == NULL || smtp_name_is_safe(path->domain));
}

static void
set_session_id(struct lmtp_session *s, struct lmtp_rcpt *rcpt)
{
	unsigned n = ++s->trans->rcpts_seen;

	rcpt->session_id = n == 1 ? s->trans->id :
		pool_printf(rcpt->pool, "%s:R%u", s->trans->id, n);
}

static void
ask(struct lmtp_session *s, struct lmtp_rcpt *rcpt)
{
	const struct service_client *client = s->client;
	struct user_request req = {
		.name = rcpt->name,
		.service = "lmtp",
		.remote_ip = s->client_ip,
		.local_ip = s->local_ip,
		.local_port = client->local_port,
		.remote_port = s->remote_port,
		.forward_fields = rcpt->forward,
	};

	userdb_lookup_queue(s->env->userdb, &req, &rcpt->question);
	STAILQ_INSERT_TAIL(&s->pending, rcpt, link);
	s->pending_count++;
}

static void
lookup_failed(struct lmtp_session *s, const struct lmtp_rcpt *rcpt,
	      const char *why)
{
	char id[LMTP_ERROR_ID_MAX];

	log_error(&s->log, "rcpt <%s>: Failed to lookup user %s: %s [%s]",
		  rcpt->path.text, rcpt->name, why,
		  lmtp_error_id(rcpt->session_id, id));
	lmtp_reply_internal(s, rcpt, why);
}

static void
begin(struct lmtp_session *s, struct lmtp_rcpt *rcpt, const char *args)
{
	if (!parse(s, rcpt, args) || !acceptable(s, rcpt)) {
		lmtp_rcpt_free(&rcpt);
		return;
	}
	set_session_id(s, rcpt);
	if (!set_name(s, rcpt)) {
		no_such_user(s, rcpt);
		lmtp_rcpt_free(&rcpt);
	} else if (strlen(rcpt->path.text) > SMTP_PATH_MAX) {
		lookup_failed(s, rcpt, "Path is too long");
		lmtp_rcpt_free(&rcpt);
	} else {
		ask(s, rcpt);
	}
}

void
lmtp_cmd_rcpt(struct lmtp_session *s, char *args)
{
	struct lmtp_rcpt *rcpt;
	struct pool *pool;

	if (strncasecmp(args, "TO:", 3) != 0) {
		lmtp_reply(s, 501, "5.5.4", "Invalid parameters");
		return;
	}
	pool = pool_new();
	rcpt = pool_new_obj(pool, struct lmtp_rcpt);
	rcpt->pool = pool;
	begin(s, rcpt, args + 3);
	if (s->pending_count >= LMTP_PENDING_MAX ||
	    !smtp_command_follows(s->stream, "RCPT"))
		lmtp_rcpts_settle(s);
}

/* An accepted recipient with the same path and the same ORCPT. */
static struct lmtp_rcpt *
find_same(struct lmtp_trans *trans, const struct lmtp_rcpt *rcpt)
{
	struct lmtp_rcpt *r;

	STAILQ_FOREACH(r, &trans->rcpts, link) {
		if (strcmp(r->path.localpart, rcpt->path.localpart) == 0 &&
		    (r->path.domain == NULL) == (rcpt->path.domain == NULL) &&
		    (r->path.domain == NULL ||
		     strcasecmp(r->path.domain, rcpt->path.domain) == 0) &&
		    (r->orcpt == NULL) == (rcpt->orcpt == NULL) &&
		    (r->orcpt == NULL || strcmp(r->orcpt, rcpt->orcpt) == 0))
			return r->same_as != NULL ? r->same_as : r;
	}
	return NULL;
}

/* Are there too many deliveries to this user already, here and at the other
   workers? Else there is one more, until the transaction ends. */
static bool
too_many_deliveries(const struct lmtp_session *s, const struct lmtp_rcpt *rcpt)
{
	unsigned limit = s->env->set->lmtp_user_concurrency_limit;

	if (limit == 0 || rcpt->same_as != NULL ||
	    status_user_add(rcpt->user->name) <= limit)
		return false;
	status_user_drop();
	return true;
}

static void
accept_rcpt(struct lmtp_session *s, struct lmtp_rcpt *rcpt)
{
	struct lmtp_trans *trans = s->trans;

	rcpt->same_as = find_same(trans, rcpt);
	if (rcpt->same_as == NULL && !lmtp_local_may_get(s, rcpt)) {
		lmtp_rcpt_free(&rcpt);
		return;
	}
	if (too_many_deliveries(s, rcpt)) {
		lmtp_reply_later(s, rcpt, 451, "4.3.0", "Too many concurrent "
				 "deliveries for user",
				 "lmtp_user_concurrency_limit");
		lmtp_rcpt_free(&rcpt);
		return;
	}
	STAILQ_INSERT_TAIL(&trans->rcpts, rcpt, link);
	trans->rcpt_count++;
	lmtp_session_state(s, LMTP_RCPT, rcpt->user->name);
	lmtp_rawlog_user(s, rcpt->user->name);
	lmtp_reply(s, 250, "2.1.5", "OK");
}

static void
settle(struct lmtp_session *s, struct lmtp_rcpt *rcpt)
{
	struct lmtp_env *env = s->env;
	struct err err;
	int found = userdb_lookup_answer(env->userdb, rcpt->question,
					 env->user_set, rcpt->pool,
					 &rcpt->user, &err);

	if (found > 0) {
		accept_rcpt(s, rcpt);
		return;
	}
	if (found == 0) {
		no_such_user(s, rcpt);
	} else {
		lookup_failed(s, rcpt, err.text);
	}
	lmtp_rcpt_free(&rcpt);
}

void
lmtp_rcpts_settle(struct lmtp_session *s)
{
	struct lmtp_rcpts rcpts = STAILQ_HEAD_INITIALIZER(rcpts);
	struct lmtp_rcpt *rcpt;

	/* settle() replies, and lmtp_reply() asks whether there is something
	   to settle first. */
	STAILQ_CONCAT(&rcpts, &s->pending);
	s->pending_count = 0;
	while ((rcpt = STAILQ_FIRST(&rcpts)) != NULL) {
		STAILQ_REMOVE_HEAD(&rcpts, link);
		settle(s, rcpt);
	}
}
