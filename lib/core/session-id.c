/*
 * Names of sessions; see session-id.h.
 */
#include "core/session-id.h"

#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/pool.h"

/* The short name will do: it need not be found, only differ. */
static uint32_t
host_hash(void)
{
	uint32_t hash = 2166136261u;
	char host[256] = "";

	(void)gethostname(host, sizeof(host) - 1);
	for (const char *p = host; *p != '\0'; p++)
		hash = (hash ^ (unsigned char)*p) * 16777619u;
	return hash;
}

/* Nanoseconds of the wall clock, never the same twice in this process. */
static uint64_t
unique_time(void)
{
	static uint64_t last;
	struct timespec ts;
	uint64_t now;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	now = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
	if (now <= last)
		now = last + 1;
	last = now;
	return now;
}

const char *
session_id_new(struct pool *pool)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789+/";
	static uint32_t host;
	uint64_t now = unique_time();
	uint32_t words[5] = {
		(uint32_t)(now % 1000000000), (uint32_t)(now / 1000000000),
		(uint32_t)getpid(), 0, 0
	};
	unsigned char octets[sizeof(words)];
	char *id = pool_alloc(pool, SESSION_ID_LEN + 1);

	if (host == 0)
		host = host_hash();
	words[3] = host;
	memcpy(octets, words, sizeof(words));
	for (unsigned i = 0; i < SESSION_ID_LEN; i++) {
		unsigned bit = i * 6;
		unsigned two = (unsigned)octets[bit / 8] << 8 |
			octets[bit / 8 + 1];

		id[i] = digits[two >> (10 - bit % 8) & 63];
	}
	return id;
}
