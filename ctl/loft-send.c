/*
 * loft-send: hands a message from standard input to an LMTP or SMTP server,
 * for scripts and for MTAs that can't do so themselves. One line per
 * recipient says what became of him; the exit status is sysexits'. When in
 * doubt it is 75, so that the caller keeps the message.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "core/err.h"
#include "core/hostname.h"
#include "core/num.h"
#include "core/pool.h"
#include "core/str.h"
#include "ctl/relay.h"
#include "io/sock.h"
#include "io/spool.h"
#include "io/stream.h"
#include "io/tls.h"
#include "smtp/client.h"
#include "smtp/dots.h"
#include "smtp/utf8.h"

enum { CHUNK = 65536, COMMAND_END_MS = 5000 };

struct recipient {
	const char *address;
	unsigned code;		/* 0: nothing is known about him yet */
	bool final;		/* told behind the message: it stays so */
	char *words;		/* the reply, heap */
};

static struct {
	const char *socket, *host, *port, *command;
	const char *sender, *helo;
	unsigned timeout;	/* seconds, for each wait */
	bool smtp, verbose, quiet;
	bool bdat, ignore_quota, relay, qmail;
	unsigned batch_max;	/* recipients of a transaction; 0: any */
	bool tls, starttls, verify;
	const char *ca_file;
	struct recipient *rcpts;
	unsigned rcpt_count;
} opt = {
	.sender = "",
	.timeout = 300,
};

/* The recipients of the transaction that goes on. */
static struct {
	struct recipient *rcpts;
	unsigned count;
} batch;

static struct spool *message;
static bool message_8bit;
static struct smtp_client client;
static struct tls_context *tls_context;
static pid_t command_pid;

static void
show_line(char direction, const char *line, size_t len)
{
	(void)fprintf(stderr, "%c %.*s\n", direction, (int)len, line);
}

static int
read_message(struct err *err)
{
	const char *tmpdir = getenv("TMPDIR");
	char *buf = mem_alloc(CHUNK);
	ssize_t n = 0;
	int result = 0;

	message = spool_new(tmpdir != NULL && *tmpdir == '/' ? tmpdir : "/tmp");
	while (result == 0 && (n = read(STDIN_FILENO, buf, CHUNK)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			result = err_sys(err, "read(standard input)");
			break;
		}
		for (ssize_t i = 0; i < n && !message_8bit; i++)
			message_8bit = (buf[i] & 0x80) != 0;
		result = spool_write(message, buf, (size_t)n, err);
	}
	free(buf);
	return result == 0 ? spool_finish(message, err) : -1;
}

static int
start_tls(int fd, struct err *err)
{
	deadline_t deadline = deadline_in((int64_t)opt.timeout * 1000);
	enum stream_status status;
	struct tls *tls;
	char text[160];

	tls_context = tls_context_client(opt.ca_file, opt.verify, err);
	if (tls_context == NULL)
		return -1;
	tls = tls_connect(client.stream, fd, fd, tls_context, opt.host, err);
	if (tls == NULL)
		return -1;
	do {
		status = stream_handshake(client.stream, deadline);
	} while (status == STREAM_WAKE);
	if (status != STREAM_OK)
		return err_set(err, ERR_TEMP, "TLS handshaking failed: %s",
			       status == STREAM_TIMEOUT ? "Timed out" :
			       errno == EPROTO ? tls_error(tls) :
			       strerror(errno));
	tls_describe(tls, text, sizeof(text));
	if (opt.verbose)
		(void)fprintf(stderr, "= %s%s\n", text,
			      tls_peer_cert(tls) == TLS_PEER_VALID ?
			      ", certificate verified" : "");
	return 0;
}

/* Everything in front of MAIL. */
static int
greet(int fd, struct err *err)
{
	if (opt.tls && start_tls(fd, err) < 0)
		return -1;
	if (smtp_client_hello(&client, opt.helo, err) < 0)
		return -1;
	if (!opt.starttls)
		return 0;
	if (smtp_client_starttls(&client, err) < 0 || start_tls(fd, err) < 0)
		return -1;
	return smtp_client_lhlo(&client, opt.helo, err);
}

