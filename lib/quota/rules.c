/*
 * Quota rules; see rules.h. What the words mean and how errors are told is
 * Dovecot's, save that numbers which don't fit are refused.
 */
#include "quota/rules.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "core/err.h"
#include "core/log.h"
#include "core/num.h"
#include "core/pool.h"
#include "core/str.h"

enum { RULES_MAX = 200 };

static const char default_grace[] = "10%";

/* --- amounts: "-20M", "10%" --- */

/* The number in front, and what follows; false when there is none. */
static bool
parse_number(const char *text, int64_t *value_r, const char **end_r)
{
	bool negative = *text == '-';
	uint64_t n;
	size_t len;

	text += negative;
	len = strspn(text, "0123456789");
	if (!num_u64_n(text, len, &n) || n > INT64_MAX)
		return false;
	*value_r = negative ? -(int64_t)n : (int64_t)n;
	*end_r = text + len;
	return true;
}

/* What a letter behind a number multiplies it with, `plain` for none; 0 for
   something else. */
static int64_t
unit_factor(const char *unit, int64_t plain)
{
	static const char letters[] = "bkmgt";
	const char *p;

	if (*unit == '\0')
		return plain;
	p = strchr(letters, *unit | 0x20);
	return p == NULL ? 0 : (int64_t)1 << (10 * (p - letters));
}

/* Take the unit behind *value into account: it is octets then, or *percent.
   What is wrong, or NULL. */
static const char *
apply_unit(const char *unit, int64_t plain, int64_t *value, int64_t *percent)
{
	int64_t factor;

	*percent = 0;
	if (*unit == '%') {
		if (*value <= -100 || *value >= UINT32_MAX)
			return "Invalid percentage";
		*percent = *value;
		*value = 0;
		return NULL;
	}
	factor = unit_factor(unit, plain);
	if (factor == 0)
		return "Unknown unit";
	if (__builtin_mul_overflow(*value, factor, value))
		return "Number is too large";
	return NULL;
}

static int64_t
part_of(int64_t whole, int64_t percent)
{
	__int128 part = (__int128)whole * percent / 100;

	return part > INT64_MAX ? INT64_MAX :
		part < INT64_MIN ? INT64_MIN : (int64_t)part;
}

/* --- the limits of a rule --- */

/* Where a word of a rule goes. */
struct place {
	int64_t *value, *percent;
	int64_t plain;
};

static bool
find_place(const char *key, struct quota_rule *rule, struct place *place_r)
{
	if (strcmp(key, "storage") == 0 || strcmp(key, "bytes") == 0) {
		*place_r = (struct place){ &rule->amount.bytes,
			&rule->bytes_percent, *key == 's' ? 1024 : 1 };
		return true;
	}
	*place_r = (struct place){ &rule->amount.messages,
		&rule->messages_percent, 1 };
	return strcmp(key, "messages") == 0;
}

/* What kind of rule a limit is part of. */
enum limit_use {
	LIMIT_DEFAULT,		/* of the default rule */
	LIMIT_RELATIVE,		/* of a mailbox: added to the default's */
	LIMIT_WARNING,
};

/* One "storage=+10M". */
static int
parse_limit(const struct quota_rules *rules, const char *word,
	    enum limit_use use, struct quota_rule *rule, struct err *err)
{
	size_t len = strcspn(word, "=");
	const char *key = pool_strndup(rules->pool, word, len);
	const char *value = word[len] == '=' ? word + len + 1 : "";
	const char *unit, *wrong;
	struct place place;

