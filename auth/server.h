/*
 * The sockets of the auth process: listeners, connections, and the octets
 * between them and conn.c, all non-blocking over the event loop.
 */
#ifndef LOFT_AUTH_SERVER_H
#define LOFT_AUTH_SERVER_H

#include <stddef.h>

struct auth;
struct conn;
struct err;
struct loop;
struct server;
struct service_listener;

/* At most client_limit connections; the rest waits in the backlog. */
struct server *server_new(struct auth *auth, struct loop *loop,
			  unsigned client_limit);

/* Closes every connection. */
void server_free(struct server **serverp);

/* Accept from here. Its name says what it speaks, its mode and owner who may
   ask for whom. */
int server_listen(struct server *server,
		  const struct service_listener *listener, struct err *err);

/* Send the reply to a failed login after auth_failure_delay; without a server
   (tests) at once. */
void server_delay(struct conn *conn, const char *line, size_t len);

#endif
