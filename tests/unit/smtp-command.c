/* Command lines. */
#include "tests/unit/unit.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/str.h"
#include "smtp/command.h"

START_TEST(lines)
{
	static const struct {
		const char *line;
		size_t len;
		enum smtp_command_fault fault;
		const char *verb, *args;
	} cases[] = {
#define LINE(text, ...) { text, sizeof(text) - 1, __VA_ARGS__ }
		LINE("NOOP", 0, "NOOP", ""),
		LINE("noop  ", 0, "NOOP", ""),
		LINE("Mail FROM:<a@b>  ", 0, "MAIL", "FROM:<a@b>"),
		LINE("LHLO \xc3\xa9", 0, "LHLO", "\xc3\xa9"),
		LINE("RCPT TO:\t<a>", 0, "RCPT", "TO:\t<a>"),
		LINE("", 0, "", ""),
		LINE(" NOOP", 0, "", "NOOP"),
		LINE("VRFY  x", SMTP_COMMAND_SYNTAX, "", ""),
		LINE("NOOP \xff", SMTP_COMMAND_SYNTAX, "", ""),
		LINE("NO\0OP", SMTP_COMMAND_SYNTAX, "", ""),
		LINE("NOOP a\0b", SMTP_COMMAND_SYNTAX, "", ""),
		LINE("NOOP a\rb", SMTP_COMMAND_SYNTAX, "", ""),
		LINE("NOOP \x7f", SMTP_COMMAND_SYNTAX, "", ""),
		LINE("NO1P", SMTP_COMMAND_SYNTAX, "", ""),
		LINE("RCPT\tTO:<a>", SMTP_COMMAND_SYNTAX, "", ""),
		LINE("\x16\x03\x01", SMTP_COMMAND_SYNTAX, "", ""),
		LINE("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDE x", 0,
		     "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDE", "x"),
		LINE("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF x",
		     SMTP_COMMAND_SYNTAX, "", ""),
		LINE("  NOOP", SMTP_COMMAND_SYNTAX, "", ""),
#undef LINE
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct smtp_command cmd;
		char line[64];

		memcpy(line, cases[i].line, cases[i].len + 1);
		smtp_command_parse(line, cases[i].len, &cmd);
		ck_assert_uint_eq(cmd.fault, cases[i].fault);
		ck_assert_str_eq(cmd.verb, cases[i].verb);
		ck_assert_str_eq(cmd.args, cases[i].args);
	}
}
END_TEST

static void
send_all(int fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

START_TEST(long_lines_are_read_over)
{
	struct smtp_command cmd = { .skipping = false };
	struct stream *s;
	static char octets[100000];
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	s = stream_new(fds[0], fds[0]);
	memset(octets, 'x', sizeof(octets));
	ck_assert_int_eq(write(fds[1], octets, sizeof(octets)),
			 sizeof(octets));
	send_all(fds[1], "\nRCPT TO:<a>\r\nrcpt TO:<b>\r\nDATA");
	ck_assert_int_eq(smtp_command_read(s, deadline_in(1000), &cmd),
			 STREAM_OK);
	ck_assert_int_eq(cmd.fault, SMTP_COMMAND_TOOLONG);
	ck_assert_int_eq(smtp_command_read(s, deadline_in(1000), &cmd),
			 STREAM_OK);
	ck_assert_str_eq(cmd.verb, "RCPT");
	ck_assert_str_eq(cmd.args, "TO:<a>");
	ck_assert(smtp_command_follows(s, "RCPT"));
	ck_assert(!smtp_command_follows(s, "RCP"));
	ck_assert_int_eq(smtp_command_read(s, deadline_in(1000), &cmd),
			 STREAM_OK);
	ck_assert_str_eq(cmd.args, "TO:<b>");
	ck_assert(!smtp_command_follows(s, "DATA"));
	ck_assert_int_eq(smtp_command_read(s, deadline_in(20), &cmd),
			 STREAM_TIMEOUT);
	stream_free(&s);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

UNIT_MAIN("smtp-command", lines, long_lines_are_read_over);
