/*
 * One LMTP connection, from its greeting to its close; see session.h. The
 * loop reads a command, finds it in the table and runs it; what the process
 * was asked meanwhile (stop, reload, make room) is looked at in the waits.
 */
#include "lmtp/session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/vars.h"
#include "core/err.h"
#include "core/pool.h"
#include "core/session-id.h"
#include "core/str.h"
#include "io/rawlog.h"
#include "io/spool.h"
#include "io/tls.h"
#include "lmtp/certs.h"
#include "lmtp/commands.h"
#include "lmtp/env.h"
#include "lmtp/lmtp-settings.h"
#include "lmtp/rawlogs.h"
#include "lmtp/words.h"
#include "mail/binary.h"
#include "service/process-settings.h"
#include "service/service.h"
#include "service/status.h"
#include "smtp/reply.h"

enum {
	STOP_MS = 5000,		/* for a message in hand */
	YIELD_MS = 5000,	/* idle for so long makes room for others */
	CLOSE_MS = 5000,	/* to get rid of the last reply */
	LINGER_MS = 1000,	/* until the client has read it */
};

static const struct {
	const char *name;
	enum status_state status;
} states[] = {
	[LMTP_GREETING] = { "GREETING", STATUS_SESSION },
	[LMTP_READY] = { "READY", STATUS_SESSION },
	[LMTP_MAIL] = { "MAIL FROM", STATUS_TRANSACTION },
	[LMTP_RCPT] = { "RCPT TO", STATUS_TRANSACTION },
	[LMTP_DATA] = { "DATA", STATUS_DATA },
};

void
lmtp_session_state(struct lmtp_session *s, enum lmtp_state state,
		   const char *user)
{
	s->state = state;
	status_set(states[state].status, user, s->peer, states[state].name);
}

/* Queue it. Output that doesn't fit is sent, within the usual time. */
static void
send_reply(struct lmtp_session *s, unsigned code, const char *enhanced,
	   const char *text)
{
	deadline_t deadline = deadline_min(s->deadline,
		deadline_in((int64_t)s->env->set->lmtp_command_timeout * 1000));
	struct str out = STR_INIT;
	enum stream_status status;

	smtp_reply_append(&out, code, enhanced, text);
	status = stream_write(s->stream, str_c(&out), out.len, deadline);
	str_free(&out);
	while (status == STREAM_WAKE) {
		if (lmtp_session_called(s))
			return;
		status = stream_flush(s->stream,
				      deadline_min(deadline, s->deadline));
	}
	if (status != STREAM_OK)
		lmtp_session_lost(s, status);
}

/* Unknown and malformed commands are borne for a while; refusals have other
   reasons and don't count. */
static bool
too_many_errors(struct lmtp_session *s, unsigned code)
{
	unsigned max = s->env->set->lmtp_max_errors;

	if (code == 500 || code == 501)
		s->errors++;
	else if (code < 400)
		s->errors = 0;
	return max > 0 && s->errors > max;
}

void
lmtp_reply(struct lmtp_session *s, unsigned code, const char *enhanced,
	   const char *fmt, ...)
{
	struct str text = STR_INIT;
	va_list ap;

	if (s->pending_count > 0)
		lmtp_rcpts_settle(s);
	if (s->closing != NULL)
		return;
	if (too_many_errors(s, code)) {
		lmtp_session_close(s, "4.7.0", "Too many invalid commands.");
		return;
	}
	va_start(ap, fmt);
	str_vprintf(&text, fmt, ap);
	va_end(ap);
	send_reply(s, code, enhanced, str_c(&text));
	str_free(&text);
}

void
lmtp_session_close(struct lmtp_session *s, const char *enhanced,
		   const char *words)
{
	struct str text = STR_INIT;

	if (s->pending_count > 0)
		lmtp_rcpts_settle(s);
	if (s->closing != NULL)
		return;
	s->closing = words;
	str_printf(&text, "%s %s", s->env->hostname, words);
	send_reply(s, 421, enhanced, str_c(&text));
	str_free(&text);
}