static int
open_client(struct err *err)
{
	deadline_t deadline = deadline_in((int64_t)opt.timeout * 1000);
	int fd;

	if (opt.command != NULL)
		fd = sock_connect_command(opt.command, &command_pid, err);
	else if (opt.host != NULL)
		fd = sock_connect_inet(opt.host, opt.port, deadline, err);
	else
		fd = sock_connect_unix(opt.socket, err);
	if (fd < 0)
		return -1;
	smtp_client_init(&client, stream_new(fd, fd), !opt.smtp,
			 (int64_t)opt.timeout * 1000);
	if (opt.verbose)
		client.trace = show_line;
	return greet(fd, err);
}

static void
set_result(struct recipient *rcpt, unsigned code, const char *words)
{
	free(rcpt->words);
	rcpt->code = code;
	rcpt->words = mem_strdup(words);
}

/* Those about whom nothing is known yet, or whose RCPT was accepted. */
static void
set_results_of(struct recipient *rcpts, unsigned count, unsigned code,
	       const char *words)
{
	for (unsigned i = 0; i < count; i++) {
		struct recipient *rcpt = &rcpts[i];

		if (rcpt->code == 0 ||
		    (rcpt->code / 100 == 2 && !rcpt->final))
			set_result(rcpt, code, words);
	}
}

static void
set_results(unsigned code, const char *words)
{
	set_results_of(batch.rcpts, batch.count, code, words);
}

static bool
needs_utf8(void)
{
	for (unsigned i = 0; i < opt.rcpt_count; i++) {
		if (smtp_has_8bit(opt.rcpts[i].address))
			return true;
	}
	return smtp_has_8bit(opt.sender);
}

static int
send_mail(struct err *err)
{
	struct str params = STR_INIT;
	int result;

	if ((client.exts & SMTP_EXT_SIZE) != 0)
		str_printf(&params, " SIZE=%llu", (unsigned long long)
			   (spool_size(message) + spool_lines(message)));
	if (message_8bit && (client.exts & SMTP_EXT_8BITMIME) != 0)
		str_append(&params, " BODY=8BITMIME");
	if (needs_utf8())
		str_append(&params, " SMTPUTF8");
	result = smtp_client_send(&client, err, "MAIL FROM:<%s>%s", opt.sender,
				  str_c(&params));
	str_free(&params);
	return result;
}

/* The reply to MAIL; 0 when it was refused, for everyone then. */
static int
read_mail_reply(struct err *err)
{
	if (smtp_client_read(&client, err) < 0)
		return -1;
	if (client.reply.code / 100 == 2)
		return 1;
	set_results(client.reply.code, smtp_client_reply_line(&client));
	return 0;
}

static int
read_rcpt_reply(struct recipient *rcpt, struct err *err)
{
	if (smtp_client_read(&client, err) < 0)
		return -1;
	/* Keep what MAIL's refusal said, it tells more. */
	if (rcpt->code == 0 || rcpt->code / 100 == 2)
		set_result(rcpt, client.reply.code,
			   smtp_client_reply_line(&client));
	return 0;
}

static unsigned
accepted_count(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < batch.count; i++)
		count += batch.rcpts[i].code / 100 == 2;
	return count;
}

static bool
uses_bdat(void)
{
	return opt.bdat && (client.exts & SMTP_EXT_CHUNKING) != 0;
}

static int
send_rcpt(const struct recipient *rcpt, struct err *err)
{
	bool ignore = opt.ignore_quota &&
		(client.exts & SMTP_EXT_IGNOREQUOTA) != 0;

	return smtp_client_send(&client, err, "RCPT TO:<%s>%s", rcpt->address,
				ignore ? " IGNOREQUOTA" : "");
}

/* MAIL, RCPTs and DATA ahead of all replies (RFC 2920). 1: the server wants
   the message, 0: it doesn't. */
