/*
 * TLS connections; see tls.h. Contexts are made in tls-context.c.
 */
#include "io/tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "core/err.h"
#include "core/ip.h"
#include "core/pool.h"
#include "io/stream.h"
#include "io/tls-private.h"

struct tls {
	SSL *ssl;
	tls_by_name_fn *by_name;
	void *arg;
	bool failed;		/* nothing more can be said */
	char error[256];
};

static void
set_error(struct tls *tls)
{
	unsigned long code = ERR_peek_last_error();
	char text[160] = "protocol error";

	tls->failed = true;
	if (code != 0)
		ERR_error_string_n(code, text, sizeof(text));
	(void)snprintf(tls->error, sizeof(tls->error), "%s failed: %s",
		       SSL_is_init_finished(tls->ssl) ? "TLS" :
		       SSL_is_server(tls->ssl) ? "SSL_accept()" :
		       "SSL_connect()", text);
	errno = EPROTO;
}

/* What a call's failure means: 0 for the end of input, else -1 with errno. */
static int
failed(struct tls *tls, int result, short *want)
{
	int saved_errno = errno;

	switch (SSL_get_error(tls->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		*want = POLLIN;
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_WANT_WRITE:
		*want = POLLOUT;
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		tls->failed = true;
		errno = saved_errno;
		return saved_errno == 0 ? 0 : -1;
	default:
		set_error(tls);
		return -1;
	}
}

static int
layer_handshake(void *ctx, short *want)
{
	struct tls *tls = ctx;
	int result;

	ERR_clear_error();
	errno = 0;
	result = SSL_do_handshake(tls->ssl);
	if (result == 1)
		return 0;
	if (failed(tls, result, want) == 0)
		errno = ECONNRESET;	/* the peer went away */
	return -1;
}

static ssize_t
layer_read(void *ctx, void *data, size_t size, short *want)
{
	struct tls *tls = ctx;
	size_t n;
	int result;

	ERR_clear_error();
	errno = 0;
	result = SSL_read_ex(tls->ssl, data, size, &n);
	return result == 1 ? (ssize_t)n : failed(tls, result, want);
}

static ssize_t
layer_write(void *ctx, const void *data, size_t len, short *want)
{
	struct tls *tls = ctx;
	size_t n;
	int result;

	/* Nothing can be said to a peer who doesn't come to terms. */
	if (!SSL_is_init_finished(tls->ssl)) {
		errno = ENOTCONN;
		return -1;
	}
	ERR_clear_error();
	errno = 0;
	result = SSL_write_ex(tls->ssl, data, len, &n);
	if (result == 1)
		return (ssize_t)n;
	if (failed(tls, result, want) == 0)
		errno = EPIPE;
	return -1;
}

static bool
layer_pending(void *ctx)
{
	struct tls *tls = ctx;

	return SSL_has_pending(tls->ssl) == 1;
}

static void
layer_end(void *ctx)
{
	struct tls *tls = ctx;

	/* The peer's answer isn't waited for: LMTP says itself when a
	   session, and a message, is complete. */
	if (!tls->failed && SSL_is_init_finished(tls->ssl))
		(void)SSL_shutdown(tls->ssl);
	ERR_clear_error();
}

static void
layer_free(void *ctx)
{
	struct tls *tls = ctx;

	SSL_free(tls->ssl);
	free(tls);
}

static const struct stream_layer layer = {
	.handshake = layer_handshake,
	.read = layer_read,
	.write = layer_write,
	.pending = layer_pending,
	.end = layer_end,
	.free = layer_free,
};

static struct tls *
tls_new(struct stream *s, int fd_in, int fd_out, struct tls_context *ctx,
	struct err *err)
{
	struct tls *tls = mem_alloc(sizeof(*tls));
	const int on = 1;

	tls->ssl = SSL_new(ctx->ssl);
	if (tls->ssl == NULL || SSL_set_rfd(tls->ssl, fd_in) != 1 ||
	    SSL_set_wfd(tls->ssl, fd_out) != 1) {
		SSL_free(tls->ssl);
		free(tls);
		(void)err_set(err, ERR_TEMP, "SSL_new() failed");
		ERR_clear_error();
		return NULL;
	}
	SSL_set_app_data(tls->ssl, tls);
	/* A ticket and a reply are two small writes; the second shall not wait
	   for an ACK. Not every stream is TCP. */
	(void)setsockopt(fd_out, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	stream_set_layer(s, &layer, tls);
	return tls;
}

struct tls *
tls_accept(struct stream *s, int fd_in, int fd_out, struct tls_context *ctx,
	   tls_by_name_fn *by_name, void *arg, struct err *err)
{
	struct tls *tls = tls_new(s, fd_in, fd_out, ctx, err);

	if (tls == NULL)
		return NULL;
	tls->by_name = by_name;
	tls->arg = arg;
	SSL_set_accept_state(tls->ssl);
	return tls;
}

/* An address is checked as one, and not sent: RFC 6066 has names only. */
static bool
set_name(SSL *ssl, const char *name)
{
	struct ip ip;

	if (ip_parse(name, &ip))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl),
						     name) == 1;
	/* What SSL_set_tlsext_host_name() does, without its cast. */
	return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME,
			TLSEXT_NAMETYPE_host_name,
			(void *)(uintptr_t)name) == 1 &&
		SSL_set1_host(ssl, name) == 1;
}

