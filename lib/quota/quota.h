/*
 * How much mail a user has, and how much he may have. A user has one or more
 * quota roots (plugin { quota = maildir:User quota }), each with rules
 * (rules.h) and a backend, which knows the usage. Backends are drivers in a
 * table (roots.c), one file each.
 *
 * Everything is called with the ids of the user, and in this order:
 *
 *	quota_conf_get()	what plugin {} says, once for many users
 *	quota_open()		the user's roots and rules
 *	quota_begin()		his lock, and his usage now
 *	quota_check()		is there room?
 *	quota_count()		a message was stored, or taken back
 *	quota_end()		the lock is given up
 *	quota_warn()		what quota_warning asks for
 *
 * The lock makes other processes of Loft wait that are between begin and end
 * for the same user, so that what was checked is still so when the message
 * has been stored and counted.
 */
#ifndef LOFT_QUOTA_QUOTA_H
#define LOFT_QUOTA_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "quota/rules.h"

struct conf;
struct err;
struct logctx;
struct mailbox;
struct pool;
struct quota;
struct quota_conf;
struct scope;
struct storage;
struct vars;

/* One root of one user; in the pool of quota_open(). */
struct quota_root {
	struct quota *quota;
	const char *set_name;	/* "quota", "quota2" */
	const char *name;	/* "User quota": what people see */
	const struct quota_backend *backend;
	const char *ns;		/* ns=: the prefix of the one namespace that
				   is counted; NULL: the private ones */
	bool noenforcing;	/* count, but refuse nothing */
	bool hidden;		/* not for people */
	bool ignoreunlimited;	/* isn't there for who has no limit */
	struct quota_rules rules;

	const char *dir;	/* where its namespace keeps control files; NULL
				   for ns= without such a namespace */
	int lock;		/* on that, if no root before has it */

	/* What holds for all mailboxes together: the default rule's, or what
	   the backend found where rules.forced is false. */
	struct quota_limit limit;
	struct quota_usage usage;	/* as of quota_begin() */
	bool known;			/* usage could be found out */
	struct quota_usage before;	/* the first quota_count() */
	bool counted;			/* `before` is set */

	/* quota_over_script: whoever keeps the flag in the userdb is told when
	   it is wrong. */
	struct {
		const char *script;	/* NULL: nobody wants to know */
		const char *flag;	/* the userdb's; NULL: none */
		bool is_set;		/* it matches quota_over_flag_value */
		bool told;
	} over;

	void *state;		/* the backend's own */
	bool opened;		/* its open() succeeded: close() is called */
};

/* A backend. All but name, has_storage and usage may be NULL. */
struct quota_backend {
	const char *name;
	bool has_storage, has_messages;	/* what it can tell */
	/* Read what stands behind the root's name; "" when there is nothing.
	   NULL: quota_root_params() does. */
	int (*open)(struct quota_root *root, const char *args,
		    struct err *err);
	/* backend= of a rule. */
	quota_rule_parse_fn *parse_rule;
	/* Usage now. May set root->limit (then call quota_rules_relate())
	   where !root->rules.forced. */
	int (*usage)(struct quota_root *root, struct quota_usage *usage_r,
		     struct err *err);
	/* Mail would be refused: find out anew what usage() may have taken
	   for granted. 1 when *usage_r is better than what it said, 0 when
	   that was sure. NULL: it always is. */
	int (*verify)(struct quota_root *root, struct quota_usage *usage_r,
		      struct err *err);
	/* So much was stored (or, below 0, is going to be taken back), after
	   usage() under the same lock; it lies in its mailbox now. NULL: usage() sees
	   it anyway. */
	int (*update)(struct quota_root *root, int64_t bytes,
		      int64_t messages, struct err *err);
	/* Find the usage out anew, whatever is kept somewhere. */
	int (*recalc)(struct quota_root *root, struct err *err);
	/* quota_end(): give up what is open. */
	void (*end)(struct quota_root *root);
	/* The user's last: free what isn't in the pool. */
	void (*close)(struct quota_root *root);
};

/* What the backends need to know of the user. */
struct quota {
	struct pool *pool;
	struct storage *storage;
	const struct logctx *log;
	const struct quota_conf *conf;
	const char *user;
	const char *const *overrides;
	const struct vars *vars;