static int
envelope_pipelined(struct err *err)
{
	if (send_mail(err) < 0)
		return -1;
	for (unsigned i = 0; i < batch.count; i++) {
		if (send_rcpt(&batch.rcpts[i], err) < 0)
			return -1;
	}
	if ((!uses_bdat() && smtp_client_send(&client, err, "DATA") < 0) ||
	    read_mail_reply(err) < 0)
		return -1;
	for (unsigned i = 0; i < batch.count; i++) {
		if (read_rcpt_reply(&batch.rcpts[i], err) < 0)
			return -1;
	}
	if (uses_bdat())
		return accepted_count() > 0;
	return smtp_client_read(&client, err) < 0 ? -1 : 1;
}

static int
envelope_in_turn(struct err *err)
{
	int result;

	if (send_mail(err) < 0)
		return -1;
	result = read_mail_reply(err);
	if (result <= 0)
		return result;
	for (unsigned i = 0; i < batch.count; i++) {
		if (send_rcpt(&batch.rcpts[i], err) < 0 ||
		    read_rcpt_reply(&batch.rcpts[i], err) < 0)
			return -1;
	}
	if (accepted_count() == 0)
		return 0;
	if (uses_bdat())
		return 1;
	if (smtp_client_send(&client, err, "DATA") < 0)
		return -1;
	return smtp_client_read(&client, err) < 0 ? -1 : 1;
}

static int
send_text(struct err *err)
{
	struct dots_stuffer stuffer = { false, false };
	struct str out = STR_INIT;
	char *buf = mem_alloc(CHUNK);
	uint64_t offset = 0;
	ssize_t n;
	int result = 0;

	while (result == 0 &&
	       (n = spool_read(message, offset, buf, CHUNK, err)) != 0) {
		if (n < 0) {
			result = -1;
			break;
		}
		offset += (uint64_t)n;
		str_reset(&out);
		dots_stuff(&stuffer, buf, (size_t)n, &out);
		result = smtp_client_write(&client, str_c(&out), out.len, err);
	}
	if (result == 0) {
		str_reset(&out);
		dots_stuff_end(&stuffer, &out);
		result = smtp_client_write(&client, str_c(&out), out.len, err);
		if (opt.verbose)
			show_line('>', "(message)", 9);
	}
	str_free(&out);
	free(buf);
	return result;
}

/* LF becomes CRLF; the state is kept between calls. */
struct line_ends {
	bool last_cr;
};

static void
make_lines(struct line_ends *ends, const char *data, size_t len,
	   struct str *out)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n' && !ends->last_cr)
			str_append_c(out, '\r');
		ends->last_cr = data[i] == '\r';
		str_append_c(out, data[i]);
	}
}

/* The message as one chunk: as it is, but for the line ends. */
static int
send_chunk(struct err *err)
{
	struct line_ends ends = { false };
	struct str out = STR_INIT;
	char *buf = mem_alloc(CHUNK);
	uint64_t offset = 0;
	ssize_t n = 0;
	int result;

	result = smtp_client_send(&client, err, "BDAT %llu LAST",
		(unsigned long long)(spool_size(message) +
				     spool_lines(message)));
	while (result == 0 &&
	       (n = spool_read(message, offset, buf, CHUNK, err)) > 0) {
		offset += (uint64_t)n;
		str_reset(&out);
		make_lines(&ends, buf, (size_t)n, &out);
		result = smtp_client_write(&client, str_c(&out), out.len, err);
	}
	if (opt.verbose && result == 0 && n == 0)
		show_line('>', "(message)", 9);
	str_free(&out);
	free(buf);
	return n < 0 ? -1 : result;
}

/* One reply per accepted recipient in LMTP, one for all in SMTP. */
static int
read_results(struct err *err)
{
	for (unsigned i = 0; i < batch.count; i++) {
		struct recipient *rcpt = &batch.rcpts[i];

		if (rcpt->code / 100 != 2)
			continue;
		if (smtp_client_read(&client, err) < 0)
			return -1;
		if (opt.smtp) {
			set_results(client.reply.code,
				    smtp_client_reply_line(&client));
			return 0;
		}
		set_result(rcpt, client.reply.code,
			   smtp_client_reply_line(&client));
		rcpt->final = true;
	}
	return 0;
}

