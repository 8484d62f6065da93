/*
 * TLS as a layer of a stream, over OpenSSL. A context is what many
 * connections share: certificates, keys, rules. It is made once, before a
 * template forks; all contexts of a process have the same ticket keys, so
 * that a session goes on at any of its children. SIGPIPE must be ignored.
 */
#ifndef LOFT_IO_TLS_H
#define LOFT_IO_TLS_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct stream;
struct tls;
struct tls_context;

/* As the ssl_* settings of these names have it; "" is not set. Certificates
   and keys are PEM text. */
struct tls_config {
	const char *cert, *key, *alt_cert, *alt_key, *key_password;
	const char *ca, *dh;
	const char *min_protocol, *cipher_list, *cipher_suites, *curve_list;
	const char *options;
	bool prefer_server_ciphers;
	bool verify_client_cert;	/* ask for one, and check it */
	bool require_client_cert;	/* no connection without a good one */
	bool require_crl;
};

/* For a server. NULL with an error that names the setting. */
struct tls_context *tls_context_server(const struct tls_config *config,
				       struct err *err);

/* For a client. The server's certificate is checked when `verify`, against
   the certificates in ca_file and ca_dir (one per file, as openssl-rehash(1)
   names them), or the system's where both are NULL. */
struct tls_context *tls_context_client(const char *ca_file,
				       const char *ca_dir, bool verify,
				       struct err *err);
void tls_context_free(struct tls_context **ctxp);

/* The context for a name that the client asks for; NULL: the one it has. */
typedef struct tls_context *tls_by_name_fn(void *arg, const char *name);

/*
 * Put TLS over a stream; what follows is stream_handshake(). The layer is the
 * stream's, and goes with it or by stream_end(). by_name may be NULL. NULL
 * with err: no memory, or the like.
 */
struct tls *tls_accept(struct stream *s, int fd_in, int fd_out,
		       struct tls_context *ctx, tls_by_name_fn *by_name,
		       void *arg, struct err *err);

/* The client's side; name is the server's, for SNI and the check, or NULL. */
struct tls *tls_connect(struct stream *s, int fd_in, int fd_out,
			struct tls_context *ctx, const char *name,
			struct err *err);

/* Why a call failed with EPROTO; "" when none did. */
const char *tls_error(const struct tls *tls);

/* "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)". */
void tls_describe(const struct tls *tls, char *buf, size_t size);

/* The name that the client asked for; "" for none. */
const char *tls_server_name(const struct tls *tls);

/* Is it the continuation of an earlier session? */
bool tls_resumed(const struct tls *tls);

/* What is known of the client's certificate. */
enum tls_peer { TLS_PEER_NONE, TLS_PEER_INVALID, TLS_PEER_VALID };
enum tls_peer tls_peer_cert(const struct tls *tls);

/* A field ("commonName") of its subject; false when there is none, or one
   that doesn't fit or holds a NUL. */
bool tls_peer_name(const struct tls *tls, const char *field, char *buf,
		   size_t size);

/* Why it is not valid. */
const char *tls_peer_error(const struct tls *tls);

#endif
