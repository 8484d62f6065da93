/* The file in which counts are kept: written, read again, broken, grown. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "quota/count-cache.h"

static char dir[64];
static struct pool *pool;
static const char *path;

static void
setup(void)
{
	pool = pool_new();
	strcpy(dir, "/tmp/loft-unit.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	path = pool_printf(pool, "%s/cache", dir);
}

static void
teardown(void)
{
	(void)unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);
	pool_free(&pool);
}

static void
put(struct count_cache *cache, const char *name, uint64_t bytes)
{
	struct count_entry *entry = count_cache_need(cache, name);

	ck_assert_ptr_nonnull(entry);
	entry->stamp = (struct mailbox_stamp){ { 5, -6 } };
	entry->usage = (struct quota_usage){ bytes, 7 };
	entry->listed = 8;
	entry->added = 9;
	entry->seen = true;
	count_cache_changed(cache, entry);
}

static void
save(struct count_cache *cache)
{
	struct err err;

	if (count_cache_write(cache, path, &err) < 0)
		ck_abort_msg("%s", err.text);
}

START_TEST(test_again)
{
	struct count_cache *cache;
	struct count_entry *entry;

	setup();
	cache = count_cache_read(path, true, pool);
	ck_assert_ptr_null(count_cache_find(cache, "0/INBOX"));
	put(cache, "0/INBOX", 1);
	put(cache, "0/With blanks and ü", 2);
	save(cache);
	cache = count_cache_read(path, true, pool);
	put(cache, "0/INBOX", UINT32_MAX);	/* appended */
	save(cache);
	cache = count_cache_read(path, true, pool);
	entry = count_cache_find(cache, "0/With blanks and ü");
	ck_assert_ptr_nonnull(entry);
	ck_assert_uint_eq(entry->usage.bytes, 2);
	entry = count_cache_find(cache, "0/INBOX");
	ck_assert_ptr_nonnull(entry);
	ck_assert_uint_eq(entry->usage.bytes, UINT32_MAX);
	ck_assert_uint_eq(entry->usage.messages, 7);
	ck_assert_int_eq(entry->stamp.at[0], 5);
	ck_assert_int_eq(entry->stamp.at[1], -6);
	ck_assert_int_eq(entry->listed, 8);
	ck_assert_uint_eq(entry->added, 9);
	ck_assert(!entry->seen);
	/* what was counted otherwise is of no use */
	cache = count_cache_read(path, false, pool);
	ck_assert_ptr_null(count_cache_find(cache, "0/INBOX"));
	ck_assert_ptr_null(count_cache_need(cache, "a\nb"));
	teardown();
}
END_TEST

START_TEST(test_broken)
{
	static const char first[] = "loft-quota 1 vsize\n";
	static const char *const lines[] = {
		"1 2 3 4 5 6 good\nx\n", "1 2 3 4 5 6 good\n1 2 3 4 5 6",
		"1 2 3 4 5 6 good\n1 2 -3 4 5 6 bad\n",
		"1 2 3 4 5 6 good\n1 2 3 4 5 99999999999 bad\n",
		"1 2 3 4 5 6 good\n99999999999999999999 2 3 4 5 6 bad\n",
		"1 2 3 4 5 6 good\n1  3 4 5 6 bad\n",
	};

	setup();
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		const char *text = pool_printf(pool, "%s%s", first, lines[i]);
		struct count_cache *cache = count_cache_parse(text,
			strlen(text), true, pool);

		ck_assert_ptr_nonnull(count_cache_find(cache, "good"));
		ck_assert_ptr_null(count_cache_find(cache, "bad"));
	}
	teardown();
}
END_TEST

/* Each of them is found at once, whatever order they are in: a file that
   somebody else has written holds nobody up. */
START_TEST(test_many)
{
	enum { MANY = 60000 };
	struct str text = STR_INIT;
	struct count_cache *cache;
	char name[16];

	setup();
	str_append(&text, "loft-quota 1 size\n");
	for (unsigned i = 0; i < 2 * MANY; i++)
		str_printf(&text, "1 2 %u 4 5 6 %u\n", i, i * 7919 % MANY);
	cache = count_cache_parse(str_c(&text), text.len, false, pool);
	for (unsigned i = 0; i < MANY; i++) {
		struct count_entry *entry;

		snprintf(name, sizeof(name), "%u", i * 7919 % MANY);
		entry = count_cache_find(cache, name);
		ck_assert_ptr_nonnull(entry);
		ck_assert_uint_eq(entry->usage.bytes, MANY + i);
	}
	ck_assert_ptr_null(count_cache_find(cache, "x"));
	str_free(&text);
	teardown();
}
END_TEST

/* It doesn't grow without end. */
START_TEST(test_grown)
{
	struct stat st;

	setup();
	for (int i = 0; i < 2000; i++) {
		struct pool *own = pool_new();
		struct count_cache *cache = count_cache_read(path, true, own);

		put(cache, "0/INBOX", (uint64_t)i);
		save(cache);
		ck_assert_uint_eq(count_cache_find(cache,
						   "0/INBOX")->usage.bytes,
				  (uint64_t)i);
		pool_free(&own);
	}
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_lt(st.st_size, 40 * 1024);
	teardown();
}
END_TEST

UNIT_MAIN("quota-cache", test_again, test_broken, test_many,
	  test_grown);
