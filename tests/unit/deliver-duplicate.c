/* Marks against doing things twice: kept, expired, shared, damaged. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/str.h"
#include "deliver/duplicate.h"

static char home[64], path[128];
static struct str logged;
static const struct logctx ctx = { .prefix = "" };

static void
log_to_string(enum log_level level, const char *line, size_t len)
{
	str_append_n(&logged, line, len);
	str_append_c(&logged, '\n');
}

static void
setup(void)
{
	strcpy(home, "/tmp/loft-unit.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
	snprintf(path, sizeof(path), "%s/.dovecot.lda-dupes", home);
	log_set_sink(log_to_string);
}

static void
teardown(void)
{
	char command[128];

	str_free(&logged);
	snprintf(command, sizeof(command), "rm -rf %s", home);
	ck_assert_int_eq(system(command), 0);
}

static bool
has(const char *user, const char *id)
{
	struct duplicates *dups = duplicates_open(home, user, &ctx);
	bool result = duplicates_has(dups, id, strlen(id));

	duplicates_close(&dups);
	ck_assert_ptr_null(dups);
	return result;
}

static void
add(const char *user, const char *id, int secs)
{
	struct duplicates *dups = duplicates_open(home, user, &ctx);

	duplicates_add(dups, id, strlen(id), clock_wall().tv_sec + secs);
	duplicates_close(&dups);
}

static void
write_file(const void *data, size_t len)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, len, f), len);
	fclose(f);
}

static long
file_size(void)
{
	struct stat st;

	return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

START_TEST(marks)
{
	struct stat st;

	setup();
	ck_assert(!has("alice", "a"));
	ck_assert_int_eq(file_size(), -1);
	add("alice", "a", 100);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(file_size(), 4 + 12 + 1 + 5);
	ck_assert(has("alice", "a"));
	ck_assert(!has("bob", "a"));
	ck_assert(!has("alice", "b"));
	ck_assert(!has("alice", ""));
	add("bob", "b", 100);
	ck_assert(has("alice", "a") && has("bob", "b"));
	/* renewed, not added */
	add("alice", "a", 200);
	ck_assert_int_eq(file_size(), 4 + 2 * 12 + 1 + 5 + 1 + 3);
	ck_assert_str_eq(str_c(&logged), "");
	teardown();
}
END_TEST

START_TEST(expiry)
{
	setup();
	add("alice", "old", -1);
	ck_assert(!has("alice", "old"));
	add("alice", "new", 100);
	ck_assert_int_eq(file_size(), 4 + 12 + 3 + 5);
	/* a mark that was there is lifted by a later one */
	add("alice", "new", -1);
	ck_assert(!has("alice", "new"));
	teardown();
}
END_TEST

START_TEST(in_one_go)
{
	struct duplicates *dups;
	time_t now = clock_wall().tv_sec;

	setup();
	dups = duplicates_open(home, "alice", &ctx);
	duplicates_add(dups, "x\0y", 3, now + 100);
	ck_assert(duplicates_has(dups, "x\0y", 3));
	ck_assert(!duplicates_has(dups, "x\0z", 3));
	for (int i = 0; i < 1000; i++)
		duplicates_add(dups, &i, sizeof(i), now + 100);
	duplicates_close(&dups);
	dups = duplicates_open(home, "alice", &ctx);
	for (int i = 0; i < 1000; i += 100)
		ck_assert(duplicates_has(dups, &i, sizeof(i)));
	ck_assert(duplicates_has(dups, "x\0y", 3));
	duplicates_close(&dups);
	teardown();
}
END_TEST

START_TEST(long_names)
{
	char id[DUPLICATE_ID_MAX + 2];

	setup();
	memset(id, 'x', sizeof(id));
	id[DUPLICATE_ID_MAX + 1] = '\0';
	add("alice", id, 100);
	ck_assert(!has("alice", id));
	id[DUPLICATE_ID_MAX] = '\0';
	ck_assert(!has("alice", id));
	add("alice", id, 100);
	ck_assert(has("alice", id));
	teardown();
}
END_TEST

START_TEST(no_home)
{
	struct duplicates *dups;

	setup();
	dups = duplicates_open(NULL, "alice", &ctx);
	ck_assert(!duplicates_has(dups, "a", 1));
	duplicates_add(dups, "a", 1, UINT32_MAX);
	duplicates_close(&dups);
	dups = duplicates_open("/nonexistent", "alice", &ctx);
	ck_assert(!duplicates_has(dups, "a", 1));
	duplicates_add(dups, "a", 1, UINT32_MAX);
	duplicates_close(&dups);
	ck_assert_str_eq(str_c(&logged), "");
	teardown();
}
END_TEST

