/*
 * Sending mail; see submit.h.
 */
#include "deliver/submit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "deliver/deliver-settings.h"
#include "io/sock.h"
#include "io/stream.h"
#include "service/child.h"
#include "service/priv.h"
#include "smtp/client.h"
#include "smtp/dots.h"
#include "smtp/utf8.h"

enum {
	ARGS_MAX = 16,		/* words in sendmail_path */
	WORDS_MAX = 200,	/* of what the program says */
	PAUSE_MAX_MS = 50,	/* between looks at it */
	EXIT_NO_EXEC = 127,
};

static bool
uses_host(const struct deliver_settings *set)
{
	return *set->submission_host != '\0';
}

bool
submit_possible(const struct deliver_settings *set)
{
	char path[4096];
	struct stat st;
	size_t len = strcspn(set->sendmail_path, " ");

	if (uses_host(set))
		return strcmp(set->submission_ssl, "no") == 0;
	if (len == 0 || len >= sizeof(path))
		return false;
	memcpy(path, set->sendmail_path, len);
	path[len] = '\0';
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
		(st.st_mode & 0111) != 0;
}

/* --- the program --- */

static int
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* A file of no name that the program reads: it can't be kept waiting. */
static int
open_message(const struct submission *mail, struct err *err)
{
	int fd = memfd_create("loft-mail", MFD_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "memfd_create(mail)");
	if (write_all(fd, str_c(mail->message), mail->message->len) == 0 &&
	    lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	(void)err_sys(err, "write(mail)");
	(void)close(fd);
	return -1;
}

/* In the child. Whom we rest as, for good. */
static bool
drop_ids(void)
{
	gid_t gid = getegid();
	const struct priv_ids ids = { geteuid(), gid, &gid, 1 };
	struct err err;

	if (!priv_is_root())
		return true;
	return ids.uid != 0 && priv_drop(&ids, &err) == 0;
}

static void __attribute__((noreturn))
run_program(char *const args[], int message, int words)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *const env[] = { path, NULL };

	if (!drop_ids() || child_clean(message, words, words) < 0 ||
	    chdir("/") != 0)
		_exit(EXIT_NO_EXEC);
	(void)execve(args[0], args, env);
	_exit(EXIT_NO_EXEC);
}

/* Wait for its end. False: it took too long and was killed. */
static bool
wait_for(pid_t pid, unsigned secs, int *status_r)
{
	deadline_t deadline = deadline_in((int64_t)secs * 1000);
	long pause_ms = 1;

	while (waitpid(pid, status_r, WNOHANG) == 0) {
		struct timespec ts = { 0, pause_ms * 1000000 };

		if (deadline_left(deadline) == 0) {
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, status_r, 0);
			return false;
		}
		(void)nanosleep(&ts, NULL);
		if (pause_ms * 2 <= PAUSE_MAX_MS)
			pause_ms *= 2;
	}
	return true;
}

/* The first line that the program said. */
static const char *
first_words(int fd, char buf[WORDS_MAX])
{
	ssize_t n = pread(fd, buf, WORDS_MAX - 1, 0);

	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\r\n")] = '\0';
	return buf;
}

static int
judge(const char *program, int status, int words, struct err *err)
{
	char buf[WORDS_MAX];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status))
		return err_set(err, ERR_TEMP, "%s died of signal %d", program,
			       WTERMSIG(status));
	return err_set(err, ERR_TEMP, "%s failed with status %d: %s", program,
		       WEXITSTATUS(status), first_words(words, buf));
}

static int
spawn(const struct deliver_settings *set, char *const args[], int message,
      int words, struct err *err)
{
	pid_t pid = fork();
	int status = 0;

	if (pid < 0)
		return err_sys(err, "fork()");
	if (pid == 0)
		run_program(args, message, words);
	if (!wait_for(pid, set->submission_timeout, &status))
		return err_set(err, ERR_TEMP, "%s took longer than %u s",
			       args[0], set->submission_timeout);
	return judge(args[0], status, words, err);
}

static int
send_by_program(const struct deliver_settings *set,
		const struct submission *mail, struct err *err)
{
	char *path = mem_strdup(set->sendmail_path), *rest = path;
	char *sender = mem_strdup(*mail->sender != '\0' ? mail->sender : "<>");
	char *recipient = mem_strdup(mail->recipient);
	char opt_i[] = "-i", opt_f[] = "-f", end[] = "--";
	char *args[ARGS_MAX + 6], *word;
	int count = 0, message, words, result = -1;

	while (count < ARGS_MAX && (word = strsep(&rest, " ")) != NULL) {
		if (*word != '\0')
			args[count++] = word;
	}
	args[count++] = opt_i;
	args[count++] = opt_f;
	args[count++] = sender;
	args[count++] = end;
	args[count++] = recipient;
	args[count] = NULL;
	message = open_message(mail, err);
	words = message < 0 ? -1 : memfd_create("loft-words", MFD_CLOEXEC);
	if (words >= 0)
		result = spawn(set, args, message, words, err);
	else if (message >= 0)
		(void)err_sys(err, "memfd_create(words)");
	if (words >= 0)
		(void)close(words);
	if (message >= 0)
		(void)close(message);
	free(recipient);
	free(sender);
	free(path);
	return result;
}

/* --- the host --- */

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

/* "host", "host:port", "[v6]:port". */
static void
split_host(char *text, const char **host_r, const char **port_r)
{
	char *colon = strrchr(text, ':');

	*port_r = "25";
	*host_r = text;
	if (*text == '[' && strchr(text, ']') != NULL) {
		char *end = strchr(text, ']');

		colon = end[1] == ':' ? end + 1 : NULL;
		*end = '\0';
		*host_r = text + 1;
	} else if (colon != NULL && strchr(text, ':') != colon) {
		colon = NULL;	/* a bare IPv6 address */
	}
	if (colon == NULL)
		return;
	*colon = '\0';
	*port_r = colon + 1;
}

static int
send_by_host(const struct deliver_settings *set,
	     const struct submission *mail, struct err *err)
{
	int64_t timeout = (int64_t)set->submission_timeout * 1000;
	char *text = mem_strdup(set->submission_host);
	const char *host, *port;
	struct smtp_client client;
	int fd, result;

	split_host(text, &host, &port);
	fd = sock_connect_inet(host, port, deadline_in(timeout), err);
	free(text);
	if (fd < 0)
		return -1;
	smtp_client_init(&client, stream_new(fd, fd), false, timeout);
	result = talk(&client, mail, err);
	smtp_client_deinit(&client);
	return result;
}

int
submit_mail(const struct deliver_settings *set, const struct submission *mail,
	    struct err *err)
{
	int result;

	if (!submit_possible(set))
		return err_set(err, ERR_CONFIG, "Neither submission_host nor "
			       "sendmail_path can be used");
	result = uses_host(set) ? send_by_host(set, mail, err) :
		send_by_program(set, mail, err);
	return result == 0 ? 0 : err_prefix(err, "sending mail to <%s>",
					    mail->recipient);
}
