/*
 * Errors as values. Functions that can fail take a struct err of the
 * caller's, fill it and return -1; whoever handles the error logs it, once.
 * The kind decides the reply code or exit status, in one place per program.
 */
#ifndef LOFT_CORE_ERR_H
#define LOFT_CORE_ERR_H

#include <stdarg.h>

enum err_kind {
	ERR_TEMP = 0,	/* try again later; what is unknown is temporary */
	ERR_PERM,	/* never for our own trouble */
	ERR_NOUSER,	/* nobody of that name here */
	ERR_NOTFOUND,	/* no such mailbox, file or entry */
	ERR_QUOTA,	/* no room for this user */
	ERR_TOOBIG,	/* larger than a limit allows */
	ERR_LOOP,	/* the message goes round in circles */
	ERR_CONFIG,	/* the configuration can't be used */
	ERR_PROTO,	/* the peer broke the protocol */
	ERR_USAGE,	/* wrong arguments */
};

struct err {
	enum err_kind kind;
	char text[1024];	/* call, object and cause; one line */
};

/* Set kind and text; always -1, so that callers can return it. */
int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int err_vset(struct err *err, enum err_kind kind, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

/* A failed call: text is "<fmt> failed: <strerror(errno)>", kind ERR_TEMP. */
int err_sys(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A failed call on a path: "open(/srv/m/alice/tmp) failed: Permission denied
   (euid=1000(alice) egid=1000(alice) missing +x perm: /srv/m, dir owned by
   0:0 mode=0700)". The part in brackets is added for EACCES and names the
   first directory, or the object, that refuses the effective ids. */
int err_path(struct err *err, const char *call, const char *path);

/* Put text in front of what err already says: "<fmt>: <text>". Always -1. */
int err_prefix(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
