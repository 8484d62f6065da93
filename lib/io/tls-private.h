/* What tls.c and tls-context.c share. */
#ifndef LOFT_IO_TLS_PRIVATE_H
#define LOFT_IO_TLS_PRIVATE_H

#include <openssl/ssl.h>

struct tls_context {
	SSL_CTX *ssl;
};

/* The client asks for a certificate by name. */
int tls_on_server_name(SSL *ssl, int *alert, void *arg);

#endif
