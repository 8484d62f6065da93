/*
 * What users' files and settings say about quota: the first octet chooses
 * between maildirsize, the cache of counts, and rules.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "quota/count-cache.h"
#include "quota/maildirsize.h"
#include "quota/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct logctx silent = { .prefix = "" };

/* What was understood is written so that it is understood again. */
static void
try_maildirsize(const char *text, size_t len)
{
	char out[MAILDIRSIZE_LINE_MAX];
	struct quota_limit limit;
	struct maildirsize m;

	if (!maildirsize_parse(text, len, &m))
		return;
	maildirsize_format_limit(out, &m.limit);
	if (!maildirsize_parse_limit(out, strlen(out), &limit) ||
	    limit.bytes != m.limit.bytes ||
	    limit.messages != m.limit.messages)
		abort();
}

static void
try_cache(const char *text, size_t len, struct pool *pool)
{
	struct count_cache *cache = count_cache_parse(text, len, true, pool);
	struct count_entry *entry = count_cache_need(cache, "0/INBOX");

	if (entry == NULL || count_cache_find(cache, "0/INBOX") != entry)
		abort();
}

/* Lines of rules; the last one is a warning, then the grace. */
static void
try_rules(const char *text, struct pool *pool)
{
	struct quota_limit limit;
	struct quota_rules rules;
	char *rest = pool_strdup(pool, text), *line;
	struct err err;

	quota_rules_init(&rules, "Fuzz", pool);
	while ((line = strsep(&rest, "\n")) != NULL) {
		/* what is wrong with them is told elsewhere */
		(void)quota_rules_add(&rules, line, NULL, &silent, &err);
		(void)quota_rules_add_warning(&rules, line, &silent, &err);
		(void)quota_rules_set_grace(&rules, line, &silent, &err);
		(void)quota_rules_limit(&rules, &rules.def.amount, line,
					&limit);
		if (limit.bytes < 0 || limit.messages < 0)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool;
	const char *text;

	if (size == 0)
		return 0;
	pool = pool_new();
	text = pool_memdup(pool, data + 1, size - 1);
	switch (*data) {
	case 'm':
		try_maildirsize(text, size - 1);
		break;
	case 'c':
		try_cache(text, size - 1, pool);
		break;
	default:
		try_rules(text, pool);
		break;
	}
	pool_free(&pool);
	return 0;
}
