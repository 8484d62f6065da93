/*
 * Printing a configuration as doveconf does: for `loft -n`, `loft -a` and
 * `loftctl config`.
 */
#ifndef LOFT_CONF_PRINT_H
#define LOFT_CONF_PRINT_H

#include <stdbool.h>
#include <stdio.h>

#include "conf/scope.h"

struct conf;
struct err;

enum conf_print_what {
	CONF_PRINT_CHANGED,	/* -n: what differs from the defaults */
	CONF_PRINT_SET,		/* -N: what stands in the files */
	CONF_PRINT_ALL,		/* -a: that and the defaults */
	CONF_PRINT_DEFAULTS,	/* -d: the defaults alone */
	CONF_PRINT_UNUSED,	/* --unused: what Loft has no use for */
};

struct conf_print {
	enum conf_print_what what;
	bool values_only;	/* -h: no names */
	bool secrets;		/* -P: passwords and keys, too */
	bool expand;		/* -x: $names expanded, <files read */
	struct scope scope;	/* -f: as it is in this scope */
	/* Settings or sections by their paths ("plugin/quota", "service/lmtp")
	   up to NULL; NULL or an empty list: everything, under a heading. */
	const char *const *names;
};

/* Print. -1 with err when a file can't be read (expand only). A name nobody
   knows prints nothing, as in doveconf, but is told on stderr; 1 is returned
   then. */
int conf_print(const struct conf *conf, const struct conf_print *how,
	       FILE *out, struct err *err);

/* Load `file`, tell errors and warnings on stderr, print to stdout. Returns
   the exit status: 0, 64 for a name nobody knows, 89 for errors in the
   configuration. */
int conf_print_main(const char *file, const struct conf_print *how);

#endif
