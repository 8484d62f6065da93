/* mbox: whatever message is added is one message to whoever counts them. */
#include <stdint.h>
#include <string.h>

#include "core/log.h"
#include "storage/mbox-count.h"
#include "storage/mbox-text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
add(struct mbox_text *text, const char *data, size_t len, size_t step)
{
	text->last = '\0';
	text->head_len = 0;
	text->in_line = text->drop = false;
	mbox_text_begin(text, "a b", 0);
	while (len > 0) {
		size_t n = len < step ? len : step;

		mbox_text_add(text, data, n);
		data += n;
		len -= n;
	}
	mbox_text_end(text);
}

/* No line of it but the first may begin with "From ". */
static void
check_lines(const struct str *out)
{
	for (size_t i = 0; i + 6 <= out->len; i++)
		ASSERT(out->data[i] != '\n' ||
		       memcmp(out->data + i + 1, "From ", 5) != 0);
	ASSERT(out->len >= 2 && out->data[out->len - 1] == '\n' &&
	       out->data[out->len - 2] == '\n');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mbox_count count;
	struct mbox_text whole = { .last = '\0' }, parts = { .last = '\0' };
	const char *message = (const char *)data + 1;

	if (size < 1)
		return 0;
	add(&whole, message, size - 1, size);
	check_lines(&whole.out);
	add(&parts, message, size - 1, 1 + data[0] % 32);
	ASSERT(parts.out.len == whole.out.len &&
	       memcmp(parts.out.data, whole.out.data, parts.out.len) == 0);
	add(&whole, message, size - 1, size);
	memset(&count, 0, sizeof(count));
	for (size_t i = 0; i < whole.out.len; i += 1 + data[0])
		mbox_count_add(&count, whole.out.data + i,
			       whole.out.len - i < 1u + data[0] ?
			       whole.out.len - i : 1u + data[0]);
	mbox_count_end(&count);
	ASSERT(count.messages == 2 && count.bytes < whole.out.len);
	/* and a file that others wrote */
	memset(&count, 0, sizeof(count));
	mbox_count_add(&count, message, size - 1);
	mbox_count_end(&count);
	ASSERT(count.bytes <= size && count.messages <= size / 5);
	str_free(&whole.out);
	str_free(&parts.out);
	return 0;
}
