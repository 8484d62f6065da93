/*
 * Words of name=value with variables; see template.h.
 */
#include "auth/template.h"

#include <string.h>

#include "core/err.h"
#include "core/pool.h"
#include "user/user.h"

static int
number_id(struct template_word *word, struct pool *pool, struct err *err)
{
	bool is_uid = strcmp(word->name, "uid") == 0;
	uid_t uid;
	gid_t gid;

	if (!is_uid && strcmp(word->name, "gid") != 0)
		return 0;
	if (word->value == NULL || strchr(word->value, '%') != NULL)
		return 0;
	if (is_uid ? user_id_parse(word->value, &uid, err) < 0 :
	    user_gid_parse(word->value, &gid, err) < 0) {
		err->kind = ERR_CONFIG;
		return -1;
	}
	word->value = pool_printf(pool, "%u", is_uid ? (unsigned)uid :
				  (unsigned)gid);
	return 0;
}

int
template_parse(const char *args, struct pool *pool,
	       struct template *template_r, struct err *err)
{
	char *rest = pool_strdup(pool, args), *text;
	struct template template = {
		pool_new_array(pool, struct template_word, strlen(args) + 1),
		0,
	};

	while ((text = strsep(&rest, " \t")) != NULL) {
		struct template_word *word = &template.words[template.count];

		if (*text == '\0')
			continue;
		word->name = strsep(&text, "=");
		word->value = text;
		if (number_id(word, pool, err) < 0)
			return -1;
		template.count++;
	}
	*template_r = template;
	return 0;
}

const char *
template_take(struct template *template, const char *name)
{
	for (size_t i = 0; i < template->count; i++) {
		const char *value = template->words[i].value;

		if (strcmp(template->words[i].name, name) != 0)
			continue;
		template->count--;
		for (; i < template->count; i++)
			template->words[i] = template->words[i + 1];
		return value != NULL ? value : "";
	}
	return NULL;
}

enum auth_result
template_apply(const struct template *template, struct auth_request *req,
	       const char *driver, template_add_fn *add)
{
	for (size_t i = 0; i < template->count; i++) {
		const char *value = template->words[i].value;

		if (value != NULL) {
			value = auth_request_expand(req, value, driver);
			if (value == NULL)
				return AUTH_TROUBLE;
		}
		add(req, template->words[i].name, value, true);
	}
	return AUTH_OK;
}