/* 354 although nobody was accepted: an empty text, and no results. */
static int
send_nothing(struct err *err)
{
	if (smtp_client_write(&client, ".\r\n", 3, err) < 0)
		return -1;
	return opt.smtp ? smtp_client_read(&client, err) : 0;
}

static int
transact(struct err *err)
{
	int wanted;

	if (needs_utf8() && (client.exts & SMTP_EXT_SMTPUTF8) == 0) {
		set_results(550, "550 5.6.7 The server doesn't offer SMTPUTF8");
		return 0;
	}
	wanted = (client.exts & SMTP_EXT_PIPELINING) != 0 ?
		envelope_pipelined(err) : envelope_in_turn(err);
	if (wanted <= 0)
		return wanted;
	if (uses_bdat())
		return send_chunk(err) < 0 ? -1 : read_results(err);
	if (client.reply.code != 354) {
		set_results(client.reply.code / 100 == 5 ? 500 : 400,
			    smtp_client_reply_line(&client));
		return 0;
	}
	if (accepted_count() == 0)
		return send_nothing(err);
	return send_text(err) < 0 ? -1 : read_results(err);
}

/* One transaction after the other, over one connection. */
static int
transact_all(struct err *err)
{
	unsigned max = opt.batch_max > 0 ? opt.batch_max : opt.rcpt_count;

	for (unsigned first = 0; first < opt.rcpt_count; first += max) {
		unsigned left = opt.rcpt_count - first;

		batch.rcpts = opt.rcpts + first;
		batch.count = left < max ? left : max;
		if (transact(err) < 0)
			return -1;
		/* A transaction that came to nothing is still open. */
		if (left > max &&
		    (smtp_client_send(&client, err, "RSET") < 0 ||
		     smtp_client_read(&client, err) < 0))
			return -1;
	}
	return 0;
}

static void
quit(void)
{
	struct err err;

	/* All that counts has been said. */
	if (smtp_client_send(&client, &err, "QUIT") == 0)
		(void)smtp_client_read(&client, &err);
}

/* The command has lost its peer; give it a moment, then end it. */
static void
end_command(void)
{
	deadline_t deadline = deadline_in(COMMAND_END_MS);
	struct timespec pause = { 0, 10 * 1000000 };

	if (command_pid == 0)
		return;
	while (waitpid(command_pid, NULL, WNOHANG) == 0) {
		if (deadline_left(deadline) == 0) {
			(void)kill(command_pid, SIGKILL);
			(void)waitpid(command_pid, NULL, 0);
			return;
		}
		(void)nanosleep(&pause, NULL);
	}
}

/* For qmail-local: 100 bounces, 111 tries again. */
static int
qmail_status(int status)
{
	if (status == EX_OK)
		return 0;
	return status == EX_TEMPFAIL || status == EX_USAGE ? 111 : 100;
}

static int
report(void)
{
	int status = EX_OK;

	for (unsigned i = 0; i < opt.rcpt_count; i++) {
		const struct recipient *rcpt = &opt.rcpts[i];
		int his = EX_OK;

		if (!opt.quiet)
			(void)printf("%s: %s\n", rcpt->address, rcpt->words);
		if (rcpt->code / 100 == 5)
			his = strncmp(rcpt->words, "550 5.1.1", 9) == 0 ?
				EX_NOUSER : EX_UNAVAILABLE;
		else if (rcpt->code / 100 != 2)
			his = EX_TEMPFAIL;
		if (his == EX_TEMPFAIL || status == EX_OK)
			status = his;
		else if (his != EX_OK && his != status &&
			 status != EX_TEMPFAIL)
			status = EX_UNAVAILABLE;
	}
	if (fflush(stdout) != 0)
		status = EX_TEMPFAIL;
	return opt.qmail ? qmail_status(status) : status;
}

static void
usage(FILE *f)
{
	(void)fprintf(f,
"usage: loft-send [--socket PATH | --host HOST [--port PORT] |\n"
"                  --command COMMAND] [-f SENDER] [--smtp] [--helo NAME]\n"
"                 [--tls | --starttls] [--verify] [--ca-file FILE]\n"
"                 [--bdat] [--ignore-quota] [--batch-max N]\n"
"                 [--timeout SECONDS] [--quiet] [--verbose] RECIPIENT...\n"
"       loft-send --qmail [OPTION...]\n"
"       loft-send --relay [--socket PATH | --host HOST [--port PORT]]\n");
}

