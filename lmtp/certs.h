/*
 * Which certificate, key and rules of TLS are for whom: a context for each
 * set of ssl_* settings that the configuration makes of its `local` and
 * `local_name` blocks. They are made before the first client, so that what is
 * wrong is known at start, and sessions go on at any worker.
 */
#ifndef LOFT_LMTP_CERTS_H
#define LOFT_LMTP_CERTS_H

struct conf;
struct err;
struct scope;
struct tls_context;

/* Make all of them. -1: a certificate or a rule can't be used. */
int lmtp_certs_init(const struct conf *conf, struct err *err);

/* The one for this scope. 0 with NULL: no TLS for him (also when
   lmtp_certs_init() wasn't called: by hand there are no keys). */
int lmtp_certs_get(const struct conf *conf, const struct scope *scope,
		   struct tls_context **ctx_r, struct err *err);

#endif
