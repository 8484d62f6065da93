/*
 * Lists for people and scripts; see output.h. Rows are kept until the end,
 * because a table's widths depend on all of them.
 */
#include "ctl/output.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pool.h"

struct output {
	struct pool *pool;
	enum output_format format;
	const char *const *columns;
	unsigned column_count;
	const char ***rows;	/* malloc'd list of arrays in the pool */
	unsigned row_count, row_room;
};

bool
output_format_parse(const char *name, enum output_format *format_r)
{
	static const char *const names[] = {
		[OUTPUT_TABLE] = "table", [OUTPUT_FLOW] = "flow",
		[OUTPUT_TAB] = "tab", [OUTPUT_JSON] = "json",
	};

	for (unsigned i = OUTPUT_TABLE; i <= OUTPUT_JSON; i++) {
		if (strcmp(names[i], name) == 0) {
			*format_r = (enum output_format)i;
			return true;
		}
	}
	return false;
}

struct output *
output_new(enum output_format format, const char *const *columns)
{
	struct output *out = mem_alloc(sizeof(*out));

	out->pool = pool_new();
	out->format = format;
	out->columns = columns;
	while (columns[out->column_count] != NULL)
		out->column_count++;
	return out;
}

void
output_row(struct output *out, const char *const *values)
{
	const char **row = pool_new_array(out->pool, const char *,
					  out->column_count);

	for (unsigned i = 0; i < out->column_count; i++)
		row[i] = pool_strdup(out->pool, values[i]);
	if (out->row_count == out->row_room) {
		out->row_room = out->row_room * 2 + 16;
		out->rows = mem_realloc(out->rows, out->row_room *
					sizeof(*out->rows));
	}
	out->rows[out->row_count++] = row;
}

static const char *
text_of(const char *value)
{
	return value != NULL ? value : "";
}

static void
print_padded(const struct output *out, const char *const *values,
	     const int *widths)
{
	for (unsigned i = 0; i < out->column_count; i++) {
		if (i + 1 < out->column_count)
			printf("%-*s ", widths[i], text_of(values[i]));
		else
			printf("%s\n", text_of(values[i]));
	}
}

static void
print_table(const struct output *out)
{
	int *widths = mem_alloc(sizeof(*widths) * out->column_count);

	for (unsigned i = 0; i < out->column_count; i++) {
		widths[i] = (int)strlen(out->columns[i]);
		for (unsigned r = 0; r < out->row_count; r++) {
			int len = (int)strlen(text_of(out->rows[r][i]));

			if (len > widths[i])
				widths[i] = len;
		}
	}
	print_padded(out, out->columns, widths);
	for (unsigned r = 0; r < out->row_count; r++)
		print_padded(out, out->rows[r], widths);
	free(widths);
}

static void
print_flow(const struct output *out)
{
	for (unsigned r = 0; r < out->row_count; r++) {
		for (unsigned i = 0; i < out->column_count; i++)
			printf("%s%s=%s", i > 0 ? " " : "", out->columns[i],
			       text_of(out->rows[r][i]));
		putchar('\n');
	}
}

static void
print_escaped(const char *value)
{
	for (; *value != '\0'; value++) {
		if (*value == '\t')
			fputs("\\t", stdout);
		else if (*value == '\n')
			fputs("\\n", stdout);
		else if (*value == '\\')
			fputs("\\\\", stdout);
		else
			putchar(*value);
	}
}

static void
print_tabbed(const struct output *out, const char *const *values)
{
	for (unsigned i = 0; i < out->column_count; i++) {
		if (i > 0)
			putchar('\t');
		print_escaped(text_of(values[i]));
	}
	putchar('\n');
}

static void
print_tab(const struct output *out)
{
	print_tabbed(out, out->columns);
	for (unsigned r = 0; r < out->row_count; r++)
		print_tabbed(out, out->rows[r]);
}

/* A JSON string; octets that are no UTF-8 become '?'. */
static json_t *
json_text(const char *value)
{
	json_t *text;
	char *copy;

	if (value == NULL)
		return json_null();
	text = json_string(value);
	if (text != NULL)
		return text;
	copy = mem_strdup(value);
	for (char *p = copy; *p != '\0'; p++) {
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	}
	text = json_string(copy);
	free(copy);
	return text;
}

static void
print_json(const struct output *out)
{
	json_t *list = json_array();

	for (unsigned r = 0; r < out->row_count; r++) {
		json_t *object = json_object();

		for (unsigned i = 0; i < out->column_count; i++)
			(void)json_object_set_new(object, out->columns[i],
				json_text(out->rows[r][i]));
		(void)json_array_append_new(list, object);
	}
	(void)json_dumpf(list, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(list);
}

int
output_finish(struct output **outp)
{
	struct output *out = *outp;

	switch (out->format) {
	case OUTPUT_FLOW:
		print_flow(out);
		break;
	case OUTPUT_TAB:
		print_tab(out);
		break;
	case OUTPUT_JSON:
		print_json(out);
		break;
	case OUTPUT_UNSET:
	case OUTPUT_TABLE:
		print_table(out);
		break;
	}
	pool_free(&out->pool);
	free(out->rows);
	free(out);
	*outp = NULL;
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : -1;
}
