/*
 * Dict files; see dict-text.h.
 */
#include "quota/dict-text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "core/num.h"
#include "core/str.h"
#include "quota/dict.h"
#include "quota/quota.h"

struct line {
	const char *data;
	size_t len;
};

/* The next line and what is behind it; false at the end. */
static bool
next_line(const char **text, size_t *len, struct line *line)
{
	const char *lf;

	if (*len == 0)
		return false;
	lf = memchr(*text, '\n', *len);
	line->data = *text;
	line->len = lf != NULL ? (size_t)(lf - *text) : *len;
	*len -= line->len + (lf != NULL);
	*text += line->len + (lf != NULL);
	return true;
}

static bool
is_name(const struct line *line, const char *name)
{
	return line->len == strlen(name) &&
		memcmp(line->data, name, line->len) == 0;
}

int
dict_number(const char *text, size_t len, uint64_t *n_r)
{
	uint64_t n;

	if (len > 1 && text[0] == '-' && num_u64_n(text + 1, len - 1, &n)) {
		*n_r = 0;
		return 0;
	}
	if (len == 0 || !num_u64_n(text, len, &n))
		return -1;
	*n_r = n;
	return 0;
}

int
dict_text_get(const char *text, size_t len, struct quota_usage *usage_r)
{
	struct quota_usage usage;
	struct line name, value;
	bool bytes = false, messages = false;

	while (next_line(&text, &len, &name) &&
	       next_line(&text, &len, &value)) {
		if (is_name(&name, DICT_STORAGE))
			bytes = dict_number(value.data, value.len,
					    &usage.bytes) == 0;
		else if (is_name(&name, DICT_MESSAGES))
			messages = dict_number(value.data, value.len,
					       &usage.messages) == 0;
	}
	if (!bytes || !messages)
		return 0;
	*usage_r = usage;
	return 1;
}

static void
append_line(struct str *out, const struct line *line)
{
	str_append_n(out, line->data, line->len);
	str_append_c(out, '\n');
}

void
dict_text_set(struct str *out, const char *text, size_t len,
	      const struct quota_usage *usage)
{
	struct line name, value;

	while (next_line(&text, &len, &name) &&
	       next_line(&text, &len, &value)) {
		if (is_name(&name, DICT_STORAGE) ||
		    is_name(&name, DICT_MESSAGES))
			continue;
		append_line(out, &name);
		append_line(out, &value);
	}
	str_printf(out, DICT_MESSAGES "\n%" PRIu64 "\n" DICT_STORAGE
		   "\n%" PRIu64 "\n", usage->messages, usage->bytes);
}

static uint64_t
changed(uint64_t n, int64_t change)
{
	if (change < 0 && (uint64_t)-change > n)
		return 0;
	return n + (uint64_t)change;
}

void
dict_text_add(struct str *out, const char *text, size_t len, int64_t bytes,
	      int64_t messages)
{
	struct quota_usage usage = { 0, 0 };

	/* Else somebody has removed them: they begin anew, as in Dovecot. */
	(void)dict_text_get(text, len, &usage);
	usage.bytes = changed(usage.bytes, bytes);
	usage.messages = changed(usage.messages, messages);
	dict_text_set(out, text, len, &usage);
}
