/*
 * Dates as RFC 5322 writes them.
 */
#ifndef LOFT_MAIL_DATE_H
#define LOFT_MAIL_DATE_H

#include <time.h>

enum { MAIL_DATE_MAX = 40 };

/* "Fri, 20 Nov 2026 12:52:55 +0000" in the local zone, in buf. */
const char *mail_date(time_t when, char buf[MAIL_DATE_MAX]);

#endif
