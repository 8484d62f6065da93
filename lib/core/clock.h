/*
 * Clocks and deadlines. A deadline is an instant of the monotonic clock in
 * milliseconds; DEADLINE_NEVER is later than all of them.
 */
#ifndef LOFT_CORE_CLOCK_H
#define LOFT_CORE_CLOCK_H

#include <stdint.h>
#include <sys/time.h>

typedef int64_t deadline_t;

#define DEADLINE_NEVER INT64_MAX

/* Milliseconds of the monotonic clock. */
int64_t clock_ms(void);

/* The wall clock, for names, headers and logs. */
struct timeval clock_wall(void);

/* The instant `ms` from now; ms <= 0 means never. */
deadline_t deadline_in(int64_t ms);

/* The earlier of two. */
deadline_t deadline_min(deadline_t a, deadline_t b);

/* Milliseconds left, as poll(2) wants them: 0 when past, -1 for never. */
int deadline_left(deadline_t deadline);

#endif
