/*
 * Sockets of clients: connections to a path, to a host, to a command. Each
 * gives a non-blocking, close-on-exec descriptor for stream_new(), or -1
 * with err (ERR_TEMP).
 */
#ifndef LOFT_IO_SOCK_H
#define LOFT_IO_SOCK_H

#include <sys/types.h>

#include "core/clock.h"

struct err;

int sock_connect_unix(const char *path, struct err *err);

/* Every address of the host is tried in turn. port is a number or a service
   name. */
int sock_connect_inet(const char *host, const char *port, deadline_t deadline,
		      struct err *err);

/* `/bin/sh -c command` with a socket as its standard input and output. */
int sock_connect_command(const char *command, pid_t *pid_r, struct err *err);

#endif
