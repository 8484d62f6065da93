/*
 * What a policy client sends: lines, and the recipient in them.
 */
#include <stdint.h>
#include <string.h>

#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "quota-status/policy.h"
#include "smtp/detail.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
look(const struct policy_request *req, struct pool *pool)
{
	const char *name;
	struct err err;

	if (req->recipient == NULL ||
	    policy_user(req->recipient, "+-", pool, &name, &err) < 0 ||
	    *name == '\0')
		return;
	ASSERT(smtp_name_is_safe(name));
	ASSERT(strpbrk(name, "\n\r\t") == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_request req = { .recipient = NULL };
	const char *text = (const char *)data;
	struct pool *pool = pool_new();
	int whole = 0;

	while (whole == 0 && size > 0) {
		const char *lf = memchr(text, '\n', size);
		size_t len = lf != NULL ? (size_t)(lf - text) : size;

		whole = policy_line(&req, text, len, pool);
		if (lf == NULL)
			break;
		text = lf + 1;
		size -= len + 1;
	}
	look(&req, pool);
	pool_free(&pool);
	return 0;
}
