/*
 * Mail by SMTP without TLS; see submit-smtp.h.
 */
#include "deliver/submit-smtp.h"

#include <string.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/str.h"
#include "deliver/submit.h"
#include "io/sock.h"
#include "io/stream.h"
#include "smtp/client.h"
#include "smtp/dots.h"
#include "smtp/utf8.h"

static bool
has_8bit(const struct str *text)
{
	return smtp_has_8bit(str_c(text));
}

/* A command whose reply must have this first digit. What is refused for good
   is our own trouble, unless it concerns the recipient or the mail. */
static int
expect(struct smtp_client *c, const char *command, unsigned digit,
       struct err *err)
{
	bool final = strcmp(command, "RCPT TO") == 0 ||
		strcmp(command, "DATA") == 0;

	if (smtp_client_read(c, err) < 0)
		return -1;
	if (c->reply.code / 100 == digit)
		return 0;
	return err_set(err, final && c->reply.code / 100 == 5 ? ERR_PERM :
		       ERR_TEMP, "%s failed: %s", command,
		       smtp_client_reply_line(c));
}

static int
send_envelope(struct smtp_client *c, const struct submission *mail,
	      struct err *err)
{
	bool utf8 = smtp_has_8bit(mail->sender) ||
		smtp_has_8bit(mail->recipient);

	if (smtp_client_send(c, err, "MAIL FROM:<%s>%s%s", mail->sender,
			     has_8bit(mail->message) &&
			     (c->exts & SMTP_EXT_8BITMIME) != 0 ?
			     " BODY=8BITMIME" : "",
			     utf8 ? " SMTPUTF8" : "") < 0 ||
	    expect(c, "MAIL FROM", 2, err) < 0)
		return -1;
	if (smtp_client_send(c, err, "RCPT TO:<%s>", mail->recipient) < 0 ||
	    expect(c, "RCPT TO", 2, err) < 0)
		return -1;
	return smtp_client_send(c, err, "DATA") < 0 ? -1 :
		expect(c, "DATA", 3, err);
}

static int
send_text(struct smtp_client *c, const struct submission *mail,
	  struct err *err)
{
	struct dots_stuffer stuffer = { false, false };
	struct str out = STR_INIT;
	int result;

	dots_stuff(&stuffer, str_c(mail->message), mail->message->len, &out);
	dots_stuff_end(&stuffer, &out);
	result = smtp_client_write(c, str_c(&out), out.len, err);
	str_free(&out);
	return result < 0 ? -1 : expect(c, "DATA", 2, err);
}

static int
talk(struct smtp_client *c, const struct submission *mail, struct err *err)
{
	struct err ignored;

	if (smtp_client_hello(c, mail->hostname, err) < 0 ||
	    send_envelope(c, mail, err) < 0 || send_text(c, mail, err) < 0)
		return -1;
	/* It has the mail; how we part doesn't matter. */
	if (smtp_client_send(c, &ignored, "QUIT") == 0)
		(void)smtp_client_read(c, &ignored);
	return 0;
}

int
submit_smtp(const char *host, const char *port, unsigned secs,
	    const struct submission *mail, struct err *err)
{
	int64_t timeout = (int64_t)secs * 1000;
	struct smtp_client client;
	int fd, result;

	fd = sock_connect_inet(host, port, deadline_in(timeout), err);
	if (fd < 0)
		return -1;
	smtp_client_init(&client, stream_new(fd, fd), false, timeout);
	result = talk(&client, mail, err);
	smtp_client_deinit(&client);
	return result;
}
