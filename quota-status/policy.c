/*
 * Requests; see policy.h.
 */
#include "quota-status/policy.h"

#include <string.h>

#include "core/err.h"
#include "core/num.h"
#include "core/pool.h"
#include "smtp/detail.h"
#include "smtp/path.h"

static void
set_recipient(struct policy_request *req, const char *value, size_t len,
	      struct pool *pool)
{
	if (req->recipient_seen)
		return;
	req->recipient_seen = true;
	if (len > 0 && memchr(value, '\0', len) == NULL)
		req->recipient = pool_strndup(pool, value, len);
}

/* What is no number is as good as nothing. */
static void
set_size(struct policy_request *req, const char *value, size_t len)
{
	req->size = 0;
	(void)num_u64_n(value, len, &req->size);
}

static bool
begins(const char *line, size_t len, const char *name, const char **value_r,
       size_t *value_len_r)
{
	size_t name_len = strlen(name);

	if (len < name_len || memcmp(line, name, name_len) != 0)
		return false;
	*value_r = line + name_len;
	*value_len_r = len - name_len;
	return true;
}

int
policy_line(struct policy_request *req, const char *line, size_t len,
	    struct pool *pool)
{
	const char *value;
	size_t value_len;

	if (len == 0)
		return 1;
	if (++req->lines > POLICY_LINES_MAX)
		return -1;
	if (begins(line, len, "recipient=", &value, &value_len))
		set_recipient(req, value, value_len, pool);
	else if (begins(line, len, "size=", &value, &value_len))
		set_size(req, value, value_len);
	return 0;
}

/* --- recipients --------------------------------------------------------- */

static bool
has_control(const char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return true;
	}
	return false;
}

/* "john smith@example.com": what stands before the last '@' is the local
   part, whatever it holds. */
static int
parse_inside(const char *text, struct pool *pool, struct smtp_path *path,
	     struct err *err)
{
	const char *at = strrchr(text, '@');

	if (has_control(text) || *text == '<' || *text == '"' ||
	    (at != NULL && !smtp_domain_valid(at + 1)))
		return err_set(err, ERR_PROTO, "Invalid recipient address");
	path->domain = at != NULL ? pool_strdup(pool, at + 1) : NULL;
	path->localpart = at == NULL ? pool_strdup(pool, text) :
		pool_strndup(pool, text, (size_t)(at - text));
	return 0;
}

int
policy_user(const char *recipient, const char *delimiters, struct pool *pool,
	    const char **name_r, struct err *err)
{
	const char *end = recipient, *user, *detail;
	struct smtp_path path;
	bool written = smtp_path_parse(&end, SMTP_PATH_BARE, pool, &path,
				       err) == 0 && *end == '\0';

	if (!written && parse_inside(recipient, pool, &path, err) < 0)
		return -1;
	smtp_detail_split(path.localpart, delimiters, pool, &user, &detail);
	if (!smtp_name_is_safe(user) ||
	    (path.domain != NULL && !smtp_name_is_safe(path.domain)))
		*name_r = "";
	else
		*name_r = smtp_user_name(user, path.domain, pool);
	return 0;
}
