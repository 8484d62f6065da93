/*
 * Logins asked of auth; see sasl.h.
 */
#include "user/sasl.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "io/stream.h"
#include "user/wire.h"

enum { GREETING_LINES_MAX = 100 };

struct sasl_client {
	struct stream *stream;
	deadline_t deadline;
};

static int
trouble(enum stream_status status, struct err *err)
{
	return err_set(err, ERR_TEMP, "auth: %s", status == STREAM_TIMEOUT ?
		       "no answer in time" : status == STREAM_TOOLONG ?
		       "line too long" : "connection closed");
}

static int
read_words(struct sasl_client *c, struct pool *pool, const char ***words_r,
	   size_t *count_r, struct err *err)
{
	enum stream_status status;
	char *line;
	size_t len;

	do {
		status = stream_read_line(c->stream, WIRE_ANSWER_MAX,
					  c->deadline, &line, &len);
	} while (status == STREAM_WAKE);
	if (status != STREAM_OK)
		return trouble(status, err);
	*words_r = wire_split(line, len, pool, count_r);
	if (*words_r == NULL || *count_r == 0)
		return err_set(err, ERR_TEMP, "auth: broken line");
	return 0;
}

static int
send_line(struct sasl_client *c, struct str *line, struct err *err)
{
	enum stream_status status;

	str_append_c(line, '\n');
	status = stream_write(c->stream, str_c(line), line->len, c->deadline);
	while (status == STREAM_OK || status == STREAM_WAKE) {
		status = stream_flush(c->stream, c->deadline);
		if (status == STREAM_OK)
			break;
	}
	explicit_bzero(line->data, line->len);	/* a password, perhaps */
	str_free(line);
	return status == STREAM_OK ? 0 : trouble(status, err);
}

/* The server's lines up to DONE. */
static int
read_greeting(struct sasl_client *c, struct err *err)
{
	struct pool *pool = pool_new();
	const char **words;
	size_t count;
	int result = 0;

	for (unsigned n = 0; result == 0; n++) {
		result = read_words(c, pool, &words, &count, err);
		if (result < 0 || strcmp(words[0], "DONE") == 0)
			break;
		if (n >= GREETING_LINES_MAX ||
		    (n == 0 && (strcmp(words[0], "VERSION") != 0 ||
				count < 2 || strcmp(words[1], "1") != 0)))
			result = err_set(err, ERR_TEMP, "auth: strange "
					 "greeting");
	}
	pool_free(&pool);
	return result;
}

struct sasl_client *
sasl_client_new(const char *path, userdb_connect_fn *connect,
		struct err *err)
{
	struct str line = STR_INIT;
	struct sasl_client *c;
	int fd = connect(path, err);

	if (fd < 0)
		return NULL;
	c = mem_alloc(sizeof(*c));
	c->stream = stream_new(fd, fd);
	c->deadline = deadline_in(SASL_TIMEOUT_MS);
	str_printf(&line, "VERSION\t1\t1\nCPID\t%ld", (long)getpid());
	if (send_line(c, &line, err) < 0 || read_greeting(c, err) < 0)
		sasl_client_free(&c);
	return c;
}

void
sasl_client_free(struct sasl_client **cp)
{
	if (*cp == NULL)
		return;
	stream_free(&(*cp)->stream);
	free(*cp);
	*cp = NULL;
}

static enum sasl_result
read_answer(struct sasl_client *c, struct pool *pool, const char **text_r,
	    struct err *err)
{
	const char **words;
	size_t count;

	if (read_words(c, pool, &words, &count, err) < 0)
		return SASL_TROUBLE;
	if (strcmp(words[0], "CONT") == 0) {
		*text_r = count > 2 ? words[2] : "";
		return SASL_CONTINUE;
	}
	if (strcmp(words[0], "FAIL") == 0 && count > 1) {
		const char *code = wire_find(words + 2, "code");

		return wire_find(words + 2, "temp") != NULL ||
			(code != NULL && strcmp(code, "temp_fail") == 0) ?
			SASL_TEMPFAIL : SASL_REFUSED;
	}
	if (strcmp(words[0], "OK") == 0 && count > 1) {
		*text_r = wire_find(words + 2, "user");
		if (*text_r != NULL)
			return SASL_OK;
	}
	(void)err_set(err, ERR_TEMP, "auth: strange answer %.32s", words[0]);
	return SASL_TROUBLE;
}

enum sasl_result
sasl_client_start(struct sasl_client *c, const char *mech,
		  const char *const *params, const char *response,
		  struct pool *pool, const char **text_r, struct err *err)
{
	struct str line = STR_INIT;

	str_append(&line, "AUTH\t1");
	wire_append_word(&line, mech);
	for (; *params != NULL; params++)
		wire_append_word(&line, *params);
	/* It has to be the last one. */
	if (response != NULL) {
		str_append(&line, "\tresp=");
		wire_append(&line, strcmp(response, "=") == 0 ? "" :
			    response);
	}
	c->deadline = deadline_in(SASL_TIMEOUT_MS);
	if (send_line(c, &line, err) < 0)
		return SASL_TROUBLE;
	return read_answer(c, pool, text_r, err);
}

enum sasl_result
sasl_client_go_on(struct sasl_client *c, const char *response,
		  struct pool *pool, const char **text_r, struct err *err)
{
	struct str line = STR_INIT;

	str_append(&line, "CONT\t1\t");
	wire_append(&line, response);
	c->deadline = deadline_in(SASL_TIMEOUT_MS);
	if (send_line(c, &line, err) < 0)
		return SASL_TROUBLE;
	return read_answer(c, pool, text_r, err);
}
