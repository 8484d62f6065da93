/*
 * Recipients of this host; see local.h.
 */
#include "lmtp/local.h"

#include <string.h>

#include "core/clock.h"
#include "core/pool.h"
#include "core/str.h"
#include "deliver/deliver-settings.h"
#include "deliver/deliver.h"
#include "io/spool.h"
#include "lmtp/env.h"
#include "lmtp/lmtp-settings.h"
#include "lmtp/reply.h"
#include "lmtp/session.h"
#include "lmtp/words.h"
#include "mail/message.h"
#include "mail/trace.h"
#include "smtp/path.h"
#include "storage/mail-settings.h"

/* The addresses that Delivered-To and Received tell, as
   lmtp_hdr_delivery_address wants it. NULL: none, as with several recipients
   (they needn't know of each other). */
static void
told_recipient(const struct lmtp_session *s, const char **delivered_to_r,
	       const char **received_for_r)
{
	const char *which = s->env->set->lmtp_hdr_delivery_address;
	const struct lmtp_rcpt *rcpt = STAILQ_FIRST(&s->trans->rcpts);

	*delivered_to_r = *received_for_r = NULL;
	if (s->trans->rcpt_count != 1 || strcmp(which, "none") == 0)
		return;
	*delivered_to_r = *received_for_r = rcpt->path.text;
	if (strcmp(which, "original") != 0)
		return;
	*delivered_to_r = rcpt->orcpt;
	if (rcpt->orcpt != NULL)
		*received_for_r = rcpt->orcpt;
}

/* The fields that go in front of the message. */
static const char *
make_headers(const struct lmtp_session *s)
{
	const char *delivered_to, *received_for, *headers;
	/* RFC 3848, RFC 6531 */
	static const char *const protocols[2][2][2] = {
		{ { "LMTP", "LMTPA" }, { "LMTPS", "LMTPSA" } },
		{ { "UTF8LMTP", "UTF8LMTPA" },
		  { "UTF8LMTPS", "UTF8LMTPSA" } }
	};
	struct str out = STR_INIT;
	struct trace trace = {
		.client = s->helo,
		.client_ip = s->client_ip,
		.hostname = s->env->hostname,
		.protocol = protocols[s->trans->utf8][s->tls != NULL]
			[s->auth_user != NULL],
		.tls = s->tls_text,
		.session_id = s->trans->id,
		.sender = s->trans->sender.text,
		.when = clock_wall().tv_sec,
	};

	told_recipient(s, &delivered_to, &received_for);
	trace.recipient = received_for;
	str_printf(&out, "Return-Path: <%s>\n", s->trans->sender.text);
	if (delivered_to != NULL)
		str_printf(&out, "Delivered-To: %s\n", delivered_to);
	if (s->env->set->lmtp_add_received_header)
		header_received(&out, &trace);
	headers = pool_memdup(s->trans->pool, str_c(&out), out.len);
	str_free(&out);
	return headers;
}

/* The same, made once in a transaction. */
static const char *
headers_of(struct lmtp_session *s)
{
	if (s->trans->headers == NULL)
		s->trans->headers = make_headers(s);
	return s->trans->headers;
}

/* The recipient before the MTA's aliases: as the MTA says, else as a header
   field does. NULL: unknown. */
static const char *
original_recipient(const struct lmtp_session *s, struct message *msg,
		   const struct lmtp_rcpt *rcpt)
{
	const char *field = s->env->deliver_set->lda_original_recipient_header;
	const char *value;

	if (rcpt->orcpt != NULL || *field == '\0')
		return rcpt->orcpt;
	value = message_header(msg, field);
	return value == NULL ? NULL : smtp_path_of_field(value, rcpt->pool);
}

static void
fill(const struct lmtp_session *s, struct message *msg, const char *headers,
     struct lmtp_rcpt *rcpt)
{
	bool to_detail = s->env->set->lmtp_save_to_detail_mailbox &&
		*rcpt->detail != '\0';
	char error_id[LMTP_ERROR_ID_MAX];

	rcpt->delivery = (struct delivery){
		.user = rcpt->user,
		.message = msg,
		.headers = headers,
		.mailbox = to_detail ? rcpt->detail : "INBOX",
		.mailbox_is_detail = to_detail,
		.ignore_quota = rcpt->ignore_quota,
		.sender = s->trans->sender.text,
		.rcpt = rcpt->path.text,
		.orig_rcpt = original_recipient(s, msg, rcpt),
		.session_id = rcpt->session_id,
		.error_id = pool_strdup(rcpt->pool,
			lmtp_error_id(rcpt->session_id, error_id)),
		.log = {
			.prefix = deliver_log_prefix(s->env->batch, rcpt->user,
						     rcpt->session_id,
						     rcpt->pool),
			.debug = s->env->mail_set->mail_debug,
			.suffix = s->log.suffix,
		},
		.session_start = s->start,
	};
}

