/*
 * The command table; see commands.h. Rules that hold for a command whatever
 * it says stand in its row.
 */
#include "lmtp/commands.h"

#include <string.h>

#include "lmtp/session.h"

static const struct lmtp_command commands[] = {
	{ "AUTH", lmtp_cmd_auth, 0 },
	{ "BDAT", lmtp_cmd_bdat, 0 },
	{ "DATA", lmtp_cmd_data, LMTP_CMD_NO_ARGS | LMTP_CMD_TRANS },
	{ "HELP", lmtp_cmd_help, 0 },
	{ "LHLO", lmtp_cmd_lhlo, 0 },
	{ "MAIL", lmtp_cmd_mail,
	  LMTP_CMD_ARGS | LMTP_CMD_LHLO | LMTP_CMD_NO_TRANS },
	{ "NOOP", lmtp_cmd_noop, 0 },
	{ "QUIT", lmtp_cmd_quit, LMTP_CMD_NO_ARGS },
	{ "RCPT", lmtp_cmd_rcpt,
	  LMTP_CMD_ARGS | LMTP_CMD_TRANS | LMTP_CMD_GROUP },
	{ "RSET", lmtp_cmd_rset, LMTP_CMD_NO_ARGS },
	{ "STARTTLS", lmtp_cmd_starttls, LMTP_CMD_NO_ARGS },
	{ "VRFY", lmtp_cmd_vrfy, LMTP_CMD_ARGS },
	{ "XCLIENT", lmtp_cmd_xclient, 0 },
	{ "XFORWARD", lmtp_cmd_xforward, LMTP_CMD_ARGS },
};

const struct lmtp_command *
lmtp_command_find(const char *verb)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(commands[i].name, verb) == 0)
			return &commands[i];
	}
	return NULL;
}

void
lmtp_command_run(struct lmtp_session *s, const struct lmtp_command *cmd,
		 char *args)
{
	if ((cmd->flags & LMTP_CMD_GROUP) == 0)
		lmtp_rcpts_settle(s);
	if ((cmd->flags & LMTP_CMD_NO_ARGS) != 0 && *args != '\0')
		lmtp_reply(s, 501, "5.5.4", "Invalid parameters");
	else if ((cmd->flags & LMTP_CMD_TRANS) != 0 && s->trans == NULL)
		lmtp_reply(s, 503, "5.5.0", "MAIL needed first");
	else if ((cmd->flags & LMTP_CMD_NO_TRANS) != 0 && s->trans != NULL)
		lmtp_reply(s, 503, "5.5.0", "%s already given", cmd->name);
	else if ((cmd->flags & LMTP_CMD_ARGS) != 0 && *args == '\0')
		lmtp_reply(s, 501, "5.5.4", "Invalid parameters");
	else if ((cmd->flags & LMTP_CMD_LHLO) != 0 && s->helo == NULL)
		lmtp_reply(s, 503, "5.5.1", "LHLO needed first");
	else
		cmd->run(s, args);
}
