/*
 * Asking the userdb; see lookup.h. The socket is blocking and its timeouts
 * are the kernel's, so that a question costs one send and one recv. An answer
 * is parsed only when somebody takes it.
 */
#include "user/lookup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf/vars.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/num.h"
#include "core/pool.h"
#include "core/str.h"
#include "user/user.h"
#include "user/wire.h"

enum {
	RECV_SIZE = 16384,
	ASK_MAX = 2,		/* sendings of one question */
	NAMES_MAX = 10000000,	/* of a LIST */
};

/* One question, from its queueing until its answer is taken. */
struct question {
	TAILQ_ENTRY(question) link;
	unsigned id;
	struct pool *pool;
	const char *name;	/* who is asked for, for error texts */
	const char *line;	/* "USER\t1\talice\tservice=lmtp\n" */
	const char **request;	/* "service=lmtp", "lip=…" up to NULL */
	deadline_t deadline;	/* 0: not sent yet */
	unsigned asked;		/* how often it was sent */
	bool on_wire;		/* sent over the present connection */
	const char **answer;	/* words, once it came */
	/* LIST answers in many lines */
	bool is_list;
	const char **names;
	size_t name_count, name_cap;
};

TAILQ_HEAD(questions, question);

struct userdb_conn {
	char *path;
	userdb_connect_fn *connect;
	int fd;			/* -1: not connected */
	unsigned last_id;
	struct questions open;
	struct str in;
	size_t in_pos;		/* consumed part of in */
	bool greeted;		/* the server's VERSION came */
	int64_t timeout_ms;	/* what SO_RCVTIMEO is set to */
};

struct userdb_conn *
userdb_conn_new(const char *path)
{
	struct userdb_conn *conn = mem_alloc(sizeof(*conn));

	conn->path = mem_strdup(path);
	conn->connect = userdb_connect;
	conn->fd = -1;
	TAILQ_INIT(&conn->open);
	return conn;
}

static void
disconnect(struct userdb_conn *conn)
{
	struct question *q;

	if (conn->fd != -1)
		(void)close(conn->fd);	/* nothing is lost with it */
	conn->fd = -1;
	conn->greeted = false;
	conn->in_pos = 0;
	str_reset(&conn->in);
	TAILQ_FOREACH(q, &conn->open, link)
		q->on_wire = false;
}

static void
question_free(struct userdb_conn *conn, struct question *q)
{
	struct pool *pool = q->pool;

	TAILQ_REMOVE(&conn->open, q, link);
	free(q->names);
	pool_free(&pool);
}

void
userdb_lookup_drop(struct userdb_conn *conn)
{
	struct question *q;

	while ((q = TAILQ_FIRST(&conn->open)) != NULL)
		question_free(conn, q);
}

void
userdb_conn_free(struct userdb_conn **connp)
{
	struct userdb_conn *conn = *connp;

	*connp = NULL;
	if (conn == NULL)
		return;
	disconnect(conn);
	userdb_lookup_drop(conn);
	str_free(&conn->in);
	free(conn->path);
	free(conn);
}

void
userdb_conn_set_connect(struct userdb_conn *conn, userdb_connect_fn *fn)
{
	conn->connect = fn;
}

static int
set_timeouts(int fd, int64_t ms, bool both, struct err *err)
{
	struct timeval tv = {
		.tv_sec = ms / 1000,
		.tv_usec = ms % 1000 * 1000,
	};

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) != 0 ||
	    (both && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv,
				sizeof(tv)) != 0))
		return err_sys(err, "setsockopt(SO_RCVTIMEO)");
	return 0;
}