	struct quota_root *roots;
	unsigned root_count;
	const char *exceeded;		/* quota_exceeded_message */
	uint64_t max_mail_size;		/* 0: none */
	bool vsizes;			/* sizes count with CR LF */
	bool checking;			/* quota_conf_check() */
	const struct mailbox *counting;	/* during update(): which one */
	bool nowhere;			/* something wasn't there to lock */
};

/* For whom. All of it must live as long as the quota. */
struct quota_user {
	const char *name;
	const char *const *overrides;	/* as struct user has them, or NULL */
	const struct vars *vars;
	struct storage *storage;
	const struct logctx *log;
};

enum quota_result {
	QUOTA_OK,
	QUOTA_OVER,		/* no room now */
	QUOTA_OVER_LIMIT,	/* there can't ever be: it is larger */
	QUOTA_OVER_MAX_SIZE,	/* than quota_max_mail_size */
};

/* What `plugin {}` says in this scope about quota; files that values name are
   read. Lives in pool. NULL with err (ERR_CONFIG). */
struct quota_conf *quota_conf_get(const struct conf *conf,
				  const struct scope *scope,
				  struct pool *pool, struct err *err);

/* Is there something wrong that can be seen without a user? (Values with
   variables are left out.) -1 with err, as quota_open() would say it. */
int quota_conf_check(const struct quota_conf *conf, const struct logctx *log,
		     struct err *err);

/* quota_max_mail_size as it holds for users without their own; 0: none. */
uint64_t quota_conf_max_mail_size(const struct quota_conf *conf);

/* A setting of the user (userdb, else plugin {}), with variables expanded in
   the quota's pool. *value_r is NULL when it isn't set. -1 with ERR_CONFIG. */
int quota_setting(const struct quota *quota, const char *name,
		  const char **value_r, struct err *err);

/* Read the user's settings; nothing is opened on disk. 0 with *quota_r, which
   is NULL when he has no quota; -1 with ERR_CONFIG and what is wrong, in
   Dovecot's words. */
int quota_open(const struct quota_conf *conf, const struct quota_user *user,
	       struct pool *pool, struct quota **quota_r, struct err *err);
void quota_close(struct quota **quotap);

/* The words behind a root's name that every backend knows: noenforcing,
   hidden, ignoreunlimited, ns=. -1 for any other. */
int quota_root_params(struct quota_root *root, const char *args,
		      struct err *err);

/* Take one such word off the front of *args, with the colon behind it; false
   when it is none. For backends with words of their own. */
bool quota_root_param(struct quota_root *root, const char **args);

/* Does the root count what lies in this mailbox? (Its namespace is the
   root's, and no rule says ignore.) */
bool quota_root_counts(const struct quota_root *root,
		       const struct mailbox *box);

/* The mailboxes of the root's namespaces, those that rules ignore among them;
   see storage_list(). */
int quota_root_list(const struct quota_root *root, struct mailbox ***boxes_r,
		    struct err *err);

/* Add up all mailboxes that the root counts, by the storage's own count.
   Costs what the mail costs to list. */
int quota_root_sum(const struct quota_root *root, bool vsizes,
		   struct quota_usage *usage_r, struct err *err);

/* Take the locks (waiting for one no longer than a few seconds, then going
   without) and find out every root's usage. A root whose usage can't be found
   out is logged, and refuses nothing. */
void quota_begin(struct quota *quota);
void quota_end(struct quota *quota);

/* Does a message of that size fit? With `grace` as for a delivery. size 0
   asks whether there is any room. */
enum quota_result quota_check(struct quota *quota, const struct mailbox *box,
			      uint64_t size, bool grace);

/* The message was stored (messages 1), or is going to be taken back (-1). */
void quota_count(struct quota *quota, const struct mailbox *box,
		 uint64_t size, int messages);

/* Usage and limit of a root in a mailbox ("" for all), after quota_begin(). */
void quota_root_limit(const struct quota_root *root, const char *mailbox,
		      struct quota_limit *limit_r);

/* Find every root's usage out anew, under the lock. -1 when one failed (the
   others were still done). */
int quota_recalc(struct quota *quota, struct err *err);

/* Is there a warning due after what was counted, or a wrong over-quota
   flag? */
bool quota_has_warning(const struct quota *quota);

/* Start the services that are due: the first warning of each root that was
   crossed since quota_open(), and quota_over_script. Relative sockets lie in base_dir. Trouble is
   logged; takes a second at most. */
void quota_warn(struct quota *quota, const char *base_dir);

#endif
