/*
 * Names of files in a Maildir; see maildir-name.h.
 */
#include "storage/maildir-name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/clock.h"

enum { HOST_MAX = 128 };

/* Found out at the first name. A template makes none, so that its workers
   don't inherit each other's. */
static struct {
	pid_t pid;
	char host[HOST_MAX];
	int64_t last;	/* microseconds of the last name */
} self;

void
maildir_name_host(char *out, unsigned size, const char *host)
{
	unsigned used = 0;

	for (; *host != '\0' && used + 5 < size; host++) {
		if (*host == '/' || *host == ':')
			used += (unsigned)sprintf(out + used, "\\%03o",
						  (unsigned)*host);
		else
			out[used++] = *host;
	}
	out[used] = '\0';
}

static void
find_out(void)
{
	char host[HOST_MAX] = "";

	if (gethostname(host, sizeof(host) - 1) < 0 || *host == '\0')
		(void)strcpy(host, "localhost");
	maildir_name_host(self.host, sizeof(self.host), host);
	self.pid = getpid();
}

void
maildir_name_new(char name[MAILDIR_NAME_MAX])
{
	struct timeval tv = clock_wall();
	int64_t now = (int64_t)tv.tv_sec * 1000000 + tv.tv_usec;

	if (self.pid == 0)
		find_out();
	/* The clock may be set back: no name is made twice, even so. */
	if (now <= self.last)
		now = self.last + 1;
	self.last = now;
	(void)snprintf(name, MAILDIR_NAME_MAX, "%" PRId64 ".M%" PRId64
		       "P%ld.%s", now / 1000000, now % 1000000,
		       (long)self.pid, self.host);
}

/* The name after the last one would often be his next, and step by step we
   would meet all of his. */
void
maildir_name_taken(void)
{
	uint32_t jump;

	if (getrandom(&jump, sizeof(jump), GRND_NONBLOCK) != sizeof(jump))
		jump = (uint32_t)self.last * 2654435761u;
	self.last += jump % 1000000;
}

void
maildir_name_final(char final[MAILDIR_NAME_MAX], const char *name,
		   uint64_t size, uint64_t vsize)
{
	(void)snprintf(final, MAILDIR_NAME_MAX, "%.180s,S=%" PRIu64
		       ",W=%" PRIu64, name, size, vsize);
}
