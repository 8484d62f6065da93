/*
 * One LMTP connection and what it consists of. There are three lifetimes,
 * each with its pool: the session (a connection), the transaction (MAIL to
 * the replies behind DATA) and the recipient (one RCPT).
 */
#ifndef LOFT_LMTP_SESSION_H
#define LOFT_LMTP_SESSION_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <time.h>

#include "core/clock.h"
#include "core/ip.h"
#include "core/log.h"
#include "core/str.h"
#include "deliver/deliver.h"
#include "io/stream.h"
#include "lmtp/receive.h"
#include "smtp/command.h"
#include "smtp/path.h"

struct binary;
struct lmtp_command;
struct lmtp_env;
struct rawlog;
struct rawlog_list;
struct service_client;
struct tls;
struct user;

enum {
	LMTP_PENDING_MAX = 100,	/* questions asked ahead */
	LMTP_XCLIENT_MAX = 100,
	LMTP_AUTH_FAILURES_MAX = 3,
	LMTP_HANDSHAKE_MS = 60000,
	LMTP_NAME_MAX = 255,	/* RFC 5321 section 4.5.3.1.2 */
};

/* Lives in its own pool until the transaction ends, or it is refused. */
struct lmtp_rcpt {
	STAILQ_ENTRY(lmtp_rcpt) link;
	struct pool *pool;
	struct smtp_path path;
	const char *name;	/* whom the userdb is asked for */
	const char *detail;	/* behind the delimiter; "" */
	const char *orcpt_type;	/* ORCPT=, or NULL */
	const char *orcpt;	/* its address, decoded */
	unsigned notify;	/* enum smtp_notify; 0: nothing was said */
	const char *forward;	/* XRCPTFORWARD=, decoded; or NULL */
	bool ignore_quota;	/* IGNOREQUOTA was asked for */
	bool report;		/* a report of the delivery is due */
	const char *session_id;	/* "SID:T2:R3" */
	unsigned question;	/* to auth */
	struct user *user;
	struct lmtp_rcpt *same_as;	/* an earlier one: no delivery
						   of its own */
	struct delivery delivery;
};

STAILQ_HEAD(lmtp_rcpts, lmtp_rcpt);

/* Lives in its own pool from MAIL until the replies, RSET or LHLO. */
struct lmtp_trans {
	struct pool *pool;
	struct smtp_path sender;
	const char *id;		/* "SID:T2" */
	bool utf8;		/* SMTPUTF8 was asked for */
	const char *envid;	/* ENVID=, decoded; NULL: none */
	uint64_t size;		/* SIZE=; 0: not said */
	time_t start;
	struct binary *binary;	/* BODY=BINARYMIME; heap, NULL: not */
	bool chunking;		/* BDAT was used, so DATA can't be */
	struct lmtp_receive receive;
	const char *headers;	/* in front of the message; NULL: not yet */
	struct lmtp_rcpts rcpts;	/* accepted ones, in order */
	unsigned rcpt_count;
	bool too_many;		/* some were refused for their number */
	unsigned rcpts_seen;	/* refused ones, too: the N of :RN */
};

enum { LMTP_QUEUE_ID_MAX = 64, LMTP_CLIENT_NAME_MAX = 128 };

/* What the MTA told about the mail to come (XFORWARD); "" is unknown. */
struct lmtp_forward {
	char ident[LMTP_QUEUE_ID_MAX];	/* its queue id */
	char name[LMTP_CLIENT_NAME_MAX], addr[IP_TEXT_MAX];
	char words[LMTP_QUEUE_ID_MAX + LMTP_CLIENT_NAME_MAX + IP_TEXT_MAX +
		   32];			/* of it, for the log */
};

enum lmtp_state {
	LMTP_GREETING,		/* before LHLO */
	LMTP_READY,
	LMTP_MAIL,
	LMTP_RCPT,
	LMTP_DATA,
};

/* Lives in its own pool from accept to close. */
struct lmtp_session {
	struct pool *pool;
	struct lmtp_env *env;
	const struct service_client *client;
	struct stream *stream;
	struct rawlog *rawlog;
	bool rawlog_of_trans;	/* it ends with the transaction */
	const struct rawlog_list *rawlog_list;	/* NULL: none */
	struct str rawlog_lines;	/* commands since MAIL, while it may be
					   asked for them */
	struct tls *tls;	/* the stream's layer; NULL: none */
	const char *tls_text;	/* what it is, for Received */
	const char *auth_user;	/* who has logged in; NULL: nobody */
	unsigned auth_failures;
	struct logctx log;
	const char *id;		/* SID */
	const char *peer;	/* "127.0.0.1", or "local" */
	const char *client_ip, *local_ip;	/* NULL without IP */
	in_port_t remote_port;
	unsigned xclient_count;
	struct lmtp_forward forward;
	const char *helo;	/* as Received tells it; NULL before LHLO */
	char helo_name[LMTP_NAME_MAX + 1];
	int64_t start;		/* clock_ms() */
	deadline_t deadline;	/* of the whole session */
	int64_t idle_since;	/* when the last command was answered */
	enum lmtp_state state;

	struct lmtp_trans *trans;	/* NULL: none */
	unsigned trans_count;
	struct lmtp_rcpts pending;	/* asked, not yet answered */
	unsigned pending_count;

	const struct lmtp_command *running;
	unsigned errors;	/* unknown or malformed commands in a row */
	bool stopping;		/* STOP or ORPHAN: 5 s for what is in hand */
	bool retiring;		/* end before the next command */
	const char *closing;	/* why the session ends; NULL: it goes on */
};

/* One connection, from its greeting to its close. Takes over the client's
   descriptors. */
void lmtp_session_run(struct lmtp_env *env,
		      const struct service_client *client);

/* "220 HOST GREETING". */
void lmtp_session_greet(struct lmtp_session *s);

/* May the peer tell for whom he speaks? (login_trusted_networks) */
bool lmtp_peer_trusted(const struct lmtp_session *s);

/* May he tell where the next mail is from? (also a unix socket's peer) */
bool lmtp_peer_may_forward(const struct lmtp_session *s);

/* Speak TLS from now on. False: the session is over. */
bool lmtp_session_start_tls(struct lmtp_session *s);

/* " PLAIN LOGIN": what AUTH may be used with at present; "" is nothing. */
void lmtp_auth_offered(const struct lmtp_session *s, struct str *out);

/* Queue a reply. Recipients that wait for auth are answered first, so that
   replies stay in order. */
void lmtp_reply(struct lmtp_session *s, unsigned code, const char *enhanced,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* 421, and the end of the session. `words` are said and logged. */
void lmtp_session_close(struct lmtp_session *s, const char *enhanced,
			const char *words);

/* The end without a reply: nobody listens any more. */
void lmtp_session_lost(struct lmtp_session *s, enum stream_status status);

/* Was the process asked to end? Then true, after the 421 where no message is
   in hand. */
bool lmtp_session_called(struct lmtp_session *s);

/* New state, for `loftctl who`, the title and the disconnect line. user may
   be NULL. */
void lmtp_session_state(struct lmtp_session *s, enum lmtp_state state,
			const char *user);

void lmtp_trans_begin(struct lmtp_session *s);
void lmtp_trans_end(struct lmtp_session *s);

/* Read the answers about pending recipients and reply to each RCPT. */
void lmtp_rcpts_settle(struct lmtp_session *s);
void lmtp_rcpt_free(struct lmtp_rcpt **rcptp);

#endif
