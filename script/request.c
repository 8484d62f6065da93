/*
 * Requests; see request.h.
 */
#include "script/request.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "core/err.h"
#include "core/num.h"
#include "core/pool.h"
#include "core/str.h"
#include "script/wait.h"
#include "user/wire.h"

#define VERSION_WORDS "VERSION\tscript\t4\t"

enum { PEEK = 4096 };

/* --- reading ------------------------------------------------------------ */

/* How much of what was peeked at is ours: up to and with the empty line. */
static size_t
own_part(const struct str *text, const char *data, size_t len, bool *end_r)
{
	char before = text->len > 0 ? text->data[text->len - 1] : '\0';

	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n' && before == '\n') {
			*end_r = true;
			return i + 1;
		}
		before = data[i];
	}
	*end_r = false;
	return len;
}

static int
wait_for_more(int fd, deadline_t deadline, struct err *err)
{
	switch (wait_fd(fd, POLLIN, deadline, true)) {
	case WAIT_READY:
		return 0;
	case WAIT_TIMEOUT:
		return err_set(err, ERR_PROTO, "client is too slow with its "
			       "request");
	case WAIT_STOP:
		return err_set(err, ERR_TEMP, "told to stop before the "
			       "request was read");
	case WAIT_ERROR:
		break;
	}
	return err_sys(err, "ppoll()");
}

/* A peek first, for what follows belongs to the program. 1: it is whole. */
static int
read_more(int fd, struct str *text, struct err *err)
{
	char data[PEEK];
	ssize_t n = recv(fd, data, sizeof(data), MSG_PEEK | MSG_DONTWAIT);
	size_t own;
	bool end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return err_sys(err, "recv()");
	if (n == 0)
		return err_set(err, ERR_PROTO, "client disconnected in its "
			       "request");
	own = own_part(text, data, (size_t)n, &end);
	if (text->len + own > REQUEST_MAX)
		return err_set(err, ERR_PROTO, "request is longer than %d "
			       "octets", REQUEST_MAX);
	/* What was peeked at is there. */
	if (recv(fd, data, own, MSG_DONTWAIT) != (ssize_t)own)
		return err_sys(err, "recv()");
	str_append_n(text, data, own);
	return end;
}

int
request_read(int fd, deadline_t deadline, struct str *text, struct err *err)
{
	int result = 0;

	while (result == 0) {
		if (wait_for_more(fd, deadline, err) < 0)
			return -1;
		result = read_more(fd, text, err);
	}
	return result > 0 ? 0 : -1;
}

/* --- parsing ------------------------------------------------------------ */

/* The lines without the empty one, NULL-terminated. */
static const char **
split_lines(const char *text, size_t len, struct pool *pool)
{
	char *rest = pool_memdup(pool, text, len), *line;
	size_t count = 0;
	const char **lines;

	for (size_t i = 0; i < len; i++)
		count += text[i] == '\n';
	if (count > REQUEST_LINES_MAX)
		return NULL;
	lines = pool_new_array(pool, const char *, count + 2);
	count = 0;
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0')
		lines[count++] = line;
	return lines;
}

static bool
is_accepted(const char *variable, const char *const *accepted)
{
	size_t len = strcspn(variable, "=");

	for (; *accepted != NULL; accepted++) {
		if (strlen(*accepted) == len &&
		    strncmp(*accepted, variable, len) == 0)
			return true;
	}
	return false;
}

static int
parse_variable(const char *word, const char *const *accepted,
	       struct pool *pool, char **env, unsigned *count,
	       struct err *err)
{
	size_t words;
	const char **split = wire_split(word, strlen(word), pool, &words);

	if (split == NULL || words != 1 || *split[0] == '=' ||
	    strchr(split[0], '=') == NULL)
		return err_set(err, ERR_PROTO, "invalid environment variable "
			       "in the request");
	if (is_accepted(split[0], accepted))
		env[(*count)++] = pool_strdup(pool, split[0]);
	return 0;
}

static size_t
count_lines(const char *const *lines)
{
	size_t count = 0;

	while (lines[count] != NULL)
		count++;
	return count;
}

/* Options in front of the arguments; the line after them. NULL: bad. */
static const char **
parse_options(const char **lines, const char *const *accepted,
	      struct pool *pool, struct request *req, struct err *err)
{
	unsigned count = 0;

	req->env = pool_new_array(pool, char *, count_lines(lines) + 1);
	if (*lines != NULL && str_begins(*lines, "alarm=")) {
		if (!num_u32(*lines + strlen("alarm="), &req->alarm)) {
			(void)err_set(err, ERR_PROTO, "invalid alarm in the "
				      "request");
			return NULL;
		}
		lines++;
	}
	for (; *lines != NULL && str_begins(*lines, "env_"); lines++) {
		if (parse_variable(*lines + strlen("env_"), accepted, pool,
				   req->env, &count, err) < 0)
			return NULL;
	}
	if (*lines == NULL)
		return lines;
	req->noreply = strcmp(*lines, "noreply") == 0;
	return lines + 1;
}

int
request_parse(const char *text, size_t len, const char *const *accepted,
	      struct pool *pool, struct request *req, struct err *err)
{
	struct request found = { 0 };
	const char **lines;

	if (len > REQUEST_MAX || memchr(text, '\0', len) != NULL)
		return err_set(err, ERR_PROTO, "request is no text");
	lines = split_lines(text, len, pool);
	if (lines == NULL)
		return err_set(err, ERR_PROTO, "request has too many lines");
	if (*lines == NULL || !str_begins(*lines, VERSION_WORDS))
		return err_set(err, ERR_PROTO, "client doesn't speak version "
			       "4 of the script protocol (wrong socket?)");
	found.args = parse_options(lines + 1, accepted, pool, &found, err);
	if (found.args == NULL)
		return -1;
	*req = found;
	return 0;
}
