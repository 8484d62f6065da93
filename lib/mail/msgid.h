/*
 * Message-IDs: found in a header, and made.
 */
#ifndef LOFT_MAIL_MSGID_H
#define LOFT_MAIL_MSGID_H

struct pool;

/* The first "<left@right>" in a field's value, with its brackets, in pool;
   NULL when there is none. */
const char *msgid_parse(const char *value, struct pool *pool);

/* A new one, "<loft-SEC-USEC-PID-N@host>", in pool. */
const char *msgid_new(const char *host, struct pool *pool);

#endif
