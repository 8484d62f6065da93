/*
 * Mail with binary parts (RFC 3030, BINARYMIME) for storage whose lines end
 * in LF: parts labelled binary become base64, octet for octet; everything
 * else passes as it is. Works on the stream, in bounded memory.
 */
#ifndef LOFT_MAIL_BINARY_H
#define LOFT_MAIL_BINARY_H

#include <stddef.h>

struct binary;
struct err;
struct str;

/* For one message. Owned by the caller. */
struct binary *binary_new(void);
void binary_free(struct binary **bp);

/* Append to `out` what the next octets become. -1 with ERR_PERM: its structure
   is beyond what can be followed. */
int binary_feed(struct binary *b, const void *data, size_t len,
		struct str *out, struct err *err);

/* The message ends here. */
int binary_end(struct binary *b, struct str *out, struct err *err);

#endif
