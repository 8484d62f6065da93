/*
 * The file of duplicate marks; see duplicate-file.h.
 */
#include "deliver/duplicate-file.h"

#include <stddef.h>
#include <string.h>

#include "core/str.h"

enum { VERSION = 2, NUMBERS = 3 * sizeof(uint32_t) };

static uint32_t
get_number(const char *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

static void
put_number(struct str *out, uint32_t n)
{
	str_append_n(out, &n, sizeof(n));
}

void
duplicate_file_start(struct str *out)
{
	put_number(out, VERSION);
}

bool
duplicate_file_begin(const char **p, const char *end)
{
	if (end - *p < (ptrdiff_t)sizeof(uint32_t) ||
	    get_number(*p) != VERSION)
		return false;
	*p += sizeof(uint32_t);
	return true;
}

bool
duplicate_file_next(const char **p, const char *end,
		    struct duplicate_mark *mark_r)
{
	struct duplicate_mark mark;
	size_t left = (size_t)(end - *p);

	if (left < NUMBERS)
		return false;
	mark.until = get_number(*p);
	mark.id_len = get_number(*p + 4);
	mark.user_len = get_number(*p + 8);
	left -= NUMBERS;
	if (mark.id_len > left || mark.user_len > left - mark.id_len)
		return false;
	mark.id = *p + NUMBERS;
	mark.user = mark.id + mark.id_len;
	*p = mark.user + mark.user_len;
	*mark_r = mark;
	return true;
}

void
duplicate_file_add(struct str *out, const struct duplicate_mark *mark)
{
	put_number(out, mark->until);
	put_number(out, mark->id_len);
	put_number(out, mark->user_len);
	str_append_n(out, mark->id, mark->id_len);
	str_append_n(out, mark->user, mark->user_len);
}

static bool
same_name(const struct duplicate_mark *a, const struct duplicate_mark *b)
{
	return a->id_len == b->id_len && a->user_len == b->user_len &&
		memcmp(a->id, b->id, a->id_len) == 0 &&
		memcmp(a->user, b->user, a->user_len) == 0;
}

bool
duplicate_file_find(const char *p, const char *end,
		    const struct duplicate_mark *want)
{
	struct duplicate_mark mark;

	while (duplicate_file_next(&p, end, &mark)) {
		if (mark.until > want->until && same_name(&mark, want))
			return true;
	}
	return false;
}
