/*
 * A user as the userdb answered: who he is to the system and what differs
 * from the configuration for him.
 */
#ifndef LOFT_USER_USER_H
#define LOFT_USER_USER_H

#include <stdbool.h>
#include <sys/types.h>

struct conf;
struct err;
struct pool;
struct scope;
struct user_settings;	/* user/user-settings.h: mail_uid, first_valid_uid … */
struct vars;

struct user {
	const char *name;	/* after a rename by the userdb */
	uid_t uid;
	gid_t gid;
	const gid_t *groups;	/* supplementary, with gid first */
	unsigned group_count;
	const char *home;	/* expanded; NULL when there is none */
	/* What the userdb said beyond that, as "name=value" up to NULL, ready
	   to be laid over the settings ("mail" comes as "mail_location=…";
	   "quota_rule" as "plugin/quota_rule=…"). */
	const char *const *overrides;
	struct vars *vars;	/* %u %n %d %h %i … for this user */
};

/* What the asker knows about a recipient. */
struct user_request {
	const char *name;	/* what to ask for */
	const char *service;	/* "lmtp", "lda" */
	const char *local_ip, *remote_ip;	/* NULL: not an IP peer */
	unsigned local_port, remote_port;
	const char *forward_fields;	/* what a proxy handed on, as it says
					   it: words divided by tabs; or NULL */
};

/* Ids from a number or a name. -1 with ERR_TEMP naming what is wrong. */
int user_id_parse(const char *text, uid_t *uid_r, struct err *err);
int user_gid_parse(const char *text, gid_t *gid_r, struct err *err);

/* Make a user of the fields of a userdb answer ("uid=1000", "home=/x", … up
   to NULL): fallbacks from mail_uid, mail_gid, mail_home; names turned into
   numbers; uid 0 and ids outside first_valid_uid…last_valid_uid refused.
   `name` is who the answer is about; `fields` must live as long as pool. -1
   with ERR_TEMP and the reason, as the log wants it. Lives in pool. */
int user_from_fields(const char *name, const char *const *fields,
		     const struct user_settings *set, struct pool *pool,
		     struct user **user_r, struct err *err);

/* The calling process as a user (loft-lda without -d): real ids, $USER (else
   the passwd entry), $HOME. Root is refused with ERR_USAGE. */
int user_from_process(struct pool *pool, struct user **user_r,
		      struct err *err);

#endif