struct tls *
tls_connect(struct stream *s, int fd_in, int fd_out, struct tls_context *ctx,
	    const char *name, struct err *err)
{
	struct tls *tls = tls_new(s, fd_in, fd_out, ctx, err);

	if (tls == NULL)
		return NULL;
	SSL_set_connect_state(tls->ssl);
	if (name != NULL && !set_name(tls->ssl, name)) {
		ERR_clear_error();
		(void)err_set(err, ERR_TEMP, "%s: not a name for TLS", name);
		return NULL;	/* the stream has the layer, and fails */
	}
	return tls;
}

int
tls_on_server_name(SSL *ssl, int *alert, void *arg)
{
	struct tls *tls = SSL_get_app_data(ssl);
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	struct tls_context *ctx = NULL;

	if (name == NULL || tls == NULL || tls->by_name == NULL)
		return SSL_TLSEXT_ERR_NOACK;
	ctx = tls->by_name(tls->arg, name);
	if (ctx == NULL)
		return SSL_TLSEXT_ERR_OK;
	/* Certificates follow the context; the rules have to be told. */
	SSL_set_SSL_CTX(ssl, ctx->ssl);
	SSL_clear_options(ssl, SSL_get_options(ssl));
	SSL_set_options(ssl, SSL_CTX_get_options(ctx->ssl));
	(void)SSL_set1_param(ssl, SSL_CTX_get0_param(ctx->ssl));
	SSL_set_verify(ssl, SSL_CTX_get_verify_mode(ctx->ssl),
		       SSL_CTX_get_verify_callback(ctx->ssl));
	return SSL_TLSEXT_ERR_OK;
}

const char *
tls_error(const struct tls *tls)
{
	return tls->error;
}

void
tls_describe(const struct tls *tls, char *buf, size_t size)
{
	int all_bits = 0, bits = SSL_get_cipher_bits(tls->ssl, &all_bits);

	(void)snprintf(buf, size, "%s with cipher %s (%d/%d bits)",
		       SSL_get_version(tls->ssl), SSL_get_cipher(tls->ssl),
		       bits, all_bits);
}

const char *
tls_server_name(const struct tls *tls)
{
	const char *name = SSL_get_servername(tls->ssl,
					      TLSEXT_NAMETYPE_host_name);

	return name != NULL ? name : "";
}

bool
tls_resumed(const struct tls *tls)
{
	return SSL_session_reused(tls->ssl) == 1;
}

enum tls_peer
tls_peer_cert(const struct tls *tls)
{
	if (SSL_get0_peer_certificate(tls->ssl) == NULL)
		return TLS_PEER_NONE;
	return SSL_get_verify_result(tls->ssl) == X509_V_OK ?
		TLS_PEER_VALID : TLS_PEER_INVALID;
}

bool
tls_peer_name(const struct tls *tls, const char *field, char *buf,
	      size_t size)
{
	X509 *cert = SSL_get0_peer_certificate(tls->ssl);
	int nid = OBJ_txt2nid(field), at, len;
	const X509_NAME *name;
	unsigned char *text;
	bool ok;

	if (cert == NULL || nid == NID_undef)
		return false;
	name = X509_get_subject_name(cert);
	at = X509_NAME_get_index_by_NID(name, nid, -1);
	if (at < 0)
		return false;
	len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(
		X509_NAME_get_entry(name, at)));
	if (len < 0)
		return false;
	ok = len > 0 && (size_t)len < size &&
		memchr(text, '\0', (size_t)len) == NULL;
	if (ok) {
		memcpy(buf, text, (size_t)len);
		buf[len] = '\0';
	}
	OPENSSL_free(text);
	return ok;
}

const char *
tls_peer_error(const struct tls *tls)
{
	return X509_verify_cert_error_string(SSL_get_verify_result(tls->ssl));
}