START_TEST(damage)
{
	static const uint32_t old_version[] = { 1, 2, 3, 4 };
	char buf[256];
	long size;
	FILE *f;

	setup();
	write_file("", 0);
	ck_assert(!has("alice", "a"));
	ck_assert_str_eq(str_c(&logged), "");
	write_file(old_version, sizeof(old_version));
	ck_assert(!has("alice", "a"));
	ck_assert_ptr_nonnull(strstr(str_c(&logged), "is damaged"));
	write_file("xy", 2);
	add("alice", "a", 100);
	ck_assert(has("alice", "a"));
	add("alice", "b", 100);
	/* cut at each place: what is in front of the cut stays */
	size = file_size();
	f = fopen(path, "r");
	ck_assert_uint_eq(fread(buf, 1, sizeof(buf), f), (size_t)size);
	fclose(f);
	for (long n = 0; n < size; n++) {
		write_file(buf, (size_t)n);
		ck_assert(has("alice", "a") == (n >= 4 + 12 + 1 + 5));
		ck_assert(!has("alice", "b"));
		add("alice", "c", 100);
		ck_assert(has("alice", "c"));
	}
	/* a length that can't be */
	memset(buf + 8, 0xff, 8);
	write_file(buf, (size_t)size);
	ck_assert(!has("alice", "a"));
	teardown();
}
END_TEST

START_TEST(obstacles)
{
	char lock[160];

	setup();
	snprintf(lock, sizeof(lock), "%s.lock", path);
	/* a directory in the file's place, and one in the lock's */
	ck_assert_int_eq(mkdir(path, 0700), 0);
	add("alice", "a", 100);
	ck_assert(!has("alice", "a"));
	ck_assert_ptr_nonnull(strstr(str_c(&logged), "Warning: Duplicate "
				     "marks: "));
	ck_assert_int_eq(rmdir(path), 0);
	/* a link elsewhere is not followed, and left alone */
	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	ck_assert(!has("alice", "a"));
	add("alice", "a", 100);
	ck_assert(!has("alice", "a"));
	ck_assert_int_eq(access(lock, F_OK), -1);
	/* nor does a fifo keep us */
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert(!has("alice", "a"));
	teardown();
}
END_TEST

START_TEST(lock_left_behind)
{
	struct timespec old[2] = { { 1, 0 }, { 1, 0 } };
	char lock[160];
	int fd;

	setup();
	snprintf(lock, sizeof(lock), "%s.lock", path);
	fd = open(lock, O_WRONLY | O_CREAT, 0600);
	ck_assert_int_eq(futimens(fd, old), 0);
	close(fd);
	add("alice", "a", 100);
	ck_assert(has("alice", "a"));
	ck_assert_int_eq(access(lock, F_OK), -1);
	teardown();
}
END_TEST

/* Many processes add at once: no mark is lost. */
START_TEST(together)
{
	enum { MANY = 20 };
	char id[16];
	int status;

	setup();
	for (int i = 0; i < MANY; i++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			snprintf(id, sizeof(id), "id%d", i);
			add("alice", id, 100);
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		ck_assert_int_eq(status, 0);
	for (int i = 0; i < MANY; i++) {
		snprintf(id, sizeof(id), "id%d", i);
		ck_assert_msg(has("alice", id), "%s", id);
	}
	teardown();
}
END_TEST

/* Many ask for the same and do it where it wasn't done: one does. */
START_TEST(one_of_many)
{
	enum { MANY = 10 };
	int done = 0, status;

	setup();
	for (int i = 0; i < MANY; i++) {
		pid_t pid = fork();
		struct duplicates *dups;

		ck_assert_int_ge(pid, 0);
		if (pid > 0)
			continue;
		dups = duplicates_open(home, "alice", &ctx);
		status = !duplicates_has(dups, "x", 1);
		duplicates_add(dups, "x", 1, UINT32_MAX);
		duplicates_close(&dups);
		_exit(status);
	}
	while (wait(&status) > 0)
		done += WEXITSTATUS(status);
	ck_assert_int_eq(done, 1);
	teardown();
}
END_TEST

UNIT_MAIN("deliver-duplicate", marks, expiry, in_one_go, long_names, no_home, damage,
	  obstacles, lock_left_behind, together, one_of_many);
