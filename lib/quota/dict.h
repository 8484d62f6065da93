/*
 * Where a dict quota is kept: two numbers by name, as Dovecot's dict drivers
 * keep them (priv/quota/storage, priv/quota/messages), so that a Dovecot
 * beside goes on with what Loft has counted. A driver is a file and its line
 * in the table of backend-dict.c.
 */
#ifndef LOFT_QUOTA_DICT_H
#define LOFT_QUOTA_DICT_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct logctx;
struct pool;
struct quota_usage;

#define DICT_STORAGE "priv/quota/storage"
#define DICT_MESSAGES "priv/quota/messages"

struct quota_dict {
	const struct quota_dict_driver *driver;
	struct pool *pool;
	const char *user;	/* whose values */
	const char *home;	/* "" when he has none */
	bool kept;		/* both values were there just now */
	void *state;		/* the driver's own */
};

struct quota_dict_driver {
	const char *name;	/* in front of the colon */
	/* What stands behind it. Nothing is connected or opened yet. */
	int (*open)(struct quota_dict *dict, const char *args,
		    struct err *err);
	/* 1; 0 when one of the values isn't there, or is no number. */
	int (*get)(struct quota_dict *dict, struct quota_usage *usage_r,
		   struct err *err);
	/* Both at once, whatever others do to them meanwhile. */
	int (*add)(struct quota_dict *dict, int64_t bytes, int64_t messages,
		   struct err *err);
	int (*set)(struct quota_dict *dict, const struct quota_usage *usage,
		   struct err *err);
};

extern const struct quota_dict_driver quota_dict_file, quota_dict_redis;

#endif
