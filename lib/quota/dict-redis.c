/*
 * A dict in Redis, under the names that Dovecot's driver uses:
 * PREFIX USER/quota/storage and …/messages.
 *
 *	redis:host=127.0.0.1:port=6379:prefix=quota/
 *	path=SOCKET, db=N, password=, expire_secs=N, timeout_msecs=N
 *
 * hiredis is loaded when the first such quota is asked for, so that nobody
 * else pays for it. One connection is kept between users of the same server.
 * A server that let us wait is left alone for a while.
 */
#include "config.h"
#include "quota/dict.h"

#include "core/err.h"

#ifdef HAVE_HIREDIS

#include <arpa/inet.h>
#include <dlfcn.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/num.h"
#include "core/pool.h"
#include "core/str.h"
#include "quota/dict-text.h"
#include "quota/quota.h"

enum {
	PORT = 6379,
	TIMEOUT_MS = 30000,	/* Dovecot's */
	REST_MS = 10000,	/* nobody waits so soon after a timeout */
};

struct state {
	const char *host, *path, *prefix, *password;
	unsigned port, db, expire, timeout_ms;
	const char *key;	/* of the server: what the connection is for */
	const char *storage, *messages;	/* names there */
};

static struct {
	void *handle;
	__typeof__(redisConnectWithTimeout) *connect;
	__typeof__(redisConnectUnixWithTimeout) *connect_unix;
	__typeof__(redisSetTimeout) *set_timeout;
	__typeof__(redisAppendCommand) *append;
	__typeof__(redisGetReply) *get_reply;
	__typeof__(freeReplyObject) *free_reply;
	__typeof__(redisFree) *free;
} lib;

static struct {
	redisContext *redis;
	char *key;
	int64_t rest_until;	/* of the server `rest_key` */
	char *rest_key;
} kept;

/* --- the library -------------------------------------------------------- */

static int
load_library(struct err *err)
{
	void *handle;

	if (lib.handle != NULL)
		return 0;
	handle = dlopen(LOFT_HIREDIS_LIB, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL)
		return err_set(err, ERR_TEMP, "redis needs hiredis: %s",
			       dlerror());
	*(void **)&lib.connect = dlsym(handle, "redisConnectWithTimeout");
	*(void **)&lib.connect_unix = dlsym(handle,
					    "redisConnectUnixWithTimeout");
	*(void **)&lib.set_timeout = dlsym(handle, "redisSetTimeout");
	*(void **)&lib.append = dlsym(handle, "redisAppendCommand");
	*(void **)&lib.get_reply = dlsym(handle, "redisGetReply");
	*(void **)&lib.free_reply = dlsym(handle, "freeReplyObject");
	*(void **)&lib.free = dlsym(handle, "redisFree");
	if (lib.connect == NULL || lib.connect_unix == NULL ||
	    lib.set_timeout == NULL || lib.append == NULL ||
	    lib.get_reply == NULL || lib.free_reply == NULL ||
	    lib.free == NULL)
		return err_set(err, ERR_TEMP, "%s isn't hiredis",
			       LOFT_HIREDIS_LIB);
	lib.handle = handle;
	return 0;
}

/* --- settings ----------------------------------------------------------- */

static int
parse_number(const char *value, unsigned max, unsigned *n_r, struct err *err)
{
	uint32_t n;

	if (!num_u32(value, &n) || n > max)
		return err_set(err, ERR_CONFIG, "dict redis: Invalid number: "
			       "%s", value);
	*n_r = n;
	return 0;
}

/* A name would have to be looked up, for as long as that takes. */
static int
parse_host(struct state *state, const char *value, struct err *err)
{
	struct in_addr ip;

	if (inet_pton(AF_INET, value, &ip) != 1)
		return err_set(err, ERR_CONFIG, "dict redis: Invalid IP: %s",
			       value);
	state->host = value;
	return 0;
}

static int
parse_word(struct state *state, char *word, struct err *err)
{
	char *value = strchr(word, '=');

	if (value == NULL)
		return err_set(err, ERR_CONFIG, "dict redis: Unknown "
			       "parameter: %s", word);
	*value++ = '\0';
	if (strcmp(word, "host") == 0)
		return parse_host(state, value, err);
	if (strcmp(word, "port") == 0)
		return parse_number(value, 65535, &state->port, err);
	if (strcmp(word, "db") == 0)
		return parse_number(value, 65535, &state->db, err);
	if (strcmp(word, "expire_secs") == 0)
		return parse_number(value, INT32_MAX, &state->expire, err);
	if (strcmp(word, "timeout_msecs") == 0 && strcmp(value, "0") == 0)
		return err_set(err, ERR_CONFIG, "dict redis: timeout_msecs=0 "
			       "would wait for ever");
	if (strcmp(word, "timeout_msecs") == 0)
		return parse_number(value, INT32_MAX, &state->timeout_ms,
				    err);
	if (strcmp(word, "path") == 0)
		state->path = value;
	else if (strcmp(word, "prefix") == 0)
		state->prefix = value;
	else if (strcmp(word, "password") == 0)
		state->password = value;
	else
		return err_set(err, ERR_CONFIG, "dict redis: Unknown "
			       "parameter: %s", word);
	return 0;
}

