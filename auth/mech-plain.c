/*
 * SASL PLAIN (RFC 4616): authzid NUL user NUL password in one response. To
 * act for others (an authzid that isn't the user) is not offered.
 */
#include <string.h>

#include "auth/mech.h"
#include "core/pool.h"

static enum mech_step
plain_step(struct mech_state *state, const char *data, size_t len)
{
	const char *user, *password, *end;

	if (data == NULL) {
		state->challenge = "";
		return MECH_MORE;
	}
	end = data + len;
	user = memchr(data, '\0', len);
	if (user == NULL)
		return MECH_BROKEN;
	user++;
	password = memchr(user, '\0', (size_t)(end - user));
	if (password == NULL)
		return MECH_BROKEN;
	password++;
	if (memchr(password, '\0', (size_t)(end - password)) != NULL)
		return MECH_BROKEN;
	if (*data != '\0' && strcmp(data, user) != 0)
		return MECH_BROKEN;
	state->user = pool_strdup(state->pool, user);
	state->password = pool_strdup(state->pool, password);
	return MECH_DONE;
}

const struct mech mech_plain = { "PLAIN", "plaintext", plain_step };
