/*
 * From settings to OpenSSL contexts; see tls.h. Every error names the setting
 * it is about.
 */
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include "core/err.h"
#include "core/pool.h"
#include "io/tls-private.h"
#include "io/tls.h"

enum { TICKET_SECS = 2 * 60 * 60 };

/* -1, with what the setting is, and why OpenSSL won't have it. */
static int
refused(struct err *err, const char *setting, const char *what)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

	(void)err_set(err, ERR_CONFIG, "%s: %s%s%s", setting, what,
		      reason != NULL ? ": " : "", reason != NULL ? reason : "");
	ERR_clear_error();
	return -1;
}

static BIO *
text_bio(const char *text)
{
	return BIO_new_mem_buf(text, -1);
}

/* --- certificates ------------------------------------------------------- */

/* A file's last line end is no part of a password. */
static int
give_password(char *buf, int size, int rwflag, void *arg)
{
	const char *password = arg;
	size_t len = strcspn(password, "\r\n");

	if (len == 0 || len > (size_t)size)
		return 0;
	memcpy(buf, password, len);
	return (int)len;
}

/* The certificate itself stands first, then those that lead to a root. */
static int
use_chain(SSL_CTX *ssl, const char *pem, const char *setting, struct err *err)
{
	BIO *bio = text_bio(pem);
	X509 *cert = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
	int result = 0;

	if (cert == NULL || SSL_CTX_use_certificate(ssl, cert) != 1)
		result = refused(err, setting, "not a usable certificate in "
				 "PEM");
	X509_free(cert);
	while (result == 0 &&
	       (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		if (SSL_CTX_add0_chain_cert(ssl, cert) != 1) {
			X509_free(cert);
			result = refused(err, setting, "not a usable chain of "
					 "certificates");
		}
	}
	/* The end of the text is an error to OpenSSL. */
	if (result == 0 && ERR_GET_REASON(ERR_peek_last_error()) !=
	    PEM_R_NO_START_LINE)
		result = refused(err, setting, "not a usable chain of "
				 "certificates");
	ERR_clear_error();
	BIO_free(bio);
	return result;
}

static int
use_key(SSL_CTX *ssl, const char *pem, const char *password,
	const char *setting, const char *cert_setting, struct err *err)
{
	BIO *bio = text_bio(pem);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, give_password,
						(void *)(uintptr_t)password);
	int result = 0;

	BIO_free(bio);
	if (key == NULL) {
		return refused(err, setting, *password != '\0' ?
			       "not a private key in PEM that "
			       "ssl_key_password opens" :
			       "not a private key in PEM");
	}
	if (SSL_CTX_use_PrivateKey(ssl, key) != 1 ||
	    SSL_CTX_check_private_key(ssl) != 1) {
		(void)refused(err, setting, "the key can't be used");
		result = err_prefix(err, "%s doesn't belong to %s", setting,
				    cert_setting);
	}
	EVP_PKEY_free(key);
	return result;
}

static int
use_pair(SSL_CTX *ssl, const char *cert, const char *key,
	 const char *password, bool alt, struct err *err)
{
	const char *cert_setting = alt ? "ssl_alt_cert" : "ssl_cert";
	const char *key_setting = alt ? "ssl_alt_key" : "ssl_key";

	if (*key == '\0')
		return err_set(err, ERR_CONFIG, "%s is set, but %s is not",
			       cert_setting, key_setting);
	if (use_chain(ssl, cert, cert_setting, err) < 0)
		return -1;
	return use_key(ssl, key, password, key_setting, cert_setting, err);
}

/* --- clients' certificates ---------------------------------------------- */

/* Whether a certificate is good is looked at behind the handshake. */
static int
accept_any(int ok, X509_STORE_CTX *ctx)
{
	return 1;
}

/* Certificates, and revocation lists among them. */
static int
read_ca(SSL_CTX *ssl, const char *pem, struct err *err)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ssl);
	BIO *bio = text_bio(pem);
	STACK_OF(X509_INFO) *list = PEM_X509_INFO_read_bio(bio, NULL, NULL,
							   NULL);
	int certs = 0;

	BIO_free(bio);
	for (int i = 0; i < sk_X509_INFO_num(list); i++) {
		const X509_INFO *info = sk_X509_INFO_value(list, i);

		if (info->x509 != NULL &&
		    X509_STORE_add_cert(store, info->x509) == 1 &&
		    SSL_CTX_add_client_CA(ssl, info->x509) == 1)
			certs++;
		if (info->crl != NULL)
			(void)X509_STORE_add_crl(store, info->crl);
	}
	sk_X509_INFO_pop_free(list, X509_INFO_free);
	if (certs == 0)
		return refused(err, "ssl_ca", "no certificate in PEM");
	ERR_clear_error();
	return 0;
}

