/* Mailbox names: whatever is accepted stays below the root. */
#include <stdint.h>
#include <string.h>

#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"
#include "storage/location.h"
#include "storage/mailbox-name.h"
#include "storage/storage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_path(const char *path, const struct location *loc)
{
	const char *below = path + strlen(loc->root);

	ASSERT(str_begins(path, loc->root) && *below == '/');
	ASSERT(strstr(path, "/../") == NULL && !str_ends(path, "/.."));
	ASSERT(strstr(path, "/./") == NULL && !str_ends(path, "/."));
	ASSERT(strstr(path, "//") == NULL && !str_ends(path, "/"));
	for (; *path != '\0'; path++)
		ASSERT((unsigned char)*path >= 0x20);
	if (loc->layout == LAYOUT_MAILDIRPP)
		ASSERT(below[1] == '.' && strchr(below + 1, '/') == NULL);
}

static void
check_names(const char *name, struct pool *pool)
{
	const char *decoded = mutf7_decode(name, pool);

	ASSERT(strcmp(decoded, name) == 0 ||
	       strcmp(mutf7_encode(decoded, pool), name) == 0);
	if (!utf8_valid(name))
		return;
	decoded = mutf7_decode(mutf7_encode(name, pool), pool);
	ASSERT(strcmp(decoded, name) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool;
	struct location loc = {
		.root = "/m", .mailbox_dir = "", .dir_name = "",
		.subscriptions = ".subscriptions",
	};
	const char *name, *disk;
	struct err err;

	if (size < 2)
		return 0;
	pool = pool_new();
	loc.layout = (data[0] & 1) != 0 ? LAYOUT_FS : LAYOUT_MAILDIRPP;
	loc.utf8 = (data[0] & 2) != 0;
	loc.format = storage_format_find((data[0] & 4) != 0 ? "mbox" :
					 "maildir");
	loc.dir_name = (data[0] & 8) != 0 ? "mb" : "";
	name = pool_memdup(pool, data + 2, size - 2);
	if (mailbox_name_to_disk(name, (char)(data[1] | 0x20), &loc, pool,
				 &disk, &err) == 0)
		check_path(mailbox_dir_path(&loc, disk, pool), &loc);
	check_names(name, pool);
	pool_free(&pool);
	return 0;
}
