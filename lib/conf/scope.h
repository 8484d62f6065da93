/*
 * For whom a setting is asked: which protocol, which addresses. Blocks such
 * as `protocol lmtp { }`, `local 10.0.0.1 { }`, `remote 10.0.0.0/8 { }` count
 * where their filter fits; the more specific one wins, as in Dovecot.
 */
#ifndef LOFT_CONF_SCOPE_H
#define LOFT_CONF_SCOPE_H

#include "core/ip.h"

struct scope {
	const char *protocol;	/* "lmtp", "lda"; NULL: outside of any */
	const char *local_name;	/* TLS SNI, or NULL */
	struct ip local, remote;/* zero: unknown, matches no address block */
};

extern const struct scope scope_global;	/* nothing known */

#endif
