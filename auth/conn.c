/*
 * Lines in, answers out; see conn.h.
 */
#include "auth/conn.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "auth/passwd-file.h"
#include "core/log.h"
#include "core/pool.h"
#include "user/wire.h"

static const char *const kind_names[] = {
	[CONN_USERDB] = "userdb",
	[CONN_MASTER] = "master",
	[CONN_CLIENT] = "auth",
};

void
conn_init(struct conn *conn, struct auth *auth, enum conn_kind kind)
{
	conn->auth = auth;
	conn->kind = kind;
	conn->fd = -1;
	LIST_INIT(&conn->sasl);
	if (kind == CONN_CLIENT)
		client_greet(conn);
	else
		str_printf(&conn->out, "VERSION\t1\t1\nSPID\t%ld\n",
			   (long)getpid());
}

void
conn_deinit(struct conn *conn)
{
	client_deinit(conn);
	str_free(&conn->in);
	str_free(&conn->out);
}

int
conn_bug(const struct conn *conn, const char *fmt, ...)
{
	struct str text = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_vprintf(&text, fmt, ap);
	va_end(ap);
	log_error(&log_process, "BUG: %s client (pid=%ld,uid=%ld): %s",
		  kind_names[conn->kind], (long)conn->peer_pid,
		  (long)conn->peer_uid, str_c(&text));
	str_free(&text);
	return -1;
}

void
conn_debug(const char *what, const char *line, size_t len)
{
	log_debug(&log_process, "%s: %.*s", what, (int)len, line);
}

/* "VERSION 1 x", the first line of each client */
static int
take_version(struct conn *conn, const char *const *words, size_t count)
{
	if (count < 3 || strcmp(words[0], "VERSION") != 0)
		return conn_bug(conn, "no VERSION at the beginning but %.64s",
				words[0]);
	if (strcmp(words[1], "1") != 0)
		return conn_bug(conn, "speaks version %.64s of the protocol, "
				"not 1", words[1]);
	conn->greeted = true;
	return 0;
}

static int
take_line(struct conn *conn, const char *line, size_t len)
{
	struct pool *pool = pool_new();
	size_t count = 0;
	const char **split = wire_split(line, len, pool, &count);
	const char *const *words = (const char *const *)split;
	int ret;

	if (conn->greeted && conn->kind != CONN_CLIENT)
		conn_debug("master in", line, len);
	if (words == NULL)
		ret = conn_bug(conn, "sent a broken line");
	else if (!conn->greeted)
		ret = take_version(conn, words, count);
	else if (conn->kind == CONN_CLIENT)
		ret = client_line(conn, words, count);
	else
		ret = master_line(conn, words, count);
	pool_free(&pool);
	return ret;
}

int
conn_resume(struct conn *conn)
{
	struct str *in = &conn->in;

	passwd_files_new_round();
	while (conn->in_pos < in->len && conn->out.len < CONN_OUT_MAX) {
		const char *start = in->data + conn->in_pos;
		size_t left = in->len - conn->in_pos;
		const char *lf = memchr(start, '\n', left);

		if ((lf == NULL ? left : (size_t)(lf - start)) >
		    WIRE_QUESTION_MAX)
			return conn_bug(conn, "sent a line of more than %d "
					"octets", WIRE_QUESTION_MAX);
		if (lf == NULL)
			break;
		conn->in_pos += (size_t)(lf - start) + 1;
		if (take_line(conn, start, (size_t)(lf - start)) < 0)
			return -1;
	}
	if (conn->in_pos > 0) {
		memmove(in->data, in->data + conn->in_pos,
			in->len - conn->in_pos);
		str_truncate(in, in->len - conn->in_pos);
		conn->in_pos = 0;
	}
	return 0;
}

int
conn_feed(struct conn *conn, const char *data, size_t len)
{
	str_append_n(&conn->in, data, len);
	return conn_resume(conn);
}
