/*
 * What a client of a script service asks for, in Dovecot's script protocol:
 *
 *	VERSION <tab> script <tab> 4 <tab> 0
 *	[alarm=SECONDS]
 *	[env_NAME=VALUE] ...
 *	noreply, or any other word
 *	ARGUMENT ...
 *	(an empty line; what follows is the program's standard input)
 *
 * Unless noreply was said, what the program wrote is followed by "+" or "-"
 * and LF: did it end with status 0?
 */
#ifndef LOFT_SCRIPT_REQUEST_H
#define LOFT_SCRIPT_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "core/clock.h"

struct err;
struct pool;
struct str;

enum {
	REQUEST_MAX = 128 << 10,	/* octets before the empty line */
	REQUEST_LINES_MAX = 4096,
};

struct request {
	unsigned alarm;		/* seconds; 0: the client named none */
	bool noreply;
	char **env;		/* NAME=VALUE, those that are accepted */
	const char **args;	/* both NULL-terminated */
};

/* Read up to and with the empty line, and not an octet more: the rest is for
   the program. -1: cut off, too long, too slow, or we were told to stop. */
int request_read(int fd, deadline_t deadline, struct str *text,
		 struct err *err);

/* Take it apart. `accepted` are the variables that clients may set. Strings
   live in pool. */
int request_parse(const char *text, size_t len, const char *const *accepted,
		  struct pool *pool, struct request *req, struct err *err);

#endif
