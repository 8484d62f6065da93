/* Passing a session on as it is: loft-send --relay. */
#ifndef LOFT_CTL_RELAY_H
#define LOFT_CTL_RELAY_H

#include "core/clock.h"

struct err;
struct stream;

/* Between standard input and output and a connected stream (`fd` is its
   socket), until the server closes. Where nothing moves for timeout_ms it ends
   with -1. */
int relay_run(struct stream *stream, int fd, int64_t timeout_ms,
	      struct err *err);

#endif
