/* Configuration text: whatever loads can be printed, looked up, and comes
   back the same through a snapshot. */
#include <glob.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/conf-private.h"
#include "conf/print.h"
#include "conf/snapshot.h"
#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stand in front of libc's: no file but the input is read, nobody is asked
   for a host. */
int
glob(const char *pattern, int flags, int (*error)(const char *, int),
     glob_t *found)
{
	(void)pattern;
	(void)flags;
	(void)error;
	(void)found;
	return GLOB_NOMATCH;
}

int
getaddrinfo(const char *node, const char *service,
	    const struct addrinfo *hints, struct addrinfo **list)
{
	(void)node;
	(void)service;
	(void)hints;
	(void)list;
	return EAI_NONAME;
}

static void
print(const struct conf *conf, enum conf_print_what what)
{
	struct conf_print how = { .what = what, .secrets = true };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct err err;

	ASSERT(out != NULL);
	ASSERT(conf_print(conf, &how, out, &err) == 0);
	ASSERT(fclose(out) == 0);
	free(text);
}

/* A value that is to be read from a file, which may not be there. */
static bool
names_a_file(const struct conf *conf)
{
	for (size_t i = 0; i < conf->count; i++) {
		if (conf->entries[i]->value[0] == '<')
			return true;
	}
	return false;
}

static void
snapshot(const struct conf *conf)
{
	struct scope lmtp = { .protocol = "lmtp" };
	struct conf *copy;
	struct err err;
	int fd = snapshot_write(conf, NULL, false, &err);

	ASSERT(fd >= 0 || names_a_file(conf));
	if (fd < 0)
		return;
	ASSERT(snapshot_read(fd, &copy, &err) == 0);
	ASSERT(copy->count == conf->count);
	for (size_t i = 0; i < conf->count; i++) {
		const char *path = conf->entries[i]->path;

		ASSERT(strcmp(path, copy->entries[i]->path) == 0);
		ASSERT(str_eq(conf_get(conf, &lmtp, path),
			      conf_get(copy, &lmtp, path)));
	}
	conf_free(&copy);
	(void)close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str errors = STR_INIT, warnings = STR_INIT;
	struct conf *conf;
	char path[64];
	int fd = memfd_create("fuzz", 0);

	ASSERT(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (conf_load(path, &conf, &errors, &warnings) == 0) {
		ASSERT(errors.len == 0);
		print(conf, CONF_PRINT_ALL);
		print(conf, CONF_PRINT_CHANGED);
		print(conf, CONF_PRINT_UNUSED);
		snapshot(conf);
		conf_free(&conf);
	} else {
		ASSERT(errors.len > 0);
	}
	(void)close(fd);
	str_free(&errors);
	str_free(&warnings);
	return 0;
}