int
userdb_connect(const char *path, struct err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (!str_copy(addr.sun_path, sizeof(addr.sun_path), path))
		return err_set(err, ERR_TEMP, "connect(%s) failed: the path is "
			       "longer than a socket's can be", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(err, "socket(AF_UNIX)");
	if (set_timeouts(fd, USERDB_TIMEOUT_MS, true, err) == 0) {
		if (connect(fd, (const struct sockaddr *)&addr,
			    sizeof(addr)) == 0)
			return fd;
		(void)err_path(err, "connect", path);
	}
	(void)close(fd);
	return -1;
}

/* "name=value" for the request, and an entry of its variables later */
static void
add_request_word(struct question *q, struct str *line, size_t *n,
		 const char *name, const char *value)
{
	const char *word;

	if (value == NULL || *value == '\0')
		return;
	word = pool_printf(q->pool, "%s=%s", name, value);
	q->request[(*n)++] = word;
	wire_append_word(line, word);
}

static void
add_request(struct question *q, struct str *line,
	    const struct user_request *req)
{
	char lport[16] = "", rport[16] = "";
	size_t n = 0;

	q->request = pool_new_array(q->pool, const char *, 7);
	if (req->local_port != 0)
		(void)snprintf(lport, sizeof(lport), "%u", req->local_port);
	if (req->remote_port != 0)
		(void)snprintf(rport, sizeof(rport), "%u", req->remote_port);
	add_request_word(q, line, &n, "service", req->service);
	add_request_word(q, line, &n, "lip", req->local_ip);
	add_request_word(q, line, &n, "lport", lport);
	add_request_word(q, line, &n, "rip", req->remote_ip);
	add_request_word(q, line, &n, "rport", rport);
	add_request_word(q, line, &n, "forward_fields", req->forward_fields);
}

static struct question *
queue(struct userdb_conn *conn, const char *command,
      const struct user_request *req)
{
	struct pool *pool = pool_new();
	struct question *q = pool_new_obj(pool, struct question);
	struct str line = STR_INIT;

	q->pool = pool;
	q->id = ++conn->last_id;
	q->is_list = strcmp(command, "LIST") == 0;
	q->name = pool_strdup(pool, req->name);
	str_printf(&line, "%s\t%u\t%s", command, q->id,
		   q->is_list ? "user=" : "");
	wire_append(&line, req->name);
	add_request(q, &line, req);
	str_append_c(&line, '\n');
	q->line = pool_strdup(pool, str_c(&line));
	str_free(&line);
	TAILQ_INSERT_TAIL(&conn->open, q, link);
	return q;
}

void
userdb_lookup_queue(struct userdb_conn *conn, const struct user_request *req,
		    unsigned *id_r)
{
	*id_r = queue(conn, "USER", req)->id;
}

static struct question *
find(struct userdb_conn *conn, unsigned id)
{
	struct question *q;

	TAILQ_FOREACH(q, &conn->open, link)
		if (q->id == id)
			return q;
	return NULL;
}

/* Send all of it; the socket's timeout bounds each call. */
static int
send_all(struct userdb_conn *conn, const char *data, size_t len,
	 struct err *err)
{
	while (len > 0) {
		ssize_t n = send(conn->fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "send(%s)", conn->path);
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Send in one piece what isn't on the wire yet. */
static int
send_questions(struct userdb_conn *conn, bool hello, struct err *err)
{
	struct str out = STR_INIT;
	struct question *q;
	int ret;

	if (hello)
		str_append(&out, "VERSION\t1\t1\n");
	TAILQ_FOREACH(q, &conn->open, link) {
		if (q->on_wire || q->answer != NULL || q->asked >= ASK_MAX)
			continue;
		str_append(&out, q->line);
		if (q->deadline == 0)
			q->deadline = deadline_in(USERDB_TIMEOUT_MS);
		q->asked++;
		q->on_wire = true;
		q->name_count = 0;
	}
	ret = send_all(conn, str_c(&out), out.len, err);
	str_free(&out);
	return ret;
}

static int
open_socket(struct userdb_conn *conn, struct err *err)
{
	int fd = conn->connect(conn->path, err);

	if (fd < 0)
		return -1;
	conn->fd = fd;
	conn->timeout_ms = USERDB_TIMEOUT_MS;
	return 0;
}

static int
take_version(struct userdb_conn *conn, const char **words, size_t count,
	     struct err *err)
{
	if (count < 3 || strcmp(words[0], "VERSION") != 0)
		return err_set(err, ERR_TEMP, "%s doesn't speak the auth "
			       "protocol", conn->path);
	if (strcmp(words[1], "1") != 0)
		return err_set(err, ERR_TEMP, "%s speaks version %s of the "
			       "auth protocol, not 1", conn->path, words[1]);
	conn->greeted = true;
	return 0;
}

static void
add_name(struct question *q, const char *name)
{
	if (q->name_count == q->name_cap) {
		q->name_cap = q->name_cap > 0 ? q->name_cap * 2 : 64;
		q->names = mem_realloc(q->names,
				       q->name_cap * sizeof(*q->names));
	}
	q->names[q->name_count++] = pool_strdup(q->pool, name);
}

static const char **
copy_words(struct pool *pool, const char **words, size_t count)
{
	const char **copy = pool_new_array(pool, const char *, count + 1);

	for (size_t i = 0; i < count; i++)
		copy[i] = pool_strdup(pool, words[i]);
	return copy;
}

static bool
is_answer(const char *word)
{
	static const char *const answers[] = {
		"USER", "PASS", "NOTFOUND", "FAIL", "LIST", "DONE",
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++)
		if (strcmp(word, answers[i]) == 0)
			return true;
	return false;
}

/* One answer to where it belongs. Answers that nobody waits for any more are
   dropped. */
static int
take_answer(struct userdb_conn *conn, const char **words, size_t count,
	    struct err *err)
{
	struct question *q;
	uint32_t id;

	if (strcmp(words[0], "SPID") == 0)
		return 0;
	if (count < 2 || !is_answer(words[0]) || !num_u32(words[1], &id))
		return err_set(err, ERR_TEMP, "%s sent an answer that makes "
			       "no sense: %.100s", conn->path, words[0]);
	q = find(conn, id);
	if (q == NULL || q->answer != NULL)
		return 0;
	if (q->is_list && strcmp(words[0], "LIST") == 0) {
		for (size_t i = 2; i < count; i++)
			add_name(q, words[i]);
		q->deadline = deadline_in(USERDB_TIMEOUT_MS);
		if (q->name_count > NAMES_MAX)
			return err_set(err, ERR_TEMP, "%s lists names without "
				       "end", conn->path);
		return 0;
	}
	q->answer = copy_words(q->pool, words, count);
	return 0;
}

static int
take_line(struct userdb_conn *conn, const char *line, size_t len,
	  struct err *err)
{
	struct pool *pool = pool_new();
	size_t count = 0;
	const char **words = wire_split(line, len, pool, &count);
	int ret;

	if (words == NULL)
		ret = err_set(err, ERR_TEMP, "%s sent a broken line",
			      conn->path);
	else if (!conn->greeted)
		ret = take_version(conn, words, count, err);
	else
		ret = take_answer(conn, words, count, err);
	pool_free(&pool);
	return ret;
}

/* All whole lines that have come. */
static int
take_lines(struct userdb_conn *conn, struct err *err)
{
	struct str *in = &conn->in;
	const char *start, *lf;

	while (conn->in_pos < in->len) {
		start = in->data + conn->in_pos;
		lf = memchr(start, '\n', in->len - conn->in_pos);
		if (lf == NULL)
			break;
		conn->in_pos = (size_t)(lf + 1 - in->data);
		if (take_line(conn, start, (size_t)(lf - start), err) < 0)
			return -1;
	}
	if (conn->in_pos > 0) {
		memmove(in->data, in->data + conn->in_pos,
			in->len - conn->in_pos);
		str_truncate(in, in->len - conn->in_pos);
		conn->in_pos = 0;
	}
	if (in->len > WIRE_ANSWER_MAX)
		return err_set(err, ERR_TEMP, "%s sent a line of more than "
			       "%d octets", conn->path, WIRE_ANSWER_MAX);
	return 0;
}

/* Keep the kernel's timeout within what is left of the question's. A fresh
   question finds it right, which saves the call. */
static int
bound_wait(struct userdb_conn *conn, const struct question *q,
	   struct err *err)
{
	int64_t left = deadline_left(q->deadline);

	if (left <= 0)
		return err_set(err, ERR_TEMP, "%s didn't answer within %d s",
			       conn->path, USERDB_TIMEOUT_MS / 1000);
	if (left <= conn->timeout_ms && left > conn->timeout_ms - 20)
		return 0;
	if (set_timeouts(conn->fd, left, false, err) < 0)
		return -1;
	conn->timeout_ms = left;
	return 0;
}

enum wait_result { WAIT_ANSWERED, WAIT_BROKEN, WAIT_FAILED };

/* Read until the question is answered. BROKEN: the peer went away, so that
   asking a new one makes sense; FAILED: too late, or garbage. */
static enum wait_result
wait_answer(struct userdb_conn *conn, const struct question *q,
	    struct err *err)
{
	while (q->answer == NULL) {
		ssize_t n;

		if (bound_wait(conn, q, err) < 0)
			return WAIT_FAILED;
		n = recv(conn->fd, str_reserve(&conn->in, RECV_SIZE),
			 RECV_SIZE, 0);
		if (n < 0 && (errno == EINTR || errno == EAGAIN ||
			      errno == EWOULDBLOCK))
			continue;	/* bound_wait() ends this */
		if (n < 0) {
			(void)err_sys(err, "recv(%s)", conn->path);
			return WAIT_BROKEN;
		}
		if (n == 0) {
			(void)err_set(err, ERR_TEMP, "%s closed the "
				      "connection", conn->path);
			return WAIT_BROKEN;
		}
		conn->in.len += (size_t)n;
		conn->in.data[conn->in.len] = '\0';
		if (take_lines(conn, err) < 0)
			return WAIT_FAILED;
	}
	return WAIT_ANSWERED;
}

/* Get the question answered, with one reconnect. */
static int
get_answer(struct userdb_conn *conn, const struct question *q,
	   struct err *err)
{
	while (q->answer == NULL) {
		bool hello = conn->fd == -1;

		if (q->deadline != 0 && deadline_left(q->deadline) <= 0)
			return err_set(err, ERR_TEMP, "%s didn't answer "
				       "within %d s", conn->path,
				       USERDB_TIMEOUT_MS / 1000);
		if (!q->on_wire && q->asked >= ASK_MAX)
			return err_set(err, ERR_TEMP, "%s closed the "
				       "connection twice without an answer",
				       conn->path);
		if (hello && open_socket(conn, err) < 0)
			return -1;
		if (send_questions(conn, hello, err) < 0) {
			disconnect(conn);
			continue;
		}
		switch (wait_answer(conn, q, err)) {
		case WAIT_ANSWERED:
			break;
		case WAIT_BROKEN:
			disconnect(conn);
			break;
		case WAIT_FAILED:
			disconnect(conn);
			return -1;
		}
	}
	return 0;
}

/* What the answer says: 1 found, 0 not there, -1 trouble. */
static int
judge(const struct question *q, const char *found, struct err *err)
{
	const char *reason;

	if (strcmp(q->answer[0], found) == 0)
		return 1;
	if (strcmp(q->answer[0], "NOTFOUND") == 0)
		return 0;
	reason = wire_find(q->answer, "reason");
	return err_set(err, ERR_TEMP, "the auth process reports trouble%s%s "
		       "(see its log)", reason != NULL ? ": " : "",
		       reason != NULL ? reason : "");
}

/* Ask and judge; the caller frees the question. */
static int
get_judged(struct userdb_conn *conn, const struct question *q,
	   const char *found, struct err *err)
{
	int ret;

	if (get_answer(conn, q, err) < 0)
		ret = -1;
	else
		ret = judge(q, found, err);
	if (ret < 0) {
		err->kind = ERR_TEMP;
		return err_prefix(err, "%s lookup(%s) failed",
				  strcmp(found, "PASS") == 0 ? "passdb" :
				  "userdb", q->name);
	}
	return ret;
}

/* %s, %l, %r and their ports: asked after the user's own variables. */
static void
add_request_vars(const struct question *q, struct pool *pool,
		 struct user *user)
{
	static const struct vars_entry names[] = {
		{ 's', "service", NULL }, { 'l', "lip", NULL },
		{ 'a', "lport", NULL }, { 'r', "rip", NULL },
		{ 'b', "rport", NULL }, { '\0', "orig_user", NULL },
	};
	size_t count = sizeof(names) / sizeof(*names);
	struct vars_entry *entries = pool_new_array(pool, struct vars_entry,
						    count + 1);
	struct vars *vars = pool_new_obj(pool, struct vars);

	for (size_t i = 0; i < count; i++) {
		entries[i] = names[i];
		entries[i].value = pool_strdup(pool, wire_find(q->request,
							names[i].name));
	}
	entries[count - 1].value = pool_strdup(pool, q->name);
	vars->entries = entries;
	vars->parent = user->vars;
	user->vars = vars;
}

int
userdb_lookup_answer(struct userdb_conn *conn, unsigned id,
		     const struct user_settings *set, struct pool *pool,
		     struct user **user_r, struct err *err)
{
	struct question *q = find(conn, id);
	struct user *user = NULL;
	const char **fields;
	size_t count = 0;
	int ret;

	if (q == NULL)
		return err_set(err, ERR_TEMP, "userdb question %u isn't open",
			       id);
	if (!wire_user_ok(q->name))
		ret = 0;
	else
		ret = get_judged(conn, q, "USER", err);
	if (ret > 0) {
		while (q->answer[count] != NULL)
			count++;
		fields = copy_words(pool, q->answer, count);
		if (count < 3)
			ret = err_set(err, ERR_TEMP, "userdb lookup(%s) "
				      "failed: no name in the answer",
				      q->name);
		else
			ret = user_from_fields(fields[2], fields + 3, set,
					       pool, &user, err);
		if (ret == 0) {
			add_request_vars(q, pool, user);
			*user_r = user;
			ret = 1;
		}
	}
	question_free(conn, q);
	return ret;
}

int
userdb_lookup(struct userdb_conn *conn, const struct user_request *req,
	      const struct user_settings *set, struct pool *pool,
	      struct user **user_r, struct err *err)
{
	unsigned id;

	userdb_lookup_queue(conn, req, &id);
	return userdb_lookup_answer(conn, id, set, pool, user_r, err);
}

/* The words of an answer behind the number, in pool. */
static int
lookup_words(struct userdb_conn *conn, const char *command,
	     const struct user_request *req, struct pool *pool,
	     const char ***words_r, struct err *err)
{
	struct question *q = queue(conn, command, req);
	int ret = get_judged(conn, q, command, err);
	size_t count = 0;

	if (ret > 0) {
		while (q->answer[count] != NULL)
			count++;
		*words_r = copy_words(pool, q->answer + 2, count - 2);
	}
	question_free(conn, q);
	return ret;
}

int
userdb_lookup_fields(struct userdb_conn *conn, const struct user_request *req,
		     struct pool *pool, const char **name_r,
		     const char *const **fields_r, struct err *err)
{
	const char **words = NULL;
	int ret = lookup_words(conn, "USER", req, pool, &words, err);

	if (ret <= 0)
		return ret;
	if (words[0] == NULL)
		return err_set(err, ERR_TEMP, "userdb lookup(%s) failed: no "
			       "name in the answer", req->name);
	*name_r = words[0];
	*fields_r = (const char *const *)words + 1;
	return 1;
}

int
passdb_lookup_fields(struct userdb_conn *conn, const struct user_request *req,
		     struct pool *pool, const char *const **fields_r,
		     struct err *err)
{
	const char **words = NULL;
	int ret = lookup_words(conn, "PASS", req, pool, &words, err);

	if (ret > 0)
		*fields_r = (const char *const *)words;
	return ret;
}

/* Dovecot lists everybody whatever the mask says. */
static void
matching_names(const struct question *q, const char *mask, struct pool *pool,
	       const char *const **names_r)
{
	const char **names = pool_new_array(pool, const char *,
					    q->name_count + 1);
	size_t n = 0;

	for (size_t i = 0; i < q->name_count; i++)
		if (wire_match(mask, q->names[i]))
			names[n++] = pool_strdup(pool, q->names[i]);
	*names_r = (const char *const *)names;
}

int
userdb_list(struct userdb_conn *conn, const char *mask, const char *service,
	    struct pool *pool, const char *const **names_r, struct err *err)
{
	struct user_request req = { .name = mask, .service = service };
	struct question *q = queue(conn, "LIST", &req);
	int ret = get_answer(conn, q, err);

	if (ret == 0 && (strcmp(q->answer[0], "DONE") != 0 ||
			 wire_find(q->answer + 2, "fail") != NULL))
		ret = err_set(err, ERR_TEMP, "the userdb can't list its "
			      "users (see the log of auth)");
	if (ret < 0)
		(void)err_prefix(err, "userdb list(%s) failed", mask);
	else
		matching_names(q, mask, pool, names_r);
	question_free(conn, q);
	return ret;
}
