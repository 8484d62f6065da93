/* Binary mail: it becomes the same however it is cut, and never grows out of
   bounds. The first octet says where. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/log.h"
#include "core/str.h"
#include "mail/binary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* -1, or 0 with what it became. */
static int
convert(const uint8_t *data, size_t size, size_t step, struct str *out)
{
	struct binary *b = binary_new();
	struct err err;
	int result = 0;

	for (size_t i = 0; i < size && result == 0; i += step)
		result = binary_feed(b, data + i,
				     size - i < step ? size - i : step, out,
				     &err);
	if (result == 0)
		result = binary_end(b, out, &err);
	ASSERT(result == 0 || err.kind == ERR_PERM);
	binary_free(&b);
	return result;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str whole = STR_INIT, cut = STR_INIT;

	if (size > 1) {
		int result = convert(data + 1, size - 1, size, &whole);

		ASSERT(convert(data + 1, size - 1, data[0] % 16 + 1, &cut) ==
		       result);
		ASSERT(result < 0 ||
		       (whole.len == cut.len &&
			memcmp(str_c(&whole), str_c(&cut), cut.len) == 0));
		ASSERT(whole.len <= 8 * size + 1000);
	}
	str_free(&whole);
	str_free(&cut);
	return 0;
}