	if (*value == '+') {
		if (use != LIMIT_RELATIVE)
			return err_set(err, ERR_CONFIG,
				       "Rule limit cannot have '+'");
		value++;
	}
	if (!find_place(key, rule, &place))
		return err_set(err, ERR_CONFIG, "Unknown rule limit name: %s",
			       key);
	if (!parse_number(value, place.value, &unit))
		return err_set(err, ERR_CONFIG, "Invalid %s limit: %s", key,
			       value);
	wrong = apply_unit(unit, place.plain, place.value, place.percent);
	if (wrong == NULL && *place.percent != 0 && use == LIMIT_DEFAULT)
		wrong = "Default rule can't be a percentage";
	if (wrong != NULL)
		return err_set(err, ERR_CONFIG, "Invalid rule limit value "
			       "'%s': %s", word, wrong);
	return 0;
}

static int
parse_limits(const struct quota_rules *rules, const char *text,
	     enum limit_use use, struct quota_rule *rule, struct err *err)
{
	char *rest = pool_strdup(rules->pool, text), *word;

	while ((word = strsep(&rest, ":")) != NULL) {
		if (parse_limit(rules, word, use, rule, err) < 0)
			return -1;
	}
	if (use == LIMIT_RELATIVE)
		return 0;
	if (rule->amount.bytes < 0)
		return err_set(err, ERR_CONFIG,
			       "Bytes limit can't be negative");
	if (rule->amount.messages < 0)
		return err_set(err, ERR_CONFIG,
			       "Count limit can't be negative");
	return 0;
}

/* --- percentages --- */

static void
relate(struct quota_rule *rule, const struct quota_limit *limit)
{
	if (rule->bytes_percent != 0)
		rule->amount.bytes = part_of(limit->bytes,
					     rule->bytes_percent);
	if (rule->messages_percent != 0)
		rule->amount.messages = part_of(limit->messages,
						rule->messages_percent);
}

void
quota_rules_relate(struct quota_rules *rules, const struct quota_limit *limit)
{
	for (unsigned i = 0; i < rules->count; i++)
		relate(&rules->list[i], limit);
	for (unsigned i = 0; i < rules->warning_count; i++)
		relate(&rules->warnings[i].at, limit);
	relate(&rules->grace, limit);
}

/* --- debug lines --- */

static const char *
percent_text(const struct quota_rules *rules, int64_t percent)
{
	return percent == 0 ? "" :
		pool_printf(rules->pool, " (%lld%%)", (long long)percent);
}

static void
log_rule(const struct quota_rules *rules, const struct quota_rule *rule,
	 const char *mask, const struct logctx *log)
{
	const char *plus = rule->mask != NULL ? "+" : "";

	if (!log->debug)
		return;
	if (rule->ignore) {
		log_debug(log, "Quota rule: root=%s mailbox=%s ignored",
			  rules->root_name, mask);
		return;
	}
	log_debug(log, "Quota rule: root=%s mailbox=%s bytes=%s%lld%s "
		  "messages=%s%lld%s", rules->root_name, mask,
		  rule->amount.bytes > 0 ? plus : "",
		  (long long)rule->amount.bytes,
		  percent_text(rules, rule->bytes_percent),
		  rule->amount.messages > 0 ? plus : "",
		  (long long)rule->amount.messages,
		  percent_text(rules, rule->messages_percent));
}

/* --- reading them --- */

void
quota_rules_init(struct quota_rules *rules, const char *root_name,
		 struct pool *pool)
{
	*rules = (struct quota_rules){
		.pool = pool, .root_name = root_name,
		.grace.bytes_percent = 10,
	};
}

/* The rule with exactly this mask, made if there is none yet. */
static struct quota_rule *
rule_of(struct quota_rules *rules, const char *mask)
{
	struct quota_rule *list;

	if (strcasecmp(mask, "INBOX") == 0)
		mask = "INBOX";
	for (unsigned i = 0; i < rules->count; i++) {
		if (strcmp(rules->list[i].mask, mask) == 0)
			return &rules->list[i];
	}
	if (strcmp(mask, "?") == 0)
		return &rules->def;
	if (strcmp(mask, "*") == 0) {
		rules->forced = true;
		return &rules->def;
	}
	if (rules->count == RULES_MAX)
		return NULL;
	list = pool_new_array(rules->pool, struct quota_rule,
			      rules->count + 1);
	if (rules->count > 0)
		memcpy(list, rules->list, rules->count * sizeof(*list));
	rules->list = list;
	list[rules->count].mask = mask;
	return &list[rules->count++];
}

