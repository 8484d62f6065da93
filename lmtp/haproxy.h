/*
 * Clients that come through a proxy: who they are is told by its header.
 */
#ifndef LOFT_LMTP_HAPROXY_H
#define LOFT_LMTP_HAPROXY_H

#include <stdbool.h>

struct conf;
struct err;
struct service_client;

/* Read the settings, once; they serve all clients of the process. */
int lmtp_haproxy_init(const struct conf *conf, struct err *err);

/* Read the header and put the real addresses into the client. False after a
   line in the log: the connection is to be closed. */
bool lmtp_haproxy_accept(struct service_client *client);

#endif
