/* dovecot-keywords: what is read and written again stays what it was. */
#include <stdint.h>
#include <string.h>

#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"
#include "storage/keywords.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_new();
	struct keywords kw = { { NULL } }, again = { { NULL } };
	struct str out = STR_INIT;

	keywords_parse(pool_memdup(pool, data, size), pool, &kw);
	keywords_print(&kw, &out);
	keywords_parse(str_c(&out), pool, &again);
	for (int i = 0; i < KEYWORDS_MAX; i++) {
		ASSERT(str_eq(kw.names[i], again.names[i]));
		if (kw.names[i] == NULL)
			continue;
		ASSERT(keyword_valid(kw.names[i]));
		ASSERT(keywords_find(&kw, kw.names[i]) == i);
		ASSERT(keywords_add(&kw, kw.names[i], pool) == i);
	}
	str_free(&out);
	pool_free(&pool);
	return 0;
}