void
lmtp_session_lost(struct lmtp_session *s, enum stream_status status)
{
	int saved_errno = errno;

	if (s->closing != NULL)
		return;
	if (status == STREAM_TIMEOUT && s->stopping)
		lmtp_session_close(s, "4.3.2", "Shutting down");
	else if (status == STREAM_TIMEOUT)
		lmtp_session_close(s, "4.4.2", "Disconnected for inactivity");
	else if (status == STREAM_EOF || saved_errno == EPIPE ||
		 saved_errno == ECONNRESET)
		s->closing = "Connection closed";
	else
		s->closing = pool_printf(s->pool, "Connection failed: %s",
					 strerror(saved_errno));
}

static bool
is_idle(const struct lmtp_session *s)
{
	return s->trans == NULL && clock_ms() - s->idle_since > YIELD_MS;
}

/* End where the process was asked to, unless a message is in hand. */
static bool
end_asked(struct lmtp_session *s)
{
	if (s->closing == NULL && s->state != LMTP_DATA &&
	    (s->stopping || s->retiring))
		lmtp_session_close(s, "4.3.2", "Shutting down");
	return s->closing != NULL;
}

bool
lmtp_session_called(struct lmtp_session *s)
{
	enum service_call call = s->env->by_hand ? SERVICE_GO_ON :
		service_called();

	/* The master's pipe would wake us for ever. */
	if (call == SERVICE_ORPHAN)
		stream_watch(s->stream, -1, service_wait_mask());
	if (call >= SERVICE_STOP && !s->stopping) {
		s->stopping = true;
		s->deadline = deadline_min(s->deadline, deadline_in(STOP_MS));
	}
	if (call == SERVICE_RETIRE && s->env->process_set->shutdown_clients)
		s->retiring = true;
	if (call == SERVICE_YIELD && s->closing == NULL && is_idle(s))
		lmtp_session_close(s, "4.3.2", "Shutting down");
	return end_asked(s);
}

void
lmtp_trans_begin(struct lmtp_session *s)
{
	struct pool *pool = pool_new();
	struct lmtp_trans *trans = pool_new_obj(pool, struct lmtp_trans);

	ASSERT(s->trans == NULL);
	lmtp_rawlog_renew(s);
	trans->pool = pool;
	STAILQ_INIT(&trans->rcpts);
	trans->start = clock_wall().tv_sec;
	trans->id = s->trans_count == 0 ? s->id :
		pool_printf(pool, "%s:T%u", s->id, s->trans_count + 1);
	s->trans = trans;
}

void
lmtp_trans_end(struct lmtp_session *s)
{
	struct lmtp_trans *trans = s->trans;
	struct lmtp_rcpt *rcpt;
	struct pool *pool;

	/* What XFORWARD told was about this mail alone. */
	s->log.suffix = NULL;
	s->forward = (struct lmtp_forward){ .ident = "" };
	if (trans == NULL)
		return;
	while ((rcpt = STAILQ_FIRST(&trans->rcpts)) != NULL) {
		STAILQ_REMOVE_HEAD(&trans->rcpts, link);
		lmtp_rcpt_free(&rcpt);
	}
	binary_free(&trans->binary);
	spool_reset(s->env->spool);
	status_users_clear();
	pool = trans->pool;	/* which it lives in itself */
	s->trans = NULL;
	pool_free(&pool);
	/* What it got to is told when the connection is lost in it. */
	if (s->closing == NULL)
		lmtp_session_state(s, LMTP_READY, NULL);
}

static void
run(struct lmtp_session *s, struct smtp_command *cmd)
{
	if (cmd->fault == SMTP_COMMAND_TOOLONG) {
		lmtp_reply(s, 500, "5.5.2", "Line too long");
		return;
	}
	if (cmd->fault == SMTP_COMMAND_SYNTAX) {
		lmtp_reply(s, 500, "5.5.2", "Invalid command syntax");
		return;
	}
	lmtp_rawlog_command(s, cmd);
	s->running = lmtp_command_find(cmd->verb);
	if (s->running == NULL)
		lmtp_reply(s, 500, "5.5.1", "Unknown command");
	else
		lmtp_command_run(s, s->running, cmd->args);
	if (s->closing == NULL)
		s->running = NULL;
}

