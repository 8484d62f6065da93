/*
 * Certificates by address and name; see certs.h. Contexts live as long as the
 * process; there are at most as many as sets of settings.
 */
#include "lmtp/certs.h"

#include <stdbool.h>
#include <string.h>
#include <sys/queue.h>

#include "conf/conf.h"
#include "conf/scope.h"
#include "core/err.h"
#include "core/ip.h"
#include "core/log.h"
#include "core/pool.h"
#include "io/tls.h"
#include "lmtp/lmtp-settings.h"
#include "service/service-settings.h"
#include "service/ssl-settings.h"

struct cert {
	SLIST_ENTRY(cert) link;
	struct tls_config config;	/* what the context was made of */
	struct tls_context *ctx;
};

static SLIST_HEAD(, cert) certs = SLIST_HEAD_INITIALIZER(certs);
static bool active;

/* All text of a configuration, in one order. */
static void
texts_of(const struct tls_config *c, const char *texts[11])
{
	const char *all[11] = {
		c->cert, c->key, c->alt_cert, c->alt_key, c->key_password,
		c->ca, c->dh, c->min_protocol, c->cipher_list,
		c->cipher_suites, c->options,
	};

	memcpy(texts, all, sizeof(all));
}

static bool
same(const struct tls_config *a, const struct tls_config *b)
{
	const char *texts_a[11], *texts_b[11];

	texts_of(a, texts_a);
	texts_of(b, texts_b);
	for (int i = 0; i < 11; i++) {
		if (strcmp(texts_a[i], texts_b[i]) != 0)
			return false;
	}
	return strcmp(a->curve_list, b->curve_list) == 0 &&
		a->prefer_server_ciphers == b->prefer_server_ciphers &&
		a->verify_client_cert == b->verify_client_cert &&
		a->require_client_cert == b->require_client_cert &&
		a->require_crl == b->require_crl;
}

static void
fill(struct tls_config *c, const struct ssl_settings *set,
     const struct lmtp_settings *lmtp)
{
	*c = (struct tls_config){
		.cert = set->ssl_cert, .key = set->ssl_key,
		.alt_cert = set->ssl_alt_cert, .alt_key = set->ssl_alt_key,
		.key_password = set->ssl_key_password,
		.ca = set->ssl_ca, .dh = set->ssl_dh,
		.min_protocol = set->ssl_min_protocol,
		.cipher_list = set->ssl_cipher_list,
		.cipher_suites = set->ssl_cipher_suites,
		.curve_list = set->ssl_curve_list,
		.options = set->ssl_options,
		.prefer_server_ciphers = set->ssl_prefer_server_ciphers,
		.verify_client_cert = set->ssl_verify_client_cert,
		.require_client_cert = lmtp->lmtp_require_client_cert,
		.require_crl = set->ssl_require_crl,
	};
}

/* The context of these settings, which live in *pool; a new one keeps it. */
static int
find_or_make(const struct tls_config *config, struct pool **pool,
	     struct tls_context **ctx_r, struct err *err)
{
	struct cert *cert;

	SLIST_FOREACH(cert, &certs, link) {
		if (same(&cert->config, config)) {
			*ctx_r = cert->ctx;
			return 0;
		}
	}
	cert = pool_new_obj(*pool, struct cert);
	cert->config = *config;
	cert->ctx = tls_context_server(config, err);
	if (cert->ctx == NULL)
		return -1;
	SLIST_INSERT_HEAD(&certs, cert, link);
	*pool = NULL;
	*ctx_r = cert->ctx;
	return 0;
}

int
lmtp_certs_get(const struct conf *conf, const struct scope *scope,
	       struct tls_context **ctx_r, struct err *err)
{
	struct pool *pool;
	const struct ssl_settings *set;
	const struct lmtp_settings *lmtp;
	struct tls_config config;
	int result = -1;

	*ctx_r = NULL;
	if (!active)
		return 0;
	pool = pool_new();
	set = settings_get(conf, scope, "", &ssl_settings_info, NULL, pool,
			   err);
	lmtp = settings_get(conf, scope, "", &lmtp_settings_info, NULL, pool,
			    err);
	if (set != NULL && lmtp != NULL) {
		fill(&config, set, lmtp);
		if (strcmp(set->ssl, "no") == 0 || *set->ssl_cert == '\0')
			result = 0;
		else
			result = find_or_make(&config, &pool, ctx_r, err);
	}
	pool_free(&pool);
	return result;
}

/* --- at start ----------------------------------------------------------- */

/* Can strangers come to this listener without TLS? */
static bool
is_plain_listener(const struct conf *conf, const char *path,
		  struct pool *pool)
{
	const char *port = conf_get(conf, &scope_global,
		pool_printf(pool, "%s/port", path));
	const char *ssl = conf_get(conf, &scope_global,
		pool_printf(pool, "%s/ssl", path));
	const char *address = conf_get(conf, &scope_global,
		pool_printf(pool, "%s/address", path));

	if (port == NULL || strcmp(port, "0") == 0 ||
	    (ssl != NULL && strcmp(ssl, "yes") == 0))
		return false;
	return address == NULL || (strncmp(address, "127.", 4) != 0 &&
				   strcmp(address, "::1") != 0 &&
				   strcmp(address, "localhost") != 0);
}

static bool
is_open(const struct conf *conf, struct pool *pool)
{
	static const char section[] = "service/lmtp/inet_listener";
	const char **names = conf_names(conf, &scope_global, section, pool);

	for (; *names != NULL; names++) {
		if (is_plain_listener(conf, pool_printf(pool, "%s/%s", section,
							*names), pool))
			return true;
	}
	return false;
}

/* What the operator may not expect. */
static void
tell(const struct conf *conf, const struct ssl_settings *set,
     const struct lmtp_settings *lmtp, struct pool *pool)
{
	if (strcmp(set->ssl, "no") != 0 && *set->ssl_cert == '\0')
		log_info(&log_process, "ssl_cert is not set: STARTTLS is not "
			 "offered");
	if (strcmp(set->ssl, "required") == 0 && !lmtp->lmtp_require_tls &&
	    is_open(conf, pool))
		log_warning(&log_process, "ssl = required offers TLS, but "
			    "takes mail without it, as in Dovecot; set "
			    "lmtp_require_tls = yes to refuse it");
}

static int
make_all(const struct conf *conf, struct pool *pool, struct err *err)
{
	struct scope scope = { .protocol = "lmtp" }, *scopes;
	const struct ssl_settings *set = settings_get(conf, &scope, "",
		&ssl_settings_info, NULL, pool, err);
	const struct lmtp_settings *lmtp = settings_get(conf, &scope, "",
		&lmtp_settings_info, NULL, pool, err);
	struct tls_context *ctx;
	size_t count;

	if (set == NULL || lmtp == NULL ||
	    lmtp_certs_get(conf, &scope, &ctx, err) < 0)
		return -1;
	scopes = conf_scopes(conf, pool, &count);
	for (size_t i = 0; i < count; i++) {
		if (scopes[i].protocol != NULL &&
		    strcmp(scopes[i].protocol, "lmtp") != 0)
			continue;
		scopes[i].protocol = "lmtp";
		if (lmtp_certs_get(conf, &scopes[i], &ctx, err) < 0)
			return -1;
	}
	tell(conf, set, lmtp, pool);
	return 0;
}

int
lmtp_certs_init(const struct conf *conf, struct err *err)
{
	struct pool *pool = pool_new();
	int result;

	active = true;
	result = make_all(conf, pool, err);
	pool_free(&pool);
	return result;
}