/* May it stand between < and >? */
static bool
address_ok(const char *address)
{
	for (const char *p = address; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f || *p == '<' ||
		    *p == '>')
			return false;
	}
	return smtp_utf8_valid(address);
}

static int
bad_usage(const char *what, const char *value)
{
	(void)fprintf(stderr, "loft-send: %s%s%s\n", what,
		      *value != '\0' ? ": " : "", value);
	usage(stderr);
	return EX_USAGE;
}

static int
check_options(void)
{
	int ways = (opt.socket != NULL) + (opt.host != NULL) +
		(opt.command != NULL);

	if (ways > 1)
		return bad_usage("only one of --socket, --host and --command "
				 "can be used", "");
	if (opt.port != NULL && opt.host == NULL)
		return bad_usage("--port needs --host", "");
	if (opt.tls && opt.starttls)
		return bad_usage("only one of --tls and --starttls can be "
				 "used", "");
	if (opt.verify && !opt.tls && !opt.starttls)
		return bad_usage("--verify and --ca-file need --tls or "
				 "--starttls", "");
	if (opt.relay && (opt.tls || opt.starttls || opt.command != NULL ||
			  opt.rcpt_count > 0))
		return bad_usage("--relay passes on what it gets: no "
				 "recipients, --command or TLS", "");
	if (opt.rcpt_count == 0 && !opt.relay)
		return bad_usage("no recipient", "");
	if (!address_ok(opt.sender))
		return bad_usage("not an address", opt.sender);
	for (unsigned i = 0; i < opt.rcpt_count; i++) {
		if (*opt.rcpts[i].address == '\0' ||
		    !address_ok(opt.rcpts[i].address))
			return bad_usage("not an address",
					 opt.rcpts[i].address);
	}
	if (ways == 0)
		opt.socket = RUNSTATEDIR "/loft/lmtp";
	if (opt.port == NULL)
		opt.port = opt.smtp ? "25" : "24";
	if (opt.helo == NULL)
		opt.helo = hostname_system();
	return EX_OK;
}

/* The sender may be written with brackets, and "<>" is the null one. */
static const char *
strip_brackets(char *address)
{
	size_t len = strlen(address);

	if (len < 2 || address[0] != '<' || address[len - 1] != '>')
		return address;
	address[len - 1] = '\0';
	return address + 1;
}

/* What qmail-local says about a mail (qmail-command(8)): a double bounce has
   the sender "#@[]". */
static void
take_qmail_envelope(void)
{
	char *sender = getenv("SENDER"), *recipient = getenv("RECIPIENT");

	if (*opt.sender == '\0' && sender != NULL &&
	    strcmp(sender, "#@[]") != 0)
		opt.sender = strip_brackets(sender);
	if (opt.rcpt_count == 0 && recipient != NULL && *recipient != '\0') {
		opt.rcpts[0].address = recipient;
		opt.rcpt_count = 1;
	}
}