static int
open_dict(struct quota_dict *dict, const char *args, struct err *err)
{
	struct pool *pool = dict->pool;
	struct state *state = pool_new_obj(pool, struct state);
	char *words = pool_strdup(pool, args), *word;

	*state = (struct state){ .host = "127.0.0.1", .port = PORT,
		.prefix = "", .timeout_ms = TIMEOUT_MS };
	while ((word = strsep(&words, ":")) != NULL) {
		if (*word != '\0' && parse_word(state, word, err) < 0)
			return -1;
	}
	state->key = pool_printf(pool, "%s:%u:%s:%u:%s", state->host,
				 state->port,
				 state->path != NULL ? state->path : "",
				 state->db, state->password != NULL ?
				 state->password : "");
	state->storage = pool_printf(pool, "%s%s/%s", state->prefix,
				     dict->user,
				     &DICT_STORAGE[strlen("priv/")]);
	state->messages = pool_printf(pool, "%s%s/%s", state->prefix,
				      dict->user,
				      &DICT_MESSAGES[strlen("priv/")]);
	dict->state = state;
	return 0;
}

/* --- the connection ----------------------------------------------------- */

static void
disconnect(void)
{
	if (kept.redis != NULL)
		lib.free(kept.redis);
	kept.redis = NULL;
}

/* Who let us wait may do so again. */
static void
note_timeout(const struct state *state, int64_t begin)
{
	if (clock_ms() - begin < state->timeout_ms)
		return;
	free(kept.rest_key);
	kept.rest_key = mem_strdup(state->key);
	kept.rest_until = clock_ms() + REST_MS;
}

static int
failed(const struct state *state, int64_t begin, const char *what,
       struct err *err)
{
	(void)err_set(err, ERR_TEMP, "redis: %s: %s", what,
		      kept.redis == NULL ? "out of memory" :
		      kept.redis->errstr);
	note_timeout(state, begin);
	disconnect();
	return -1;
}

static bool
is_resting(const struct state *state)
{
	return kept.rest_key != NULL &&
		strcmp(kept.rest_key, state->key) == 0 &&
		clock_ms() < kept.rest_until;
}

/* Answers to so many commands. What one of them says is taken by the caller,
   who gets it with its number, or is looked at for errors. */
typedef int reply_fn(void *arg, unsigned n, const redisReply *reply);

static int
read_replies(const struct state *state, unsigned count, reply_fn *fn,
	     void *arg, struct err *err)
{
	int64_t begin = clock_ms();
	int result = 0;

	for (unsigned i = 0; i < count; i++) {
		void *got = NULL;
		redisReply *reply;

		if (lib.get_reply(kept.redis, &got) != REDIS_OK)
			return failed(state, begin, "Communication failure",
				      err);
		reply = got;
		if (reply->type == REDIS_REPLY_ERROR && result == 0)
			result = err_set(err, ERR_TEMP, "redis: %s",
					 reply->str);
		else if (fn != NULL && result == 0)
			result = fn(arg, i, reply);
		lib.free_reply(reply);
	}
	return result;
}

static int
introduce(const struct state *state, struct err *err)
{
	unsigned count = 0;

	if (state->password != NULL) {
		(void)lib.append(kept.redis, "AUTH %s", state->password);
		count++;
	}
	if (state->db != 0) {
		(void)lib.append(kept.redis, "SELECT %u", state->db);
		count++;
	}
	if (read_replies(state, count, NULL, NULL, err) == 0)
		return 0;
	disconnect();
	return -1;
}

static const char *
server_name(const struct state *state, struct pool *pool)
{
	return state->path != NULL ? state->path :
		pool_printf(pool, "%s:%u", state->host, state->port);
}

static int
connect_to(const struct quota_dict *dict, struct err *err)
{
	const struct state *state = dict->state;
	const struct timeval timeout = { state->timeout_ms / 1000,
		state->timeout_ms % 1000 * 1000 };
	int64_t begin = clock_ms();

	if (is_resting(state))
		return err_set(err, ERR_TEMP, "redis: the server didn't answer "
			       "within %u ms just now, not asked",
			       state->timeout_ms);
	kept.redis = state->path != NULL ?
		lib.connect_unix(state->path, timeout) :
		lib.connect(state->host, (int)state->port, timeout);
	if (kept.redis == NULL || kept.redis->err != 0 ||
	    lib.set_timeout(kept.redis, timeout) != REDIS_OK)
		return failed(state, begin,
			      pool_printf(dict->pool, "connect(%s) failed",
					  server_name(state, dict->pool)),
			      err);
	free(kept.key);
	kept.key = mem_strdup(state->key);
	return introduce(state, err);
}

