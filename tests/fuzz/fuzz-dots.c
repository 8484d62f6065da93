/*
 * DATA: the pieces it comes in don't matter, and only CRLF.CRLF ends it. A
 * slow and obvious reader says what should come out.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/str.h"
#include "smtp/dots.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
has(const char *data, size_t len, size_t i, const char *what)
{
	size_t n = strlen(what);

	return len - i >= n && memcmp(data + i, what, n) == 0;
}

/* How much of data is used up to the end; 0: it doesn't end. */
static size_t
read_slowly(const char *data, size_t len, struct str *out)
{
	size_t i = 0;
	bool line_start = true;

	while (i < len) {
		if (line_start && has(data, len, i, ".\r\n"))
			return i + 3;
		if (line_start && data[i] == '.') {
			line_start = false;
			i++;
			continue;
		}
		line_start = has(data, len, i, "\r\n");
		str_append_n(out, data + i, line_start ? 2 : 1);
		i += line_start ? 2 : 1;
	}
	return 0;
}

static size_t
read_in_pieces(const char *data, size_t len, size_t step, struct str *out)
{
	struct dots d = DOTS_INIT;
	const char *piece;
	size_t used = 0, piece_len;

	while (used < len && d.state != DOTS_END) {
		size_t n = len - used < step ? len - used : step, left = n;
		const char *p = data + used;

		while (dots_next(&d, &p, &left, &piece, &piece_len))
			str_append_n(out, piece, piece_len);
		used += n - left;
	}
	return d.state == DOTS_END ? used : 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str want = STR_INIT, got = STR_INIT;
	const char *text = (const char *)data + 1;
	size_t used;

	if (size < 1)
		return 0;
	used = read_slowly(text, size - 1, &want);
	ASSERT(read_in_pieces(text, size - 1, data[0] % 16 + 1, &got) == used);
	/* At a cut, what may be the end's beginning is held back. */
	ASSERT(got.len <= want.len && want.len - got.len <= 1);
	ASSERT(used == 0 || got.len == want.len);
	ASSERT(memcmp(str_c(&got), str_c(&want), got.len) == 0);
	str_free(&want);
	str_free(&got);
	return 0;
}
