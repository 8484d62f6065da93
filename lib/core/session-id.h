/*
 * Names of sessions, in logs and trace fields: 22 characters of base64,
 * unlike any other on any host.
 */
#ifndef LOFT_CORE_SESSION_ID_H
#define LOFT_CORE_SESSION_ID_H

struct pool;

enum { SESSION_ID_LEN = 22 };

/* A new one, in pool: made of the time, the process and the host. */
const char *session_id_new(struct pool *pool);

#endif
