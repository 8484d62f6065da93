/* Headers of the PROXY protocol, whole and cut anywhere. */
#include <stdint.h>

#include "core/log.h"
#include "core/pool.h"
#include "io/haproxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_new();
	struct haproxy h;
	const void *copy = pool_memdup(pool, data, size);
	long len = haproxy_parse(copy, size, &h);

	ASSERT(len <= (long)size);
	if (len > 0) {
		ASSERT(!h.proxied || ip_is_set(&h.source) || size > 0);
		/* Less of it is never enough, nor wrong. */
		ASSERT(haproxy_parse(copy, (size_t)len - 1, &h) == 0);
		ASSERT(haproxy_parse(copy, (size_t)len, &h) == len);
	}
	pool_free(&pool);
	return 0;
}
