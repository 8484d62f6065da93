/*
 * The SASL mechanisms: one row each.
 */
#include "auth/mech.h"

#include <strings.h>

static const struct mech *const mechs[] = { &mech_plain, &mech_login };

const struct mech *
mech_find(const char *name)
{
	for (size_t i = 0; i < sizeof(mechs) / sizeof(*mechs); i++)
		if (strcasecmp(mechs[i]->name, name) == 0)
			return mechs[i];
	return NULL;
}
