/*
 * The drivers of passdb: one row each.
 */
#include <string.h>

#include "auth/auth.h"
#include "auth/drivers.h"

static const struct passdb_driver *const drivers[] = {
	&passdb_passwd,
	&passdb_passwd_file,
	&passdb_shadow,
	&passdb_static,
};

const struct passdb_driver *
passdb_driver_find(const char *name)
{
	for (size_t i = 0; i < sizeof(drivers) / sizeof(*drivers); i++)
		if (strcmp(drivers[i]->name, name) == 0)
			return drivers[i];
	return &passdb_absent;
}
