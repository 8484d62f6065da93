/*
 * The drivers of userdb: one row each.
 */
#include <string.h>

#include "auth/auth.h"
#include "auth/drivers.h"

static const struct userdb_driver *const drivers[] = {
	&userdb_passwd,
	&userdb_passwd_file,
	&userdb_prefetch,
	&userdb_static,
};

const struct userdb_driver *
userdb_driver_find(const char *name)
{
	for (size_t i = 0; i < sizeof(drivers) / sizeof(*drivers); i++)
		if (strcmp(drivers[i]->name, name) == 0)
			return drivers[i];
	return &userdb_absent;
}
