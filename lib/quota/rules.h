/*
 * What quota rules say: limits for all mailboxes together and for some of
 * them, the grace that a delivery has, and when to warn. Text only, nothing
 * is looked at on disk.
 */
#ifndef LOFT_QUOTA_RULES_H
#define LOFT_QUOTA_RULES_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct logctx;
struct pool;

struct quota_usage {
	uint64_t bytes, messages;
};

/* 0 means no limit. */
struct quota_limit {
	int64_t bytes, messages;
};

/* "MASK:storage=10M:messages=5". Amounts that were given in percent follow
   the limit of the default rule. */
struct quota_rule {
	const char *mask;	/* of mailbox names; NULL: the default rule */
	struct quota_limit amount;
	int64_t bytes_percent, messages_percent;	/* 0: not in percent */
	bool ignore;		/* what lies there isn't counted */
};

/* "storage=90% COMMAND": when usage gets there, or (reverse) below it. */
struct quota_warning {
	struct quota_rule at;
	bool reverse;
	const char *command;
};

/* All rules of one quota root, in the pool they were begun with. */
struct quota_rules {
	struct pool *pool;
	const char *root_name;		/* for messages */
	struct quota_rule def;		/* "*" or "?" */
	bool forced;			/* by "*": limits aren't the backend's */
	struct quota_rule *list;
	unsigned count;
	struct quota_warning *warnings;
	unsigned warning_count;
	struct quota_rule grace;	/* what one delivery may be over */
};

/* The backend= part of a rule; -1 with the reason. */
typedef int quota_rule_parse_fn(struct quota_limit *amount_r, const char *text,
				struct err *err);

/* The grace is the default one then. */
void quota_rules_init(struct quota_rules *rules, const char *root_name,
		      struct pool *pool);

/* Add what a setting says, with a debug line as Dovecot has it. parse may be
   NULL: the backend knows no rules of its own. -1 with ERR_CONFIG and what is
   wrong ("Invalid storage limit: x"). */
int quota_rules_add(struct quota_rules *rules, const char *text,
		    quota_rule_parse_fn *parse, const struct logctx *log,
		    struct err *err);
int quota_rules_add_warning(struct quota_rules *rules, const char *text,
			    const struct logctx *log, struct err *err);
int quota_rules_set_grace(struct quota_rules *rules, const char *text,
			  const struct logctx *log, struct err *err);

/* Take percentages of this limit from now on. */
void quota_rules_relate(struct quota_rules *rules,
			const struct quota_limit *limit);

/* The rule for a mailbox besides the default one, or NULL. */
const struct quota_rule *quota_rules_find(const struct quota_rules *rules,
					  const char *mailbox);

/* The limit that holds in a mailbox where `limit` is that of all. False when
   the mailbox is ignored. */
bool quota_rules_limit(const struct quota_rules *rules,
		       const struct quota_limit *limit, const char *mailbox,
		       struct quota_limit *limit_r);

/* Would a message of `size` octets be too much? grace: is it a delivery? size
   0 asks whether there is any room. */
bool quota_is_over(const struct quota_limit *limit,
		   const struct quota_usage *usage, uint64_t size,
		   uint64_t grace);

/* Is this the step that the warning waits for? */
bool quota_warning_crossed(const struct quota_warning *warning,
			   const struct quota_usage *before,
			   const struct quota_usage *now);

/* '*' and '?' in mask; as a mailbox name, so that case counts, or in any
   case. */
bool quota_mask_matches(const char *mask, const char *name);
bool quota_mask_matches_any_case(const char *mask, const char *name);

#endif