static int
set_verify(SSL_CTX *ssl, const struct tls_config *config, struct err *err)
{
	int mode = SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE;

	if (!config->verify_client_cert && !config->require_client_cert)
		return 0;
	if (*config->ca == '\0')
		return err_set(err, ERR_CONFIG, "%s set, but ssl_ca not",
			       config->require_client_cert ?
			       "lmtp_require_client_cert" :
			       "ssl_verify_client_cert");
	if (read_ca(ssl, config->ca, err) < 0)
		return -1;
	if (config->require_crl)
		(void)X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ssl),
			X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	if (config->require_client_cert)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	SSL_CTX_set_verify(ssl, mode, config->require_client_cert ? NULL :
			   accept_any);
	return 0;
}

/* --- rules -------------------------------------------------------------- */

static int
set_min_protocol(SSL_CTX *ssl, const char *name, struct err *err)
{
	static const struct {
		const char *name;
		int version;
	} known[] = {
		{ "ANY", 0 },
		{ "SSLv3", SSL3_VERSION },
		{ "TLSv1", TLS1_VERSION },
		{ "TLSv1.1", TLS1_1_VERSION },
		{ "TLSv1.2", TLS1_2_VERSION },
		{ "TLSv1.3", TLS1_3_VERSION },
		{ "LATEST", TLS1_3_VERSION },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strcmp(known[i].name, name) == 0 &&
		    SSL_CTX_set_min_proto_version(ssl,
						  known[i].version) == 1)
			return 0;
	}
	return err_set(err, ERR_CONFIG, "ssl_min_protocol: unknown protocol "
		       "'%s'", name);
}

static int
set_options(SSL_CTX *ssl, const struct tls_config *config, struct err *err)
{
	uint64_t options = SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
		SSL_OP_IGNORE_UNEXPECTED_EOF;
	const char *p = config->options;
	size_t len;

	for (; *(p += strspn(p, ", \t")) != '\0'; p += len) {
		len = strcspn(p, ", \t");
		if (len == 9 && strncmp(p, "no_ticket", len) == 0) {
			options |= SSL_OP_NO_TICKET;
			(void)SSL_CTX_set_num_tickets(ssl, 0);
		} else if (len == 11 && strncmp(p, "compression", len) == 0) {
			options &= ~(uint64_t)SSL_OP_NO_COMPRESSION;
		} else if (len != 14 || strncmp(p, "no_compression",
						len) != 0) {
			return err_set(err, ERR_CONFIG, "ssl_options: unknown "
				       "flag: '%.*s'", (int)len, p);
		}
	}
	if (config->prefer_server_ciphers)
		options |= SSL_OP_CIPHER_SERVER_PREFERENCE;
	(void)SSL_CTX_clear_options(ssl, SSL_OP_NO_COMPRESSION);
	(void)SSL_CTX_set_options(ssl, options);
	return 0;
}

static int
set_dh(SSL_CTX *ssl, const char *pem, struct err *err)
{
	BIO *bio;
	EVP_PKEY *params;

	if (*pem == '\0') {
		(void)SSL_CTX_set_dh_auto(ssl, 1);
		return 0;
	}
	bio = text_bio(pem);
	params = PEM_read_bio_Parameters(bio, NULL);
	BIO_free(bio);
	if (params != NULL && SSL_CTX_set0_tmp_dh_pkey(ssl, params) == 1)
		return 0;
	EVP_PKEY_free(params);
	return refused(err, "ssl_dh", "not usable DH parameters in PEM");
}

static int
set_ciphers(SSL_CTX *ssl, const struct tls_config *config, struct err *err)
{
	if (*config->cipher_list != '\0' &&
	    SSL_CTX_set_cipher_list(ssl, config->cipher_list) != 1)
		return refused(err, "ssl_cipher_list", config->cipher_list);
	if (*config->cipher_suites != '\0' &&
	    SSL_CTX_set_ciphersuites(ssl, config->cipher_suites) != 1)
		return refused(err, "ssl_cipher_suites",
			       config->cipher_suites);
	if (*config->curve_list != '\0' &&
	    SSL_CTX_ctrl(ssl, SSL_CTRL_SET_GROUPS_LIST, 0,
			 (void *)(uintptr_t)config->curve_list) != 1)
		return refused(err, "ssl_curve_list", config->curve_list);
	return set_dh(ssl, config->dh, err);
}

/* --- tickets ------------------------------------------------------------ */

/* The same keys for every context: with OpenSSL's own, each has others. And
   sessions made under other rules aren't taken. */
