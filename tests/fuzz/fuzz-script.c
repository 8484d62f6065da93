/*
 * What a client of a script service says before the program's input.
 */
#include <stdint.h>
#include <string.h>

#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "script/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const accepted[] = { "HOME", "USER", NULL };
	struct pool *pool = pool_new();
	struct request req;
	struct err err;

	if (request_parse((const char *)data, size, accepted, pool, &req,
			  &err) == 0) {
		for (char **e = req.env; *e != NULL; e++)
			ASSERT(strncmp(*e, "HOME=", 5) == 0 ||
			       strncmp(*e, "USER=", 5) == 0);
		for (const char **a = req.args; *a != NULL; a++)
			ASSERT(**a != '\0' && strchr(*a, '\n') == NULL);
	}
	pool_free(&pool);
	return 0;
}
