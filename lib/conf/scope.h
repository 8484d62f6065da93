/*
 * For whom a setting is asked: which protocol, which addresses. Blocks such
 * as `protocol lmtp { }`, `local 10.0.0.1 { }`, `remote 10.0.0.0/8 { }` count
 * where their filter fits; the more specific one wins, as in Dovecot.
 */
#ifndef LOFT_CONF_SCOPE_H
#define LOFT_CONF_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/ip.h"

struct conf;
struct pool;

struct scope {
	const char *protocol;	/* "lmtp", "lda"; NULL: outside of any */
	const char *local_name;	/* TLS SNI, or NULL */
	struct ip local, remote;/* zero: unknown, matches no address block */
};

extern const struct scope scope_global;	/* nothing known */

/* Does the word of a protocol block ("lmtp", "!smtp", NULL for no block) fit? */
bool conf_protocol_fits(const char *word, const char *protocol);

/* For each block (`local`, `local_name`, `protocol` …) somebody to whom it
   applies, in pool: what has to be made for each before anyone comes. */
struct scope *conf_scopes(const struct conf *conf, struct pool *pool,
			  size_t *count_r);

#endif