/* Is there a connection to this server already? */
static bool
is_connected(const struct state *state)
{
	return kept.redis != NULL && strcmp(kept.key, state->key) == 0;
}

static int
need_connection(const struct quota_dict *dict, struct err *err)
{
	if (load_library(err) < 0)
		return -1;
	if (is_connected(dict->state))
		return 0;
	disconnect();
	return connect_to(dict, err);
}

/* What can be done twice is, when a kept connection turns out to be dead. */
typedef int try_fn(struct quota_dict *dict, void *arg, struct err *err);

static int
try_twice(struct quota_dict *dict, try_fn *fn, void *arg, struct err *err)
{
	bool old = is_connected(dict->state);

	if (need_connection(dict, err) < 0)
		return -1;
	if (fn(dict, arg, err) == 0)
		return 0;
	if (!old || is_connected(dict->state) || is_resting(dict->state) ||
	    need_connection(dict, err) < 0)
		return -1;
	return fn(dict, arg, err);
}

/* --- values ------------------------------------------------------------- */

struct values {
	uint64_t n[2];		/* storage, messages */
	bool known[2];
};

static int
take_value(void *arg, unsigned n, const redisReply *reply)
{
	struct values *values = arg;

	values->known[n] = reply->type == REDIS_REPLY_STRING &&
		dict_number(reply->str, (size_t)reply->len,
			    &values->n[n]) == 0;
	return 0;
}

static int
try_get(struct quota_dict *dict, void *arg, struct err *err)
{
	const struct state *state = dict->state;

	(void)lib.append(kept.redis, "GET %s", state->storage);
	(void)lib.append(kept.redis, "GET %s", state->messages);
	return read_replies(state, 2, take_value, arg, err);
}

static int
get(struct quota_dict *dict, struct quota_usage *usage_r, struct err *err)
{
	struct values values = { .known = { false, false } };

	if (try_twice(dict, try_get, &values, err) < 0)
		return -1;
	if (!values.known[0] || !values.known[1])
		return 0;
	*usage_r = (struct quota_usage){ values.n[0], values.n[1] };
	return 1;
}

/* Names may be given a time to live; how many commands that took. */
static unsigned
append_expire(const struct state *state)
{
	if (state->expire == 0)
		return 0;
	(void)lib.append(kept.redis, "EXPIRE %s %u", state->storage,
			 state->expire);
	(void)lib.append(kept.redis, "EXPIRE %s %u", state->messages,
			 state->expire);
	return 2;
}

struct executed {
	struct err *err;
	unsigned last;		/* the number of EXEC's reply */
};

/* What was queued may have failed in it. */
static int
look_at_exec(void *arg, unsigned n, const redisReply *reply)
{
	const struct executed *x = arg;

	if (n != x->last)
		return 0;
	if (reply->type != REDIS_REPLY_ARRAY)
		return err_set(x->err, ERR_TEMP, "redis: EXEC was refused");
	for (size_t i = 0; i < reply->elements; i++) {
		if (reply->element[i]->type == REDIS_REPLY_ERROR)
			return err_set(x->err, ERR_TEMP, "redis: %s",
				       reply->element[i]->str);
	}
	return 0;
}

/* Both values or none. */
static int
change(const struct state *state, const char *command, int64_t bytes,
       int64_t messages, struct err *err)
{
	struct executed x = { err, 3 };

	(void)lib.append(kept.redis, "MULTI");
	(void)lib.append(kept.redis, "%s %s %lld", command, state->storage,
			 (long long)bytes);
	(void)lib.append(kept.redis, "%s %s %lld", command, state->messages,
			 (long long)messages);
	x.last += append_expire(state);
	(void)lib.append(kept.redis, "EXEC");
	return read_replies(state, x.last + 1, look_at_exec, &x, err);
}

static int
add(struct quota_dict *dict, int64_t bytes, int64_t messages, struct err *err)
{
	return need_connection(dict, err) < 0 ? -1 :
		change(dict->state, "INCRBY", bytes, messages, err);
}

static int
try_set(struct quota_dict *dict, void *arg, struct err *err)
{
	const struct quota_usage *usage = arg;

	return change(dict->state, "SET", (int64_t)usage->bytes,
		      (int64_t)usage->messages, err);
}

static int
set(struct quota_dict *dict, const struct quota_usage *usage, struct err *err)
{
	struct quota_usage values = *usage;

	return try_twice(dict, try_set, &values, err);
}

const struct quota_dict_driver quota_dict_redis = {
	.name = "redis",
	.open = open_dict,
	.get = get,
	.add = add,
	.set = set,
};

#else /* !HAVE_HIREDIS */

static int
open_dict(struct quota_dict *dict, const char *args, struct err *err)
{
	(void)dict;
	(void)args;
	return err_set(err, ERR_CONFIG, "dict redis: this build has no "
		       "hiredis");
}

const struct quota_dict_driver quota_dict_redis = {
	.name = "redis",
	.open = open_dict,
};

#endif
