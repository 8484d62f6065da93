/*
 * A dict file, which is the user's and may hold anything: whatever it was,
 * after a change it says what it should.
 */
#include <stdint.h>

#include "core/log.h"
#include "core/str.h"
#include "quota/dict-text.h"
#include "quota/quota.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str out = STR_INIT, again = STR_INIT;
	struct quota_usage usage, set = { 1234, 5 };

	(void)dict_text_get((const char *)data, size, &usage);
	dict_text_set(&out, (const char *)data, size, &set);
	ASSERT(dict_text_get(out.data, out.len, &usage) == 1);
	ASSERT(usage.bytes == 1234 && usage.messages == 5);
	dict_text_add(&again, out.data, out.len, -2000, -1);
	ASSERT(again.len <= size + 200);
	ASSERT(dict_text_get(again.data, again.len, &usage) == 1);
	ASSERT(usage.bytes == 0 && usage.messages == 4);
	str_free(&out);
	str_free(&again);
	return 0;
}
