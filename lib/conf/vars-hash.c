/*
 * Hashes in variables: %Mu, %256Nu, %{sha256;rounds=2:user}. Few use them and
 * libcrypto is large, so it is loaded when the first hash is asked for;
 * loft-lda starts without it. A program that links it gets the same copy.
 */
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "conf/vars-private.h"
#include "conf/vars.h"
#include "core/err.h"
#include "core/num.h"
#include "core/pool.h"
#include "core/str.h"

enum { DIGEST_MAX = 64, ROUNDS_MAX = 1000000 };

/* OpenSSL 3: EVP_Q_digest(3). */
typedef int digest_fn(void *libctx, const char *name, const char *propq,
		      const void *data, size_t datalen, unsigned char *md,
		      size_t *mdlen);

static const char *const algorithms[] = {
	"md4", "md5", "sha1", "sha256", "sha384", "sha512", "sha3-256",
	"sha3-512", NULL
};

struct digest {
	unsigned char octets[DIGEST_MAX];
	size_t len;
};

static digest_fn *
find_digest(struct err *err)
{
	static digest_fn *digest;
	void *lib;

	if (digest != NULL)
		return digest;
	lib = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
	if (lib != NULL)
		*(void **)&digest = dlsym(lib, "EVP_Q_digest");
	if (digest == NULL)
		(void)err_set(err, ERR_TEMP, "hashes in variables need "
			      "libcrypto: %s", dlerror());
	return digest;
}

static int
digest_once(const char *algorithm, const void *data, size_t len,
	    struct digest *digest, struct err *err)
{
	digest_fn *run = find_digest(err);

	if (run == NULL)
		return -1;
	digest->len = sizeof(digest->octets);
	if (run(NULL, algorithm, NULL, data, len, digest->octets,
		&digest->len) != 1)
		return err_set(err, ERR_CONFIG, "libcrypto has no %s",
			       algorithm);
	return 0;
}

static const char *
to_hex(const struct digest *digest, struct pool *pool)
{
	char *hex = pool_alloc(pool, digest->len * 2 + 1);

	for (size_t i = 0; i < digest->len; i++) {
		hex[2 * i] = "0123456789abcdef"[digest->octets[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[digest->octets[i] & 15];
	}
	return hex;
}

static const char *
to_base64(const struct digest *digest, struct pool *pool)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789+/";
	char *text = pool_alloc(pool, (digest->len + 2) / 3 * 4 + 1), *to;

	to = text;
	for (size_t i = 0; i < digest->len; i += 3) {
		size_t left = digest->len - i;
		uint32_t n = (uint32_t)digest->octets[i] << 16;

		n |= left > 1 ? (uint32_t)digest->octets[i + 1] << 8 : 0;
		n |= left > 2 ? digest->octets[i + 2] : 0;
		*to++ = digits[n >> 18];
		*to++ = digits[n >> 12 & 63];
		*to++ = left > 1 ? digits[n >> 6 & 63] : '=';
		*to++ = left > 2 ? digits[n & 63] : '=';
	}
	return text;
}

int
vars_hash(const char *algorithm, const char *text, struct pool *pool,
	  const char **hex_r, struct err *err)
{
	struct digest digest;

	if (digest_once(algorithm, text, strlen(text), &digest, err) < 0)
		return -1;
	*hex_r = to_hex(&digest, pool);
	return 0;
}

bool
vars_is_hash(const char *name)
{
	size_t len = strcspn(name, ";:");

	if (name[len] == '\0' || strchr(name, ':') == NULL)
		return false;
	for (int i = 0; algorithms[i] != NULL; i++) {
		if (strlen(algorithms[i]) == len &&
		    memcmp(algorithms[i], name, len) == 0)
			return true;
	}
	return false;
}

struct hash_args {
	uint32_t rounds, truncate;	/* bits; 0: all */
	const char *salt;
	bool base64;
};

/* Other arguments are passed over, as in Dovecot. */
static int
parse_arg(const char *arg, struct hash_args *args, struct err *err)
{
	bool ok = true;

	if (str_begins(arg, "rounds="))
		ok = num_u32(arg + 7, &args->rounds) && args->rounds > 0 &&
			args->rounds <= ROUNDS_MAX;
	else if (str_begins(arg, "truncate="))
		ok = num_u32(arg + 9, &args->truncate);
	else if (str_begins(arg, "salt="))
		args->salt = arg + 5;
	else if (strcmp(arg, "format=base64") == 0)
		args->base64 = true;
	else if (str_begins(arg, "format="))	/* hexuc is no different */
		ok = str_begins(arg, "format=hex");
	return ok ? 0 : err_set(err, ERR_CONFIG, "invalid hash argument '%s'",
				arg);
}

static int
parse_args(char *text, struct hash_args *args, struct err *err)
{
	char *save = NULL;

	for (char *arg = strtok_r(text, ",", &save); arg != NULL;
	     arg = strtok_r(NULL, ",", &save)) {
		if (parse_arg(arg, args, err) < 0)
			return -1;
	}
	return 0;
}

/* Keep the first `bits`, as a number: the rest is shifted out. */
static void
truncate_bits(struct digest *digest, uint32_t bits)
{
	unsigned shift = (8 - bits % 8) % 8;
	size_t len = (bits + 7) / 8;

	if (bits == 0 || len > digest->len)
		return;
	digest->len = len;
	for (size_t i = len; shift > 0 && i-- > 0;) {
		unsigned above = i > 0 ? digest->octets[i - 1] : 0;

		digest->octets[i] = (unsigned char)
			((digest->octets[i] | above << 8) >> shift);
	}
}

/* Each round hashes the salt and what the round before gave. */
static int
digest_rounds(const char *algorithm, const struct hash_args *args,
	      const char *text, struct digest *digest, struct err *err)
{
	struct str data = STR_INIT;
	int ret = 0;

	str_printf(&data, "%s%s", args->salt, text);
	for (uint32_t i = 0; i < args->rounds && ret == 0; i++) {
		if (i > 0) {
			str_truncate(&data, strlen(args->salt));
			str_append_n(&data, digest->octets, digest->len);
		}
		ret = digest_once(algorithm, str_c(&data), data.len, digest,
				  err);
	}
	str_free(&data);
	return ret;
}

int
vars_hash_form(const char *form, const struct vars_run *run,
	       const char **value_r, struct err *err)
{
	struct hash_args args = { .rounds = 1, .salt = "" };
	size_t len = strcspn(form, ";:");
	const char *algorithm = pool_strndup(run->pool, form, len);
	const char *colon = strchr(form, ':');
	struct digest digest;
	const char *text = "";

	*value_r = "";
	if (form[len] == ';' &&
	    (vars_expand_run(pool_strndup(run->pool, form + len + 1,
					  (size_t)(colon - form) - len - 1),
			     run, &text, err) < 0 ||
	     parse_args(pool_strdup(run->pool, text), &args, err) < 0))
		return -1;
	if (vars_expand_run(pool_printf(run->pool, "%%{%s}", colon + 1), run,
			    &text, err) < 0)
		return -1;
	if (digest_rounds(algorithm, &args, text, &digest, err) < 0)
		return -1;
	truncate_bits(&digest, args.truncate);
	*value_r = args.base64 ? to_base64(&digest, run->pool) :
		to_hex(&digest, run->pool);
	return 0;
}