/* The spool asks for a file: the message has turned out to be large. Only for
   a single recipient: the others would share in the troubles of his disk. */
static int
place(void *ctx, uint64_t *base_r)
{
	struct lmtp_session *s = ctx;
	const struct lmtp_rcpt *rcpt = STAILQ_FIRST(&s->trans->rcpts);
	struct delivery d = { .mailbox = "INBOX", .log.prefix = "" };

	if (s->trans->rcpt_count != 1)
		return -1;
	d.user = rcpt->user;
	d.headers = headers_of(s);
	return deliver_open_unnamed(s->env->batch, &d, base_r);
}

/* mail_temp_dir is of no use: whoever of the recipients has room. */
static int
shelter(void *ctx, const struct err *why)
{
	struct lmtp_session *s = ctx;
	struct delivery d = { .mailbox = "INBOX", .log.prefix = "" };
	const struct lmtp_rcpt *rcpt;
	int fd = -1;

	log_warning(&s->log, "%s: Receiving the message beside the mail",
		    why->text);
	STAILQ_FOREACH(rcpt, &s->trans->rcpts, link) {
		if (rcpt->same_as != NULL)
			continue;
		d.user = rcpt->user;
		fd = deliver_open_shelter(s->env->batch, &d,
					  s->trans->rcpt_count > 1);
		if (fd >= 0)
			break;
	}
	return fd;
}

void
lmtp_local_expect(struct lmtp_session *s)
{
	static const struct spool_places places = { place, shelter };

	spool_set_places(s->env->spool, &places, s);
	if (strcmp(s->env->mail_set->mail_fsync, "never") != 0)
		spool_write_ahead(s->env->spool);
}

static void
refuse(struct lmtp_session *s, const struct lmtp_rcpt *rcpt,
       const struct delivery *d)
{
	char id[LMTP_ERROR_ID_MAX];

	switch (d->err.kind) {
	case ERR_QUOTA:
		log_info(&d->log, "rcpt <%s>: %s", rcpt->path.text,
			 d->err.text);
		lmtp_reply_quota(s, rcpt, d);
		break;
	case ERR_TOOBIG:
		log_info(&d->log, "rcpt <%s>: %s", rcpt->path.text,
			 d->err.text);
		lmtp_reply(s, 552, "5.3.4", "<%s> Message size exceeds "
			   "administrative limit", rcpt->path.text);
		break;
	default:
		log_error(&d->log, "rcpt <%s>: %s [%s]", rcpt->path.text,
			  d->err.text, lmtp_error_id(rcpt->session_id, id));
		lmtp_reply_internal(s, rcpt, d->err.text);
		break;
	}
}

bool
lmtp_local_may_get(struct lmtp_session *s, const struct lmtp_rcpt *rcpt)
{
	const struct lmtp_env *env = s->env;
	bool full = env->set->lmtp_rcpt_check_quota;
	bool to_detail = env->set->lmtp_save_to_detail_mailbox &&
		*rcpt->detail != '\0';
	struct delivery d = {
		.user = rcpt->user,
		.mailbox = to_detail ? rcpt->detail : "INBOX",
		.mailbox_is_detail = to_detail,
		.log = { .debug = env->mail_set->mail_debug,
			 .suffix = s->log.suffix },
	};

	if (rcpt->ignore_quota || (!full && s->trans->size == 0) ||
	    !deliver_has_plugins(env->batch, rcpt->user))
		return true;
	d.log.prefix = deliver_log_prefix(env->batch, rcpt->user,
					  rcpt->session_id, rcpt->pool);
	if (deliver_check_rcpt(env->batch, &d, s->trans->size, full) == 0)
		return true;
	refuse(s, rcpt, &d);
	return false;
}

void
lmtp_local_deliver(struct lmtp_session *s)
{
	struct lmtp_env *env = s->env;
	struct message *msg = message_open(env->spool, s->trans->pool);
	const char *headers = headers_of(s);
	struct lmtp_rcpt *rcpt;

	STAILQ_FOREACH(rcpt, &s->trans->rcpts, link) {
		if (rcpt->same_as != NULL)
			continue;
		fill(s, msg, headers, rcpt);
		deliver_add(env->batch, &rcpt->delivery);
	}
	deliver_commit(env->batch);
}
