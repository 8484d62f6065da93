/*
 * %{if;A;OP;B;YES;NO}: each part may hold variables; `\;` is a semicolon.
 */
#include <regex.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf/vars-private.h"
#include "core/err.h"
#include "core/num.h"
#include "core/pool.h"
#include "core/str.h"

enum part { LEFT, OPERATOR, RIGHT, YES, NO, PARTS };

/* `*` is any text, `?` any octet. */
static bool
wildcard_match(const char *text, const char *mask)
{
	const char *star = NULL, *retry = text;

	while (*text != '\0') {
		if (*mask == '*') {
			star = mask++;
			retry = text;
		} else if (*mask == '?' || *mask == *text) {
			mask++;
			text++;
		} else if (star != NULL) {
			mask = star + 1;
			text = ++retry;
		} else {
			return false;
		}
	}
	while (*mask == '*')
		mask++;
	return *mask == '\0';
}

static int
regex_match(const char *text, const char *pattern, bool *match_r,
	    struct err *err)
{
	regex_t regex;
	char why[128];
	int ret = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);

	if (ret != 0) {
		(void)regerror(ret, &regex, why, sizeof(why));
		return err_set(err, ERR_CONFIG, "invalid pattern '%s': %s",
			       pattern, why);
	}
	*match_r = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return 0;
}

/* Below, equal, above: -1, 0, 1. */
static int
compare_numbers(const char *a, const char *b, int *cmp_r, struct err *err)
{
	uint64_t na, nb;

	if (!num_u64(a, &na) || !num_u64(b, &nb))
		return err_set(err, ERR_CONFIG, "invalid number in %%{if;%s;"
			       "…;%s}", a, b);
	*cmp_r = na < nb ? -1 : na > nb;
	return 0;
}

static bool
holds(const char *relation, int cmp)
{
	switch (relation[0]) {
	case '=':
	case 'e':
		return cmp == 0;
	case '!':
	case 'n':
		return cmp != 0;
	case '<':
	case 'l':
		return relation[1] == '=' || relation[1] == 'e' ?
			cmp <= 0 : cmp < 0;
	default:
		return relation[1] == '=' || relation[1] == 'e' ?
			cmp >= 0 : cmp > 0;
	}
}

static bool
is_one_of(const char *op, const char *const *ops)
{
	for (; *ops != NULL; ops++) {
		if (strcmp(op, *ops) == 0)
			return true;
	}
	return false;
}

static int
decide(const char *a, const char *op, const char *b, bool *yes_r,
       struct err *err)
{
	static const char *const numeric[] = {
		"==", "!=", "<", "<=", ">", ">=", NULL
	};
	static const char *const textual[] = {
		"eq", "ne", "lt", "le", "gt", "ge", NULL
	};
	bool negated = op[0] == '!' && op[1] != '\0';
	bool match = false;
	int cmp = 0;

	if (is_one_of(op, numeric)) {
		if (compare_numbers(a, b, &cmp, err) < 0)
			return -1;
		*yes_r = holds(op, cmp);
	} else if (is_one_of(op, textual)) {
		*yes_r = holds(op, strcmp(a, b));
	} else if (strcmp(op + negated, "*") == 0) {
		*yes_r = wildcard_match(a, b) != negated;
	} else if (strcmp(op + negated, "~") == 0) {
		if (regex_match(a, b, &match, err) < 0)
			return -1;
		*yes_r = match != negated;
	} else {
		return err_set(err, ERR_CONFIG, "unknown operator '%s' in "
			       "%%{if}", op);
	}
	return 0;
}

/* Copy one part and unescape it; *args moves behind its semicolon. */
static const char *
take_part(const char **args, bool *last, struct pool *pool)
{
	struct str s = STR_INIT;
	unsigned depth = 0;
	const char *p = *args, *part;

	for (; *p != '\0' && (*p != ';' || depth > 0); p++) {
		if (*p == '{')
			depth++;
		else if (*p == '}' && depth > 0)
			depth--;
		else if (*p == '\\' && depth == 0 && p[1] != '\0' &&
			 strchr(";:\\", p[1]) != NULL)
			p++;
		str_append_c(&s, *p);
	}
	*last = *p == '\0';
	*args = *last ? p : p + 1;
	part = pool_strdup(pool, str_c(&s));
	str_free(&s);
	return part;
}

int
vars_if(const char *args, const struct vars_run *run, const char **value_r,
	struct err *err)
{
	struct vars_run inner = *run;
	const char *parts[PARTS];
	bool last = false, yes = false;
	int ret = 0;

	*value_r = "";
	inner.depth++;
	for (int i = LEFT; i < PARTS; i++) {
		/* what is left out is empty */
		parts[i] = last ? "" : take_part(&args, &last, run->pool);
		if (vars_expand_run(parts[i], &inner, &parts[i], err) < 0)
			ret = -1;
	}
	if (decide(parts[LEFT], parts[OPERATOR], parts[RIGHT], &yes, err) < 0)
		return -1;
	*value_r = parts[yes ? YES : NO];
	return ret;
}
