/*
 * Users and details; see detail.h.
 */
#include "smtp/detail.h"

#include <string.h>

#include "core/pool.h"
#include "smtp/path.h"

void
smtp_detail_split(const char *localpart, const char *delimiters,
		  struct pool *pool, const char **user_r,
		  const char **detail_r)
{
	size_t len = strcspn(localpart, delimiters);

	*user_r = pool_strndup(pool, localpart, len);
	*detail_r = localpart[len] == '\0' ? "" : localpart + len + 1;
}

const char *
smtp_user_name(const char *user, const char *domain, struct pool *pool)
{
	if (domain == NULL)
		return user;
	if (strchr(user, '@') != NULL)
		return smtp_path_text(user, domain, pool);
	return pool_printf(pool, "%s@%s", user, domain);
}

bool
smtp_name_is_safe(const char *name)
{
	if (*name == '\0')
		return false;
	for (;;) {
		size_t len = strcspn(name, "/");

		if ((len == 1 && name[0] == '.') ||
		    (len == 2 && name[0] == '.' && name[1] == '.'))
			return false;
		if (name[len] == '\0')
			return true;
		name += len + 1;
	}
}
