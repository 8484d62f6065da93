/*
 * A command line: verb and arguments. What a line may hold at all is decided
 * here, before anyone looks at what it means.
 */
#ifndef LOFT_SMTP_COMMAND_H
#define LOFT_SMTP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "core/clock.h"
#include "io/stream.h"

enum {
	SMTP_LINE_MAX = 4096,	/* octets, without the line end */
	SMTP_VERB_MAX = 32,
};

enum smtp_command_fault {
	SMTP_COMMAND_OK = 0,
	SMTP_COMMAND_SYNTAX,	/* "Invalid command syntax" */
	SMTP_COMMAND_TOOLONG,	/* "Line too long"; it has been read over */
};

struct smtp_command {
	char verb[SMTP_VERB_MAX];	/* in upper case; "" is possible */
	char *args;			/* "" when there are none */
	enum smtp_command_fault fault;	/* the others are empty then */
	bool skipping;			/* inside a line that is too long */
};

/* Take a line apart, in place. UTF-8 may stand in the arguments, control
   characters (but for tabs) may not; blanks at the end are cut off. */
void smtp_command_parse(char *line, size_t len, struct smtp_command *cmd_r);

/* The next command; cmd->args is valid until the next read. cmd begins as
   zeroes and is kept from call to call: after STREAM_WAKE just call again. */
enum stream_status smtp_command_read(struct stream *stream,
				     deadline_t deadline,
				     struct smtp_command *cmd);

/* Does a whole line wait in the buffer that begins with this verb? */
bool smtp_command_follows(const struct stream *stream, const char *verb);

#endif
