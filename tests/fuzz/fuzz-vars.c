/* %-variables: the first line is the user, the rest is expanded. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf/vars.h"
#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_new();
	char *user = pool_memdup(pool, data, size);
	char *text = strchr(user, '\n');
	const char *result = NULL;
	struct err err;

	if (text != NULL) {
		*text++ = '\0';
		(void)vars_expand(text, vars_user(user, "/home/x", pool), pool,
				  &result, &err);
		ASSERT(result != NULL);
		if (strchr(text, '%') == NULL)
			ASSERT(strcmp(result, text) == 0);
	}
	pool_free(&pool);
	return 0;
}
