/*
 * Checking passwords: crypt(3) of libxcrypt for the slow hashes, OpenSSL's
 * digests for {SSHA256} and its kin. Comparisons take the same time wherever
 * the first difference is.
 */
#include "auth/password.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"

enum {
	SCHEME_MAX = 32,
	STORED_MAX = 1024,	/* longest hash, decoded */
};

enum coding { CODING_ANY, CODING_HEX, CODING_BASE64 };

struct scheme {
	const char *name;
	int (*verify)(const char *password, const char *hash,
		      const struct scheme *scheme, enum coding coding,
		      struct err *err);
	const char *digest;	/* OpenSSL's name */
	bool salted;		/* salt follows the digest */
};

static bool
same(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

static int
verify_plain(const char *password, const char *hash,
	     const struct scheme *scheme, enum coding coding, struct err *err)
{
	size_t len = strlen(password);

	(void)scheme;
	(void)coding;
	(void)err;
	return strlen(hash) == len && same(password, hash, len);
}

static int
verify_crypt(const char *password, const char *hash,
	     const struct scheme *scheme, enum coding coding, struct err *err)
{
	void *data = NULL;
	int size = 0, ret;
	const char *result;

	(void)scheme;
	(void)coding;
	(void)err;
	if (*hash == '\0')
		return 0;
	result = crypt_ra(password, hash, &data, &size);
	ret = result != NULL && *result != '*' &&
		strlen(result) == strlen(hash) &&
		same(result, hash, strlen(hash));
	if (data != NULL)
		OPENSSL_cleanse(data, (size_t)size);
	free(data);
	return ret;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The octets, or -1 */
static int
decode_hex(const char *text, unsigned char *out)
{
	size_t len = strlen(text);

	if (len % 2 != 0)
		return -1;
	for (size_t i = 0; i < len; i += 2) {
		int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);

		if (high < 0 || low < 0)
			return -1;
		out[i / 2] = (unsigned char)(high * 16 + low);
	}
	return (int)(len / 2);
}

static int
decode_base64(const char *text, unsigned char *out)
{
	size_t len = strlen(text), pad = 0;
	int n;

	if (len == 0 || len % 4 != 0)
		return -1;
	while (pad < 2 && text[len - 1 - pad] == '=')
		pad++;
	n = EVP_DecodeBlock(out, (const unsigned char *)text, (int)len);
	return n < 0 ? -1 : n - (int)pad;
}

/* A digest of 20 octets has 40 hex digits, and no base64 has that length. */
static int
decode(const char *hash, size_t digest_len, enum coding coding,
       unsigned char *out)
{
	if (strlen(hash) > STORED_MAX)
		return -1;
	if (coding == CODING_HEX ||
	    (coding == CODING_ANY && strlen(hash) == digest_len * 2))
		return decode_hex(hash, out);
	return decode_base64(hash, out);
}

static bool
digest(const EVP_MD *md, const char *password, const unsigned char *salt,
       size_t salt_len, unsigned char *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, md, NULL) == 1 &&
		EVP_DigestUpdate(ctx, password, strlen(password)) == 1 &&
		EVP_DigestUpdate(ctx, salt, salt_len) == 1 &&
		EVP_DigestFinal_ex(ctx, out, NULL) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

static int
verify_digest(const char *password, const char *hash,
	      const struct scheme *scheme, enum coding coding,
	      struct err *err)
{
	const EVP_MD *md = EVP_get_digestbyname(scheme->digest);
	unsigned char stored[STORED_MAX + 4], ours[EVP_MAX_MD_SIZE];
	int digest_len = md != NULL ? EVP_MD_get_size(md) : 0, len;

	if (md == NULL)
		return err_set(err, ERR_TEMP, "OpenSSL doesn't offer %s",
			       scheme->digest);
	len = decode(hash, (size_t)digest_len, coding, stored);
	if (len < digest_len || (!scheme->salted && len != digest_len))
		return err_set(err, ERR_TEMP, "the stored password is no {%s} "
			       "hash", scheme->name);
	if (!digest(md, password, stored + digest_len,
		    (size_t)(len - digest_len), ours))
		return err_set(err, ERR_TEMP, "computing %s failed",
			       scheme->digest);
	return same(stored, ours, (size_t)digest_len);
}

static const struct scheme schemes[] = {
	{ "PLAIN", verify_plain, NULL, false },
	{ "CLEAR", verify_plain, NULL, false },
	{ "CLEARTEXT", verify_plain, NULL, false },
	{ "CRYPT", verify_crypt, NULL, false },
	{ "DES-CRYPT", verify_crypt, NULL, false },
	{ "MD5", verify_crypt, NULL, false },
	{ "MD5-CRYPT", verify_crypt, NULL, false },
	{ "SHA256-CRYPT", verify_crypt, NULL, false },
	{ "SHA512-CRYPT", verify_crypt, NULL, false },
	{ "BLF-CRYPT", verify_crypt, NULL, false },
	{ "PLAIN-MD5", verify_digest, "MD5", false },
	{ "LDAP-MD5", verify_digest, "MD5", false },
	{ "SMD5", verify_digest, "MD5", true },
	{ "SHA", verify_digest, "SHA1", false },
	{ "SHA1", verify_digest, "SHA1", false },
	{ "SSHA", verify_digest, "SHA1", true },
	{ "SHA256", verify_digest, "SHA256", false },
	{ "SSHA256", verify_digest, "SHA256", true },
	{ "SHA512", verify_digest, "SHA512", false },
	{ "SSHA512", verify_digest, "SHA512", true },
};

/* "SHA256.HEX": the scheme and, perhaps, how the hash is written */
static const struct scheme *
find_scheme(const char *name, size_t len, enum coding *coding_r)
{
	const char *dot = memchr(name, '.', len);
	size_t name_len = dot != NULL ? (size_t)(dot - name) : len;

	*coding_r = CODING_ANY;
	if (dot != NULL && strncasecmp(dot, ".HEX", 4) == 0)
		*coding_r = CODING_HEX;
	else if (dot != NULL)
		*coding_r = CODING_BASE64;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (strlen(schemes[i].name) == name_len &&
		    strncasecmp(name, schemes[i].name, name_len) == 0)
			return &schemes[i];
	return NULL;
}

int
password_verify(const char *password, const char *stored,
		const char *default_scheme, struct err *err)
{
	const char *name = default_scheme, *close = NULL;
	size_t len = strlen(default_scheme);
	const struct scheme *scheme;
	enum coding coding;

	if (*stored == '{')
		close = strchr(stored, '}');
	if (close != NULL && close - stored <= SCHEME_MAX) {
		name = stored + 1;
		len = (size_t)(close - name);
		stored = close + 1;
	}
	scheme = find_scheme(name, len, &coding);
	if (scheme == NULL)
		return err_set(err, ERR_TEMP, "password scheme {%.*s} is not "
			       "supported", (int)len, name);
	return scheme->verify(password, stored, scheme, coding, err);
}
