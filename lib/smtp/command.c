/*
 * Command lines; see command.h.
 */
#include "smtp/command.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "smtp/utf8.h"

static bool
args_valid(const char *args, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)args[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return smtp_utf8_valid(args);
}

void
smtp_command_parse(char *line, size_t len, struct smtp_command *cmd_r)
{
	size_t verb_len = 0;

	memset(cmd_r, 0, sizeof(*cmd_r));
	cmd_r->args = line + len;
	while (verb_len < len && isalpha((unsigned char)line[verb_len]))
		verb_len++;
	if (verb_len >= SMTP_VERB_MAX ||
	    (verb_len < len && line[verb_len] != ' ')) {
		cmd_r->fault = SMTP_COMMAND_SYNTAX;
		return;
	}
	while (len > verb_len && (line[len - 1] == ' ' ||
				  line[len - 1] == '\t'))
		len--;
	line[len] = '\0';
	/* Behind the blank comes an argument, or nothing. */
	if (len > verb_len &&
	    (line[verb_len + 1] == ' ' ||
	     !args_valid(line + verb_len + 1, len - verb_len - 1))) {
		cmd_r->fault = SMTP_COMMAND_SYNTAX;
		return;
	}
	if (len > verb_len)
		cmd_r->args = line + verb_len + 1;
	for (size_t i = 0; i < verb_len; i++)
		cmd_r->verb[i] = (char)toupper((unsigned char)line[i]);
}

enum stream_status
smtp_command_read(struct stream *stream, deadline_t deadline,
		  struct smtp_command *cmd)
{
	enum stream_status status;
	char *line;
	size_t len;

	if (!cmd->skipping) {
		status = stream_read_line(stream, SMTP_LINE_MAX, deadline,
					  &line, &len);
		if (status == STREAM_OK)
			smtp_command_parse(line, len, cmd);
		if (status != STREAM_TOOLONG)
			return status;
		cmd->skipping = true;
	}
	status = stream_skip_line(stream, deadline);
	if (status == STREAM_OK) {
		memset(cmd, 0, sizeof(*cmd));
		cmd->fault = SMTP_COMMAND_TOOLONG;
	}
	return status;
}

bool
smtp_command_follows(const struct stream *stream, const char *verb)
{
	size_t len, verb_len = strlen(verb);
	const char *data = stream_data(stream, &len);

	return len > verb_len && data[verb_len] == ' ' &&
		strncasecmp(data, verb, verb_len) == 0 &&
		stream_has_line(stream);
}
