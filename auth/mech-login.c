/*
 * SASL LOGIN, as old clients still want it: user and password in a response
 * each.
 */
#include <string.h>

#include "auth/mech.h"
#include "core/pool.h"

static enum mech_step
login_step(struct mech_state *state, const char *data, size_t len)
{
	if (data == NULL) {
		state->challenge = "Username:";
		return MECH_MORE;
	}
	if (memchr(data, '\0', len) != NULL)
		return MECH_BROKEN;
	if (state->user == NULL) {
		state->user = pool_strdup(state->pool, data);
		state->challenge = "Password:";
		return MECH_MORE;
	}
	state->password = pool_strdup(state->pool, data);
	return MECH_DONE;
}

const struct mech mech_login = { "LOGIN", "plaintext", login_step };
