/* Checking passwords against what databases store. */
#ifndef LOFT_AUTH_PASSWORD_H
#define LOFT_AUTH_PASSWORD_H

struct err;

/* Is `password` the one of `stored`, "{SCHEME}hash" or a hash of the default
   scheme? 1 yes, 0 no, -1 with err for an unknown scheme or a hash that is
   none. Neither password nor hash ever stands in err. */
int password_verify(const char *password, const char *stored,
		    const char *default_scheme, struct err *err);

#endif