/* EX_OK, or the status to end with; -1: all was said, end well. */
static int
parse_options(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "host", required_argument, NULL, 'h' },
		{ "port", required_argument, NULL, 'p' },
		{ "command", required_argument, NULL, 'c' },
		{ "sender", required_argument, NULL, 'f' },
		{ "helo", required_argument, NULL, 'H' },
		{ "timeout", required_argument, NULL, 't' },
		{ "smtp", no_argument, NULL, 'S' },
		{ "lmtp", no_argument, NULL, 'L' },
		{ "tls", no_argument, NULL, 'T' },
		{ "starttls", no_argument, NULL, 'X' },
		{ "verify", no_argument, NULL, 'y' },
		{ "ca-file", required_argument, NULL, 'C' },
		{ "bdat", no_argument, NULL, 'B' },
		{ "ignore-quota", no_argument, NULL, 'I' },
		{ "batch-max", required_argument, NULL, 'b' },
		{ "relay", no_argument, NULL, 'R' },
		{ "qmail", no_argument, NULL, 'Q' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'u' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "s:h:p:c:f:qv", longs,
				NULL)) != -1) {
		switch (c) {
		case 's': opt.socket = optarg; break;
		case 'h': opt.host = optarg; break;
		case 'p': opt.port = optarg; break;
		case 'c': opt.command = optarg; break;
		case 'f': opt.sender = strip_brackets(optarg); break;
		case 'H': opt.helo = optarg; break;
		case 'S': opt.smtp = true; break;
		case 'L': opt.smtp = false; break;
		case 'T': opt.tls = true; break;
		case 'X': opt.starttls = true; break;
		case 'C': opt.ca_file = optarg; opt.verify = true; break;
		case 'y': opt.verify = true; break;
		case 'q': opt.quiet = true; break;
		case 'v': opt.verbose = true; break;
		case 't':
			if (!num_u32(optarg, &opt.timeout) || opt.timeout == 0)
				return bad_usage("not a time in seconds",
						 optarg);
			break;
		case 'B': opt.bdat = true; break;
		case 'I': opt.ignore_quota = true; break;
		case 'R': opt.relay = true; break;
		case 'Q': opt.qmail = true; break;
		case 'b':
			if (!num_u32(optarg, &opt.batch_max))
				return bad_usage("not a number", optarg);
			break;
		case 'u': usage(stdout); return -1;
		case 'V': (void)puts("loft-send " PACKAGE_VERSION); return -1;
		default: usage(stderr); return EX_USAGE;
		}
	}
	opt.rcpt_count = (unsigned)(argc - optind);
	opt.rcpts = mem_alloc((opt.rcpt_count + 1) * sizeof(*opt.rcpts));
	for (unsigned i = 0; i < opt.rcpt_count; i++)
		opt.rcpts[i].address = strip_brackets(argv[optind + (int)i]);
	if (opt.qmail)
		take_qmail_envelope();
	return check_options();
}

static int
run(void)
{
	struct err err;
	char words[sizeof(err.text) + 16];

	if (read_message(&err) < 0) {
		(void)fprintf(stderr, "loft-send: %s\n", err.text);
		return EX_TEMPFAIL;
	}
	if (open_client(&err) < 0 || transact_all(&err) < 0) {
		/* What had no answer may have been done, or not: try again. */
		(void)snprintf(words, sizeof(words), "%s%s",
			       err.kind == ERR_PERM ? "" : "451 4.4.2 ",
			       err.text);
		set_results_of(opt.rcpts, opt.rcpt_count,
			       err.kind == ERR_PERM ? 554 : 451, words);
	} else {
		quit();
	}
	if (client.stream != NULL)
		smtp_client_deinit(&client);
	tls_context_free(&tls_context);
	end_command();
	return report();
}

/* The caller's client learns in the server's place why there is none. */
static int
relay(void)
{
	int64_t timeout = (int64_t)opt.timeout * 1000;
	struct err err;
	int fd, result;

	fd = opt.host != NULL ?
		sock_connect_inet(opt.host, opt.port, deadline_in(timeout),
				  &err) :
		sock_connect_unix(opt.socket, &err);
	if (fd < 0) {
		(void)printf("421 4.4.1 %s\r\n", err.text);
		(void)fflush(stdout);
		(void)fprintf(stderr, "loft-send: %s\n", err.text);
		return EX_TEMPFAIL;
	}
	result = relay_run(fd, timeout, &err);
	(void)close(fd);
	if (result < 0)
		(void)fprintf(stderr, "loft-send: %s\n", err.text);
	return result < 0 ? EX_TEMPFAIL : EX_OK;
}

int
main(int argc, char *argv[])
{
	int status = parse_options(argc, argv);

	if (status != EX_OK)
		return status < 0 ? EX_OK :
			opt.qmail ? qmail_status(status) : status;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	status = opt.relay ? relay() : run();
	for (unsigned i = 0; i < opt.rcpt_count; i++)
		free(opt.rcpts[i].words);
	free(opt.rcpts);
	spool_free(&message);
	return status;
}
