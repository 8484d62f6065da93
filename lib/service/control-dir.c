/*
 * Where the master's socket is when the configuration can't be read: a
 * broken file must not keep anybody from stopping the daemon.
 */
#include "service/control.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/pool.h"
#include "core/str.h"

/* The value in "base_dir = VALUE", without quotes; NULL for other lines. */
static char *
value_of(char *line)
{
	char *end;

	line += strspn(line, " \t");
	if (!str_begins(line, "base_dir"))
		return NULL;
	line += strlen("base_dir");
	line += strspn(line, " \t");
	if (*line++ != '=')
		return NULL;
	line += strspn(line, " \t\"'");
	end = line + strcspn(line, "\"'#\r\n");
	while (end > line && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return *line == '/' ? line : NULL;
}

const char *
control_guess_dir(const char *file, struct pool *pool)
{
	const char *found = RUNSTATEDIR "/loft";
	char line[4096], *value;
	FILE *f = fopen(file, "re");

	if (f == NULL)
		return found;
	while (fgets(line, sizeof(line), f) != NULL) {
		value = value_of(line);
		if (value != NULL)
			found = pool_strdup(pool, value);
	}
	(void)fclose(f);
	return found;
}
