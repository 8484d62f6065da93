/*
 * The commands of LMTP: what may stand where is said in the table of
 * commands.c, what they do in cmd-*.c.
 */
#ifndef LOFT_LMTP_COMMANDS_H
#define LOFT_LMTP_COMMANDS_H

struct lmtp_session;

enum lmtp_command_flags {
	LMTP_CMD_NO_ARGS = 1,	/* arguments are an error */
	LMTP_CMD_ARGS = 2,	/* their lack is one */
	LMTP_CMD_LHLO = 4,	/* only behind LHLO */
	LMTP_CMD_TRANS = 8,	/* only in a transaction */
	LMTP_CMD_NO_TRANS = 16,	/* never in one */
	LMTP_CMD_GROUP = 32,	/* may be answered together with others of
				   its kind; all others wait for them */
};

struct lmtp_command {
	const char *name;
	void (*run)(struct lmtp_session *s, char *args);
	unsigned flags;
};

/* NULL: unknown. */
const struct lmtp_command *lmtp_command_find(const char *verb);

/* Check the flags against the session, answering what is wrong, then run. */
void lmtp_command_run(struct lmtp_session *s, const struct lmtp_command *cmd,
		      char *args);

void lmtp_cmd_bdat(struct lmtp_session *s, char *args);
void lmtp_cmd_data(struct lmtp_session *s, char *args);
void lmtp_cmd_help(struct lmtp_session *s, char *args);
void lmtp_cmd_lhlo(struct lmtp_session *s, char *args);
void lmtp_cmd_mail(struct lmtp_session *s, char *args);
void lmtp_cmd_noop(struct lmtp_session *s, char *args);
void lmtp_cmd_quit(struct lmtp_session *s, char *args);
void lmtp_cmd_rcpt(struct lmtp_session *s, char *args);
void lmtp_cmd_rset(struct lmtp_session *s, char *args);
void lmtp_cmd_starttls(struct lmtp_session *s, char *args);
void lmtp_cmd_vrfy(struct lmtp_session *s, char *args);
void lmtp_cmd_xclient(struct lmtp_session *s, char *args);
void lmtp_cmd_xforward(struct lmtp_session *s, char *args);
void lmtp_cmd_auth(struct lmtp_session *s, char *args);

#endif
