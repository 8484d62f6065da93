/*
 * Numbers from text; see num.h.
 */
#include "core/num.h"

#include <string.h>

static bool
digits(const char *s, size_t len, unsigned base, uint64_t max, uint64_t *n_r)
{
	uint64_t n = 0;

	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned digit = (unsigned)(unsigned char)s[i] - '0';

		if (digit >= base || n > (max - digit) / base)
			return false;
		n = n * base + digit;
	}
	*n_r = n;
	return true;
}

bool
num_u64_n(const char *s, size_t len, uint64_t *n_r)
{
	return digits(s, len, 10, UINT64_MAX, n_r);
}

bool
num_u64(const char *s, uint64_t *n_r)
{
	return num_u64_n(s, strlen(s), n_r);
}

static bool
digits_u32(const char *s, unsigned base, uint32_t *n_r)
{
	uint64_t n;

	if (!digits(s, strlen(s), base, UINT32_MAX, &n))
		return false;
	*n_r = (uint32_t)n;
	return true;
}

bool
num_u32(const char *s, uint32_t *n_r)
{
	return digits_u32(s, 10, n_r);
}

bool
num_octal(const char *s, uint32_t *n_r)
{
	return digits_u32(s, 8, n_r);
}
