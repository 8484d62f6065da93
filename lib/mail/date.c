/*
 * Dates as RFC 5322 writes them; see date.h. Not strftime(3)'s names of days
 * and months: those follow the locale.
 */
#include "mail/date.h"

#include <stdio.h>
#include <stdlib.h>

const char *
mail_date(time_t when, char buf[MAIL_DATE_MAX])
{
	static const char days[][4] = {
		"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"
	};
	static const char months[][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun",
		"Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
	};
	struct tm tm;
	long zone;

	if (localtime_r(&when, &tm) == NULL) {
		when = 0;	/* a year beyond int: no clock says that */
		(void)gmtime_r(&when, &tm);
	}
	zone = labs(tm.tm_gmtoff) / 60;
	(void)snprintf(buf, MAIL_DATE_MAX,
		       "%s, %02d %s %04d %02d:%02d:%02d %c%02ld%02ld",
		       days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
		       tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec,
		       tm.tm_gmtoff < 0 ? '-' : '+', zone / 60 % 100,
		       zone % 60);
	return buf;
}
