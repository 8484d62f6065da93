/*
 * The file of duplicate marks, which users may write and crashes may cut:
 * nothing outside of it is read, and what it holds ends.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "deliver/duplicate-file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size > 0 ? size : 1);
	const char *p = copy, *end = copy + size;
	struct duplicate_mark mark;
	size_t octets = 4;

	ASSERT(copy != NULL);
	memcpy(copy, data, size);
	if (duplicate_file_begin(&p, end)) {
		while (duplicate_file_next(&p, end, &mark)) {
			ASSERT(mark.id >= copy && mark.user >= mark.id &&
			       p == mark.user + mark.user_len && p <= end);
			octets += 12 + (size_t)mark.id_len + mark.user_len;
		}
		ASSERT(octets == (size_t)(p - copy));
	}
	free(copy);
	return 0;
}
