/*
 * Policy of spare workers; see avail.h.
 */
#include "master/avail.h"

static unsigned
room(const struct avail *a)
{
	return a->total < a->limit ? a->limit - a->total : 0;
}

unsigned
avail_start(const struct avail *a)
{
	unsigned want = 0;

	if (a->idle < a->min_avail)
		want = a->min_avail - a->idle;
	if (want == 0 && a->client_waits)
		want = 1;
	return want < room(a) ? want : room(a);
}

bool
avail_watch(const struct avail *a)
{
	return a->idle == 0;
}

bool
avail_exhausted(const struct avail *a)
{
	return a->idle == 0 && room(a) == 0;
}

unsigned
avail_surplus(const struct avail *a)
{
	return a->idle > a->min_avail ? a->idle - a->min_avail : 0;
}
