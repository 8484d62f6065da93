/*
 * The built-in text: the sections of the services Loft runs, as they stand
 * below whatever the operator writes. In Dovecot's form:
 *
 *	service lmtp {
 *	  protocol = lmtp
 *	  unix_listener lmtp { mode = 0666 }
 *	} …
 *
 * but already in paths, so that no program has to parse it at its start. The
 * values are those of Dovecot 2.3 (`doveconf -d service/lmtp`).
 */
#include <stddef.h>
#include <string.h>

#include "conf/conf-private.h"

#define INTERNAL_USER "$default_internal_user"
#define INTERNAL_GROUP "$default_internal_group"
#define NEVER "4294967295 secs"

/* Sorted by path. */
const struct builtin_entry builtin_entries[] = {
	{ "service/auth/client_limit", "0" },
	{ "service/auth/executable", "auth" },
	{ "service/auth/process_limit", "1" },
	{ "service/auth/unix_listener/auth-client/mode", "0600" },
	{ "service/auth/unix_listener/auth-client/user", INTERNAL_USER },
	{ "service/auth/unix_listener/auth-login/mode", "0600" },
	{ "service/auth/unix_listener/auth-login/user", INTERNAL_USER },
	{ "service/auth/unix_listener/auth-master/mode", "0600" },
	{ "service/auth/unix_listener/auth-userdb/mode", "0666" },
	{ "service/auth/unix_listener/auth-userdb/user", INTERNAL_USER },
	{ "service/auth/user", INTERNAL_USER },
	{ "service/lmtp/client_limit", "1" },
	{ "service/lmtp/executable", "lmtp" },
	{ "service/lmtp/extra_groups", INTERNAL_GROUP },
	{ "service/lmtp/protocol", "lmtp" },
	{ "service/lmtp/unix_listener/lmtp/mode", "0666" },
	{ "service/log/client_limit", "0" },
	{ "service/log/executable", "log" },
	{ "service/log/idle_kill", NEVER },
	{ "service/log/process_limit", "1" },
	{ "service/log/type", "log" },
	{ "service/log/unix_listener/log-errors/mode", "0600" },
	{ "service/stats/client_limit", "0" },
	{ "service/stats/executable", "stats" },
	{ "service/stats/idle_kill", NEVER },
	{ "service/stats/process_limit", "1" },
	{ "service/stats/unix_listener/stats-reader/mode", "0600" },
	{ "service/stats/unix_listener/stats-writer/group", INTERNAL_GROUP },
	{ "service/stats/unix_listener/stats-writer/mode", "0660" },
	{ "service/stats/user", INTERNAL_USER },
};

const size_t builtin_count =
	sizeof(builtin_entries) / sizeof(*builtin_entries);

const char *
builtin_get(const char *path)
{
	size_t low = 0, high = builtin_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int cmp = strcmp(path, builtin_entries[mid].path);

		if (cmp == 0)
			return builtin_entries[mid].value;
		if (cmp < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}
