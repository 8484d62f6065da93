/*
 * Process titles; see proctitle.h. The kernel shows the memory where argv
 * was put at exec; the environment's strings follow it, and what runs over
 * into them is shown too.
 */
#include "service/proctitle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/pool.h"

static struct {
	char *area;
	size_t size;
	char name[64];
} title;

/* How far one string lies behind the other without a gap. */
static char *
area_end(char *start)
{
	char *end = start + strlen(start) + 1;

	/* argv's strings: the kernel laid them out up to the first of the
	   environment. */
	if (environ == NULL || environ[0] == NULL || environ[0] < end)
		return end;
	end = environ[0];
	for (char **env = environ; *env != NULL && *env == end; env++)
		end += strlen(end) + 1;
	return end;
}

static void
copy_environment(void)
{
	size_t count = 0;
	char **copy;

	if (environ == NULL)
		return;
	while (environ[count] != NULL)
		count++;
	copy = mem_alloc((count + 1) * sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = mem_strdup(environ[i]);
	environ = copy;
}

void
proctitle_init(const char *instance_name, const char *service)
{
	const char *short_name = program_invocation_short_name;

	if (strcmp(instance_name, "loft") == 0)
		(void)snprintf(title.name, sizeof(title.name), "loft/%s",
			       service);
	else
		(void)snprintf(title.name, sizeof(title.name), "loft-%s/%s",
			       instance_name, service);
	if (title.area == NULL) {
		/* argv[0] itself; nobody else keeps its address. */
		title.area = program_invocation_name;
		title.size = (size_t)(area_end(title.area) - title.area);
		copy_environment();
		program_invocation_short_name = mem_strdup(short_name);
		program_invocation_name = program_invocation_short_name;
	}
	proctitle_set(NULL);
}

void
proctitle_set(const char *text)
{
	int len;

	if (title.area == NULL)
		return;
	if (text == NULL || *text == '\0')
		len = snprintf(title.area, title.size, "%s", title.name);
	else
		len = snprintf(title.area, title.size, "%s [%s]", title.name,
			       text);
	if (len >= 0 && (size_t)len < title.size)
		memset(title.area + len, 0, title.size - (size_t)len);
}
