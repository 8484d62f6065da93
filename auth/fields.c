/*
 * Lists of fields; see fields.h.
 */
#include "auth/fields.h"

#include <string.h>

#include "core/pool.h"
#include "core/str.h"
#include "user/wire.h"

void
fields_init(struct fields *fields, struct pool *pool)
{
	*fields = (struct fields){ .pool = pool };
}

static struct field *
find(const struct fields *fields, const char *name)
{
	for (size_t i = 0; i < fields->count; i++)
		if (strcmp(fields->list[i].name, name) == 0)
			return &fields->list[i];
	return NULL;
}

static struct field *
add(struct fields *fields)
{
	if (fields->count == fields->cap) {
		size_t cap = fields->cap > 0 ? fields->cap * 2 : 16;
		struct field *list = pool_new_array(fields->pool,
						    struct field, cap);

		for (size_t i = 0; i < fields->count; i++)
			list[i] = fields->list[i];
		fields->list = list;
		fields->cap = cap;
	}
	return &fields->list[fields->count++];
}

void
fields_set(struct fields *fields, const char *name, const char *value)
{
	struct field *field = find(fields, name);

	if (field == NULL) {
		field = add(fields);
		field->name = pool_strdup(fields->pool, name);
	}
	field->value = pool_strdup(fields->pool, value);
}

void
fields_default(struct fields *fields, const char *name, const char *value)
{
	if (find(fields, name) == NULL)
		fields_set(fields, name, value);
}

void
fields_set_word(struct fields *fields, const char *word, bool replace)
{
	size_t len = strcspn(word, "=");
	char *name = pool_memdup(fields->pool, word, len);
	const char *value = word[len] == '=' ? word + len + 1 : NULL;

	if (len == 0)
		return;
	if (replace)
		fields_set(fields, name, value);
	else
		fields_default(fields, name, value);
}

const char *
fields_find(const struct fields *fields, const char *name)
{
	const struct field *field = find(fields, name);

	if (field == NULL)
		return NULL;
	return field->value != NULL ? field->value : "";
}

void
fields_copy(struct fields *to, const struct fields *from)
{
	to->count = 0;
	for (size_t i = 0; i < from->count; i++)
		*add(to) = (struct field){
			pool_strdup(to->pool, from->list[i].name),
			pool_strdup(to->pool, from->list[i].value),
		};
}

void
fields_append(const struct fields *fields, struct str *line)
{
	for (size_t i = 0; i < fields->count; i++) {
		wire_append_word(line, fields->list[i].name);
		if (fields->list[i].value != NULL) {
			str_append_c(line, '=');
			wire_append(line, fields->list[i].value);
		}
	}
}
