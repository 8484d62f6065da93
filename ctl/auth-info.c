/*
 * What loftctl's commands about users share; see auth-info.h.
 */
#include "ctl/auth-info.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/scope.h"
#include "conf/settings.h"
#include "core/err.h"
#include "core/num.h"
#include "core/pool.h"
#include "core/str.h"
#include "service/process-settings.h"
#include "user/user.h"

int
auth_info_parse(const char *text, struct user_request *req)
{
	const char *value = strchr(text, '=');
	size_t len = strcspn(text, "=");
	uint32_t port = 0;

	if (value == NULL)
		return -1;
	value++;
	if (len == 7 && strncmp(text, "service", len) == 0)
		req->service = value;
	else if (len == 3 && strncmp(text, "lip", len) == 0)
		req->local_ip = value;
	else if (len == 3 && strncmp(text, "rip", len) == 0)
		req->remote_ip = value;
	else if (!num_u32(value, &port))
		return -1;
	else if (len == 5 && strncmp(text, "lport", len) == 0)
		req->local_port = port;
	else if (len == 5 && strncmp(text, "rport", len) == 0)
		req->remote_port = port;
	else
		return -1;
	return 0;
}

const char *
auth_socket(const struct conf *conf, const char *option, const char *setting,
	    struct pool *pool)
{
	const char *path = option != NULL ? option : setting;
	const struct process_settings *set;
	struct err err;

	if (*path == '/')
		return path;
	set = settings_get(conf, &scope_global, "", &process_settings_info,
			   NULL, pool, &err);
	return pool_printf(pool, "%s/%s", set != NULL ? set->base_dir : "",
			   path);
}

static void
print_padded(const char *name, size_t len, int width, const char *value)
{
	printf("  %-*.*s%s%s\n", width, (int)len, name,
	       value != NULL ? ": " : "", value != NULL ? value : "");
}

void
print_userdb(const char *kind, const char *name, const char *first_name,
	     const char *first_value, const char *const *fields)
{
	size_t width = 10;

	for (const char *const *f = fields; *f != NULL; f++)
		if (strcspn(*f, "=") > width)
			width = strcspn(*f, "=");
	printf("%s: %s\n", kind, name);
	if (first_name != NULL)
		print_padded(first_name, strlen(first_name), (int)width,
			     first_value);
	for (; *fields != NULL; fields++) {
		size_t len = strcspn(*fields, "=");

		if (len > 0)
			print_padded(*fields, len, (int)width,
				     (*fields)[len] == '=' ?
				     *fields + len + 1 : NULL);
	}
}