int
quota_rules_add(struct quota_rules *rules, const char *text,
		quota_rule_parse_fn *parse, const struct logctx *log,
		struct err *err)
{
	const char *colon = strchr(text, ':'), *mask, *what;
	struct quota_rule *rule, changed;
	int result = 0;

	if (colon == NULL)
		return err_set(err, ERR_CONFIG, "Invalid rule");
	mask = pool_strndup(rules->pool, text, (size_t)(colon - text));
	what = colon + 1;
	rule = rule_of(rules, mask);
	if (rule == NULL)
		return err_set(err, ERR_CONFIG, "Too many rules");
	changed = *rule;
	if (strcmp(what, "ignore") == 0)
		changed.ignore = true;
	else if (!str_begins(what, "backend="))
		result = parse_limits(rules, what, rule == &rules->def ?
				      LIMIT_DEFAULT : LIMIT_RELATIVE,
				      &changed, err);
	else if (parse == NULL)
		result = err_set(err, ERR_CONFIG,
				 "backend rule not supported");
	else
		result = parse(&changed.amount, what + strlen("backend="),
			       err);
	if (result < 0)
		return -1;
	*rule = changed;
	quota_rules_relate(rules, &rules->def.amount);
	log_rule(rules, rule, mask, log);
	return 0;
}

static void
log_warning_rule(const struct quota_rules *rules,
		 const struct quota_warning *warning, const struct logctx *log)
{
	const struct quota_rule *at = &warning->at;

	if (!log->debug)
		return;
	log_debug(log, "Quota warning: bytes=%lld%s messages=%lld%s "
		  "reverse=%s command=%s", (long long)at->amount.bytes,
		  percent_text(rules, at->bytes_percent),
		  (long long)at->amount.messages,
		  percent_text(rules, at->messages_percent),
		  warning->reverse ? "yes" : "no", warning->command);
}

int
quota_rules_add_warning(struct quota_rules *rules, const char *text,
			const struct logctx *log, struct err *err)
{
	const char *blank = strchr(text, ' '), *limits = text;
	struct quota_warning warning = { .reverse = *text == '-' }, *list;

	if (blank == NULL || blank[1] == '\0')
		return err_set(err, ERR_CONFIG, "No command specified");
	if (rules->warning_count == RULES_MAX)
		return err_set(err, ERR_CONFIG, "Too many warnings");
	limits += *text == '-' || *text == '+';
	if (parse_limits(rules, pool_strndup(rules->pool, limits,
					     (size_t)(blank - limits)),
			 LIMIT_WARNING, &warning.at, err) < 0)
		return -1;
	warning.command = pool_strdup(rules->pool, blank + 1);
	list = pool_new_array(rules->pool, struct quota_warning,
			      rules->warning_count + 1);
	if (rules->warning_count > 0)
		memcpy(list, rules->warnings,
		       rules->warning_count * sizeof(*list));
	list[rules->warning_count++] = warning;
	rules->warnings = list;
	quota_rules_relate(rules, &rules->def.amount);
	log_warning_rule(rules, &list[rules->warning_count - 1], log);
	return 0;
}

