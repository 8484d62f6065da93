/* Paths and ESMTP parameters: whatever parses must parse again to the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "smtp/params.h"
#include "smtp/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
parse_again(const struct smtp_path *path, struct pool *pool)
{
	char *text = pool_printf(pool, "<%s>", path->text);
	const char *p = text;
	struct smtp_path again;
	struct err err;

	ASSERT(smtp_path_parse(&p, SMTP_PATH_EMPTY, pool, &again, &err) == 0);
	ASSERT(*p == '\0');
	ASSERT(strcmp(again.text, path->text) == 0);
	ASSERT(strcmp(again.localpart, path->localpart) == 0);
}

static void
parse_params(const char *text, struct pool *pool)
{
	struct smtp_param *params;
	struct smtp_orcpt orcpt;
	struct err err;

	if (smtp_params_parse(text, "RCPT", pool, &params, &err) < 0)
		return;
	for (; params->name != NULL; params++) {
		if (params->value == NULL)
			continue;
		/* What they say of it is no matter. */
		(void)smtp_orcpt_parse(params->value, pool, &orcpt, &err);
		(void)smtp_envid_parse(params->value, pool);
		(void)smtp_notify_parse(params->value);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_new();
	struct smtp_path path;
	struct err err;

	if (size > 0) {
		const char *p = pool_memdup(pool, data + 1, size - 1);

		if (smtp_path_parse(&p, data[0] & 15, pool, &path, &err) == 0) {
			parse_again(&path, pool);
			parse_params(p, pool);
		}
	}
	pool_free(&pool);
	return 0;
}