static int
set_tickets(SSL_CTX *ssl, const struct tls_config *config, struct err *err)
{
	static unsigned char keys[128];
	static bool made;
	unsigned char id[EVP_MAX_MD_SIZE];
	unsigned id_len = 0;
	long len = SSL_CTX_get_tlsext_ticket_keys(ssl, NULL, 0);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	const char flags[2] = { (char)config->verify_client_cert,
		(char)config->require_client_cert };
	bool ok;

	if (!made)
		made = RAND_priv_bytes(keys, sizeof(keys)) == 1;
	ok = made && len > 0 && len <= (long)sizeof(keys) &&
		SSL_CTX_set_tlsext_ticket_keys(ssl, keys, len) == 1 &&
		md != NULL &&
		EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
		EVP_DigestUpdate(md, flags, sizeof(flags)) == 1 &&
		EVP_DigestUpdate(md, config->ca, strlen(config->ca)) == 1 &&
		EVP_DigestUpdate(md, config->cert,
				 strlen(config->cert)) == 1 &&
		EVP_DigestFinal_ex(md, id, &id_len) == 1 &&
		SSL_CTX_set_session_id_context(ssl, id, id_len) == 1;
	EVP_MD_CTX_free(md);
	(void)SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_timeout(ssl, TICKET_SECS);
	return ok ? 0 : refused(err, "ssl", "no keys for session tickets");
}

/* --- contexts ----------------------------------------------------------- */

static struct tls_context *
context_new(const SSL_METHOD *method, struct err *err)
{
	struct tls_context *ctx = mem_alloc(sizeof(*ctx));

	ctx->ssl = SSL_CTX_new(method);
	if (ctx->ssl == NULL) {
		(void)refused(err, "ssl", "SSL_CTX_new() failed");
		free(ctx);
		return NULL;
	}
	(void)SSL_CTX_set_mode(ctx->ssl, SSL_MODE_RELEASE_BUFFERS |
			       SSL_MODE_ENABLE_PARTIAL_WRITE |
			       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* Header and body of a record in one read. */
	SSL_CTX_set_read_ahead(ctx->ssl, 1);
	return ctx;
}

static int
fill_server(SSL_CTX *ssl, const struct tls_config *config, struct err *err)
{
	/* One ticket is enough for an MTA, who keeps what he has. */
	(void)SSL_CTX_set_num_tickets(ssl, 1);
	(void)SSL_CTX_set_tlsext_servername_callback(ssl, tls_on_server_name);
	if (set_min_protocol(ssl, config->min_protocol, err) < 0 ||
	    set_options(ssl, config, err) < 0 ||
	    set_ciphers(ssl, config, err) < 0 ||
	    use_pair(ssl, config->cert, config->key, config->key_password,
		     false, err) < 0)
		return -1;
	if (*config->alt_cert != '\0' &&
	    use_pair(ssl, config->alt_cert, config->alt_key,
		     config->key_password, true, err) < 0)
		return -1;
	if (set_verify(ssl, config, err) < 0)
		return -1;
	return set_tickets(ssl, config, err);
}

struct tls_context *
tls_context_server(const struct tls_config *config, struct err *err)
{
	struct tls_context *ctx = context_new(TLS_server_method(), err);

	if (ctx != NULL && fill_server(ctx->ssl, config, err) < 0)
		tls_context_free(&ctx);
	return ctx;
}

static int
load_trusted(SSL_CTX *ssl, const char *ca_file, const char *ca_dir,
	     struct err *err)
{
	if (ca_file == NULL && ca_dir == NULL &&
	    SSL_CTX_set_default_verify_paths(ssl) != 1)
		return refused(err, "certificates", "can't be read");
	if (ca_file != NULL && SSL_CTX_load_verify_file(ssl, ca_file) != 1)
		return refused(err, ca_file, "can't be read");
	if (ca_dir != NULL && SSL_CTX_load_verify_dir(ssl, ca_dir) != 1)
		return refused(err, ca_dir, "can't be read");
	return 0;
}

struct tls_context *
tls_context_client(const char *ca_file, const char *ca_dir, bool verify,
		   struct err *err)
{
	struct tls_context *ctx = context_new(TLS_client_method(), err);

	if (ctx == NULL)
		return NULL;
	(void)SSL_CTX_set_options(ctx->ssl, SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_verify(ctx->ssl, verify ? SSL_VERIFY_PEER :
			   SSL_VERIFY_NONE, NULL);
	if (verify && load_trusted(ctx->ssl, ca_file, ca_dir, err) < 0)
		tls_context_free(&ctx);
	return ctx;
}

void
tls_context_free(struct tls_context **ctxp)
{
	if (*ctxp == NULL)
		return;
	SSL_CTX_free((*ctxp)->ssl);
	free(*ctxp);
	*ctxp = NULL;
}