int
quota_rules_set_grace(struct quota_rules *rules, const char *text,
		      const struct logctx *log, struct err *err)
{
	struct quota_rule *grace = &rules->grace;
	const char *unit, *wrong;

	if (text == NULL)
		text = default_grace;
	if (!parse_number(text, &grace->amount.bytes, &unit))
		return err_set(err, ERR_CONFIG, "Not a number");
	wrong = apply_unit(unit, 1, &grace->amount.bytes,
			   &grace->bytes_percent);
	if (wrong != NULL)
		return err_set(err, ERR_CONFIG, "%s", wrong);
	if (grace->amount.bytes < 0 || grace->bytes_percent < 0)
		return err_set(err, ERR_CONFIG, "It can't be negative");
	relate(grace, &rules->def.amount);
	if (log->debug) {
		log_debug(log, "Quota grace: root=%s bytes=%lld%s",
			  rules->root_name, (long long)grace->amount.bytes,
			  percent_text(rules, grace->bytes_percent));
	}
	return 0;
}

/* --- what follows from them --- */

static bool
is_same(char a, char b, bool any_case)
{
	return any_case ? tolower((unsigned char)a) ==
		tolower((unsigned char)b) : a == b;
}

static bool
matches(const char *mask, const char *name, bool any_case)
{
	const char *star = NULL, *retry = NULL;

	while (*name != '\0') {
		if (*mask == '*') {
			star = mask++;
			retry = name;
		} else if (*mask == '?' || is_same(*mask, *name, any_case)) {
			mask++;
			name++;
		} else if (star != NULL) {
			mask = star + 1;
			name = ++retry;
		} else {
			return false;
		}
	}
	while (*mask == '*')
		mask++;
	return *mask == '\0';
}

bool
quota_mask_matches(const char *mask, const char *name)
{
	return matches(mask, name, false);
}

bool
quota_mask_matches_any_case(const char *mask, const char *name)
{
	return matches(mask, name, true);
}

const struct quota_rule *
quota_rules_find(const struct quota_rules *rules, const char *mailbox)
{
	if (strcasecmp(mailbox, "INBOX") == 0)
		mailbox = "INBOX";
	for (unsigned i = 0; i < rules->count; i++) {
		if (quota_mask_matches(rules->list[i].mask, mailbox))
			return &rules->list[i];
	}
	return NULL;
}

static int64_t
sum(int64_t a, int64_t b)
{
	int64_t s;

	if (__builtin_add_overflow(a, b, &s))
		return INT64_MAX;
	return s < 0 ? 0 : s;
}

bool
quota_rules_limit(const struct quota_rules *rules,
		  const struct quota_limit *limit, const char *mailbox,
		  struct quota_limit *limit_r)
{
	const struct quota_rule *rule = quota_rules_find(rules, mailbox);

	*limit_r = *limit;
	if (rule == NULL)
		return true;
	if (rule->ignore) {
		*limit_r = (struct quota_limit){ 0, 0 };
		return false;
	}
	/* Who has no limit has none anywhere. */
	if (limit->bytes != 0 || limit->messages != 0) {
		limit_r->bytes = sum(limit->bytes, rule->amount.bytes);
		limit_r->messages = sum(limit->messages,
					rule->amount.messages);
	}
	return true;
}

bool
quota_is_over(const struct quota_limit *limit, const struct quota_usage *usage,
	      uint64_t size, uint64_t grace)
{
	uint64_t bytes = (uint64_t)limit->bytes, room;

	if (limit->messages > 0 &&
	    usage->messages >= (uint64_t)limit->messages)
		return true;
	if (limit->bytes <= 0)
		return false;
	if (usage->bytes >= bytes)
		return true;
	room = bytes - usage->bytes;
	return size > room && size - room > grace;
}

static bool
passed(uint64_t before, uint64_t now, int64_t at)
{
	return at > 0 && before < (uint64_t)at && now >= (uint64_t)at;
}

bool
quota_warning_crossed(const struct quota_warning *warning,
		      const struct quota_usage *before,
		      const struct quota_usage *now)
{
	const struct quota_limit *at = &warning->at.amount;

	if (warning->reverse) {
		const struct quota_usage *swap = before;

		before = now;
		now = swap;
	}
	return passed(before->bytes, now->bytes, at->bytes) ||
		passed(before->messages, now->messages, at->messages);
}