static void
loop(struct lmtp_session *s)
{
	unsigned secs = s->env->set->lmtp_command_timeout;
	struct smtp_command cmd = { .skipping = false };
	deadline_t deadline = deadline_in((int64_t)secs * 1000);

	while (!end_asked(s)) {
		enum stream_status status = smtp_command_read(s->stream,
			deadline_min(deadline, s->deadline), &cmd);

		if (status == STREAM_WAKE) {
			(void)lmtp_session_called(s);	/* sets closing */
			continue;
		}
		if (status != STREAM_OK) {
			lmtp_session_lost(s, status);
			break;
		}
		run(s, &cmd);
		s->idle_since = clock_ms();
		deadline = secs == 0 ? DEADLINE_NEVER :
			s->idle_since + (int64_t)secs * 1000;
	}
}

/* login_greeting for this client. */
static const char *
greeting(struct lmtp_session *s)
{
	const char *text = s->env->set->login_greeting, *result;
	const struct vars_entry entries[] = {
		{ 's', "service", "lmtp" },
		{ 'r', "rip", s->client_ip },
		{ 'l', "lip", s->local_ip },
		{ '\0', "session", s->id },
		{ '\0', NULL, NULL },
	};
	const struct vars vars = { .entries = entries };
	struct err err;

	if (strchr(text, '%') == NULL)
		return text;
	if (vars_expand(text, &vars, s->pool, &result, &err) < 0)
		log_warning(&s->log, "login_greeting: %s", err.text);
	return result;
}

void
lmtp_session_greet(struct lmtp_session *s)
{
	lmtp_reply(s, 220, NULL, "%s %s", s->env->hostname, greeting(s));
}

/* May this client connect at all? A stranger is told so before TLS, too: he
   is worth no handshake. */
static bool
welcome(struct lmtp_session *s)
{
	const char *trusted = s->env->set->lmtp_trusted_ips;

	if (lmtp_session_called(s))
		return false;
	if (*trusted != '\0' && ip_is_set(&s->client->remote) &&
	    !ip_in_list(&s->client->remote, trusted)) {
		lmtp_reply(s, 554, "5.7.1", "%s You may not connect from here",
			   s->env->hostname);
		s->closing = "Not in lmtp_trusted_ips";
		return false;
	}
	return true;
}

static bool
greet(struct lmtp_session *s)
{
	if (!lmtp_session_called(s))
		lmtp_session_greet(s);
	return s->closing == NULL;
}

static const char *
ip_or_null(struct pool *pool, const struct ip *ip)
{
	char buf[IP_TEXT_MAX];

	return ip_is_set(ip) ? pool_strdup(pool, ip_text(ip, buf)) : NULL;
}

static struct lmtp_session *
session_open(struct lmtp_env *env, const struct service_client *client)
{
	struct pool *pool = pool_new();
	struct lmtp_session *s = pool_new_obj(pool, struct lmtp_session);

	s->pool = pool;
	s->env = env;
	s->client = client;
	s->log = log_process;
	s->id = session_id_new(pool);
	s->client_ip = ip_or_null(pool, &client->remote);
	s->remote_port = client->remote_port;
	s->local_ip = ip_or_null(pool, &client->local);
	s->peer = s->client_ip != NULL ? s->client_ip : "local";
	s->start = s->idle_since = clock_ms();
	s->deadline = deadline_in(
		(int64_t)env->set->lmtp_session_timeout * 1000);
	STAILQ_INIT(&s->pending);
	s->stream = stream_new(client->fd_in, client->fd_out);
	if (!env->by_hand)
		stream_watch(s->stream, service_watch_fd(),
			     service_wait_mask());
	lmtp_rawlog_begin(s);
	return s;
}

/* A peer on a unix socket is told by his process and user. */
static void
log_begin(const struct lmtp_session *s)
{
	const struct service_client *client = s->client;

	if (client->peer_pid > 0)
		log_info(&s->log, "Connect from %s (pid=%d uid=%u)", s->peer,
			 (int)client->peer_pid, (unsigned)client->peer_uid);
	else
		log_info(&s->log, "Connect from %s", s->peer);
}

static void
log_end(const struct lmtp_session *s)
{
	char unfinished[64] = "";

	if (s->running != NULL)
		(void)snprintf(unfinished, sizeof(unfinished),
			       " (unfinished %s command)", s->running->name);
	log_info(&s->log, "Disconnect from %s: %s%s (state=%s)", s->peer,
		 s->closing, unfinished, states[s->state].name);
}

/* --- TLS ---------------------------------------------------------------- */

