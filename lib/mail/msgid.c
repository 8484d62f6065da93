/*
 * Message-IDs; see msgid.h.
 */
#include "mail/msgid.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/pool.h"

/* The '>' that closes what begins at p, and whether an '@' came before. */
static const char *
find_end(const char *p, bool *at_r)
{
	bool quoted = false;

	*at_r = false;
	for (; *p != '\0'; p++) {
		if (quoted && *p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (*p == '@')
			*at_r = true;
		else if (*p == '>' && !quoted)
			return p;
	}
	return NULL;
}

const char *
msgid_parse(const char *value, struct pool *pool)
{
	const char *begin = value, *end;
	bool at;

	while ((begin = strchr(begin, '<')) != NULL) {
		end = find_end(begin + 1, &at);
		if (end == NULL)
			return NULL;
		if (at) {
			return pool_memdup(pool, begin,
					   (size_t)(end + 1 - begin));
		}
		begin = end;
	}
	return NULL;
}

const char *
msgid_new(const char *host, struct pool *pool)
{
	static unsigned count;
	struct timeval now = clock_wall();

	return pool_printf(pool, "<loft-%lld-%ld-%ld-%u@%s>",
			   (long long)now.tv_sec, (long)now.tv_usec,
			   (long)getpid(), ++count, host);
}
