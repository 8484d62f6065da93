/* Command lines. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/pool.h"
#include "smtp/command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_new();
	struct smtp_command cmd;

	smtp_command_parse(pool_memdup(pool, data, size), size, &cmd);
	ASSERT(strlen(cmd.verb) < SMTP_VERB_MAX);
	ASSERT(strlen(cmd.args) <= size);
	ASSERT(cmd.fault == SMTP_COMMAND_OK || *cmd.verb == '\0');
	pool_free(&pool);
	return 0;
}