static struct tls_context *
by_name(void *arg, const char *name)
{
	struct lmtp_session *s = arg;
	struct scope scope = s->env->scope;
	struct tls_context *ctx;
	struct err err;

	scope.local_name = name;
	if (lmtp_certs_get(s->env->conf, &scope, &ctx, &err) < 0)
		log_error(&s->log, "%s", err.text);
	return ctx;
}

static enum stream_status
handshake(struct lmtp_session *s)
{
	deadline_t deadline = deadline_in(LMTP_HANDSHAKE_MS);
	enum stream_status status;

	do {
		status = stream_handshake(s->stream,
					  deadline_min(deadline, s->deadline));
	} while (status == STREAM_WAKE && !lmtp_session_called(s));
	return status;
}

static void
log_tls(struct lmtp_session *s)
{
	enum tls_peer peer = tls_peer_cert(s->tls);
	const char *name = tls_server_name(s->tls);
	char text[160];

	tls_describe(s->tls, text, sizeof(text));
	s->tls_text = pool_strdup(s->pool, text);
	log_info(&s->log, "TLS with %s: %s%s%s%s%s", s->peer, text,
		 *name != '\0' ? ", for " : "", name,
		 tls_resumed(s->tls) ? ", resumed" : "",
		 peer == TLS_PEER_VALID ? ", client certificate" : "");
	if (peer == TLS_PEER_INVALID)
		log_info(&s->log, "Invalid certificate of %s: %s", s->peer,
			 tls_peer_error(s->tls));
}

bool
lmtp_session_start_tls(struct lmtp_session *s)
{
	enum stream_status status;
	struct err err;

	s->tls = tls_accept(s->stream, s->client->fd_in, s->client->fd_out,
			    s->env->tls, by_name, s, &err);
	if (s->tls == NULL) {
		s->closing = pool_strdup(s->pool, err.text);
		return false;
	}
	status = handshake(s);
	if (s->closing != NULL)
		return false;
	if (status == STREAM_OK) {
		log_tls(s);
		return true;
	}
	s->closing = pool_printf(s->pool, "TLS handshaking failed: %s",
		status == STREAM_TIMEOUT ? "Timed out" :
		errno == EPROTO ? tls_error(s->tls) : strerror(errno));
	return false;
}

/* An implicit TLS listener begins with it. */
static bool
secure(struct lmtp_session *s)
{
	if (!s->client->ssl)
		return true;
	if (s->env->tls != NULL)
		return lmtp_session_start_tls(s);
	log_error(&s->log, "inet_listener %s has ssl = yes, but there is no "
		  "ssl_cert", s->client->listener);
	s->closing = "No certificate";
	return false;
}

/* --- the end ------------------------------------------------------------ */

/* Closing while something unread is there, or still comes, makes TCP tear
   the connection down and the last reply with it. */
static void
linger(struct lmtp_session *s)
{
	deadline_t deadline = deadline_in(LINGER_MS);

	if (s->stopping || stream_end(s->stream) != 0)
		return;
	while (stream_fill(s->stream, deadline) == STREAM_OK &&
	       deadline_left(deadline) > 0)
		stream_skip(s->stream, stream_buffered(s->stream));
}

static void
session_close(struct lmtp_session *s)
{
	deadline_t deadline = deadline_in(CLOSE_MS);
	enum stream_status status;
	struct pool *pool = s->pool;	/* which it lives in itself */

	stream_watch(s->stream, -1, s->env->by_hand ? NULL :
		     service_wait_mask());
	do {
		status = stream_flush(s->stream, deadline);
	} while (status == STREAM_WAKE);
	log_end(s);
	if (status == STREAM_OK && strcmp(s->closing, "Logged out") != 0 &&
	    strcmp(s->closing, "Connection closed") != 0)
		linger(s);
	lmtp_trans_end(s);
	stream_free(&s->stream);
	rawlog_close(&s->rawlog);
	str_free(&s->rawlog_lines);
	pool_free(&pool);
}

void
lmtp_session_run(struct lmtp_env *env, const struct service_client *client)
{
	struct lmtp_session *s = session_open(env, client);

	log_begin(s);
	lmtp_session_state(s, LMTP_GREETING, NULL);
	if (welcome(s) && secure(s) && greet(s))
		loop(s);
	lmtp_rcpts_settle(s);
	session_close(s);
}
