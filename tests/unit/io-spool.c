/* The spool: line ends, memory against file, and what happens without room. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/err.h"
#include "core/pool.h"
#include "io/spool.h"

static size_t room = SIZE_MAX;	/* of all files whose st_mode has S_IXUSR */

/* In place of libc's: disks that are full. */
ssize_t
write(int fd, const void *data, size_t len)
{
	struct stat st;

	if (room != SIZE_MAX && fstat(fd, &st) == 0 &&
	    (st.st_mode & S_IXUSR) != 0) {
		if (room == 0) {
			errno = ENOSPC;
			return -1;
		}
		if (len > room)
			len = room;
		room -= len;
	}
	return syscall(SYS_write, fd, data, len);
}

static int ahead_error;		/* of sync_file_range(), or 0 */
static unsigned asked_ahead;

int
sync_file_range(int fd, off64_t offset, off64_t len, unsigned flags)
{
	struct stat st;

	asked_ahead++;
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_le(offset + len, st.st_size);
	ck_assert_uint_eq(flags, SYNC_FILE_RANGE_WRITE);
	errno = ahead_error;
	return ahead_error == 0 ? 0 : -1;
}

static void
check_content(const struct spool *sp, const char *want, size_t len)
{
	char *got = mem_alloc(len + 1);
	struct err err;
	size_t have = 0;
	ssize_t n;

	ck_assert_uint_eq(spool_size(sp), len);
	while ((n = spool_read(sp, have, got + have, len + 1 - have,
			       &err)) > 0)
		have += (size_t)n;
	ck_assert_int_eq(n, 0);
	ck_assert_uint_eq(have, len);
	ck_assert_mem_eq(got, want, len);
	free(got);
}

static const struct {
	const char *in, *out;
	size_t in_len, out_len;
	uint64_t lines;
} cases[] = {
#define CASE(in, out, lines) { in, out, sizeof(in) - 1, sizeof(out) - 1, lines }
	CASE("", "", 0),
	CASE("a\r\nb\r\n", "a\nb\n", 2),
	CASE("a\nb", "a\nb", 1),
	CASE("a\rb\r", "a\rb\r", 0),
	CASE("\r\r\n", "\r\n", 0),
	CASE("\r\n\r\n", "\n\n", 2),
	CASE("\n\r\n\r", "\n\n\r", 2),
	CASE("x\0\r\n\0\0", "x\0\n\0\0", 1),
	CASE("\xff\r\r\r\ny", "\xff\r\r\ny", 0),
};

START_TEST(line_ends_across_calls)
{
	struct spool *sp = spool_new("/nonexistent");
	struct err err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (size_t step = 1; step <= cases[i].in_len + 1; step++) {
			size_t at = 0;

			while (at < cases[i].in_len) {
				size_t n = cases[i].in_len - at;

				if (n > step)
					n = step;
				ck_assert_int_eq(spool_write(sp,
					cases[i].in + at, n, &err), 0);
				at += n;
			}
			ck_assert_int_eq(spool_finish(sp, &err), 0);
			check_content(sp, cases[i].out, cases[i].out_len);
			ck_assert_uint_eq(spool_lines(sp), cases[i].lines);
			ck_assert_ptr_nonnull(spool_memory(sp));
			ck_assert_int_eq(spool_fd(sp), -1);
			spool_reset(sp);
		}
	}
	spool_free(&sp);
	ck_assert_ptr_null(sp);
}
END_TEST

START_TEST(large_goes_to_unnamed_file)
{
	char dir[] = "/tmp/loft-unit.XXXXXX";
	size_t len = 3 * 1024 * 1024 + 17;
	char *want = mem_alloc(len);
	struct spool *sp;
	struct err err;
	struct stat st;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	for (size_t i = 0; i < len; i++)
		want[i] = (char)(i * 7 % 251);
	for (size_t i = 0; i < len; i++) {
		if (want[i] == '\r')
			want[i] = 'r';
	}
	sp = spool_new(dir);
	for (int round = 0; round < 2; round++) {
		ck_assert_int_eq(spool_write(sp, want, len, &err), 0);
		ck_assert_int_eq(spool_finish(sp, &err), 0);
		ck_assert_ptr_null(spool_memory(sp));
		ck_assert_int_eq(fstat(spool_fd(sp), &st), 0);
		ck_assert_uint_eq((size_t)st.st_size, len);
		ck_assert_uint_eq(st.st_nlink, 0);
		check_content(sp, want, len);
		spool_reset(sp);
		ck_assert_int_eq(spool_fd(sp), -1);
	}
	spool_free(&sp);
	/* Nothing is left behind. */
	ck_assert_int_eq(rmdir(dir), 0);
	free(want);
}
END_TEST

START_TEST(unusable_temp_dir_is_named)
{
	struct spool *sp = spool_new("/nonexistent/tmp");
	char block[4096];
	struct err err;
	int result = 0;

	memset(block, 'x', sizeof(block));
	for (int i = 0; i < 64 && result == 0; i++)
		result = spool_write(sp, block, sizeof(block), &err);
	ck_assert_int_eq(result, -1);
	ck_assert_int_eq(err.kind, ERR_TEMP);
	ck_assert_ptr_nonnull(strstr(err.text, "/nonexistent/tmp"));
	ck_assert_ptr_nonnull(strstr(err.text, "No such file"));
	spool_free(&sp);
}
END_TEST

START_TEST(full_disk_is_told)
{
	struct rlimit limit, before_it;
	struct spool *sp;
	char block[4096];
	struct err err;
	int result = 0;

	/* A file system that takes O_TMPFILE and is full after a megabyte
	   can't be had without root: a size limit stands in for it. */
	memset(block, 'x', sizeof(block));
	sp = spool_new("/tmp");
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before_it), 0);
	limit = before_it;
	limit.rlim_cur = 65536;
	setrlimit(RLIMIT_FSIZE, &limit);
	for (int i = 0; i < 64 && result == 0; i++)
		result = spool_write(sp, block, sizeof(block), &err);
	ck_assert_int_eq(result, -1);
	ck_assert_ptr_nonnull(strstr(err.text, "mail_temp_dir /tmp"));
	ck_assert_ptr_nonnull(strstr(err.text, "File too large"));
	setrlimit(RLIMIT_FSIZE, &before_it);
	spool_free(&sp);
}
END_TEST

/* --- places --- */

static char where[64];
static unsigned asked_in_place, asked_shelter;
static bool place_is_small, shelter_is_small, no_place, no_shelter;
static const char before[] = "H: 1\n";

static int
open_one(bool is_small)
{
	int fd = open(where, O_TMPFILE | O_RDWR, is_small ? 0700 : 0600);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static int
in_place(void *ctx, uint64_t *base_r)
{
	int fd;

	ck_assert_ptr_eq(ctx, where);
	asked_in_place++;
	if (no_place)
		return -1;
	fd = open_one(place_is_small);
	*base_r = strlen(before);
	ck_assert_int_eq(syscall(SYS_write, fd, before, *base_r), *base_r);
	return fd;
}

static int
shelter(void *ctx, const struct err *why)
{
	ck_assert_ptr_eq(ctx, where);
	ck_assert_ptr_nonnull(strstr(why->text, "/nonexistent"));
	asked_shelter++;
	return no_shelter ? -1 : open_one(shelter_is_small);
}

static const struct spool_places places = { in_place, shelter };

/* Three megabytes, of which the first places take 1,000,000 octets. */
static int
fill(struct spool *sp, const char *want, size_t len, struct err *err)
{
	size_t at = 0;

	asked_in_place = asked_shelter = 0;
	room = 1000000;
	spool_reset(sp);
	spool_set_places(sp, &places, where);
	spool_write_ahead(sp);
	while (at < len) {
		size_t n = len - at < 50000 ? len - at : 50000;

		if (spool_write(sp, want + at, n, err) < 0)
			return -1;
		at += n;
	}
	return spool_finish(sp, err);
}

START_TEST(places_in_turn)
{
	size_t len = 3000000;
	char *want = mem_alloc(len);
	struct spool *sp = spool_new("/nonexistent");
	struct spool *with_temp;
	struct err err;

	strcpy(where, "/tmp/loft-unit.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(where));
	for (size_t i = 0; i < len; i++)
		want[i] = (char)('a' + i * 7 % 26);
	/* room at once */
	ck_assert_int_eq(fill(sp, want, len, &err), 0);
	ck_assert(spool_is_placed(sp));
	ck_assert_uint_eq(spool_base(sp), strlen(before));
	check_content(sp, want, len);
	ck_assert_uint_eq(asked_shelter, 0);
	/* the disk begins; that it can't is no matter, that it fails is */
	ck_assert_uint_eq(asked_ahead, 1);
	ahead_error = EINVAL;
	ck_assert_int_eq(fill(sp, want, len, &err), 0);
	check_content(sp, want, len);
	ahead_error = EIO;
	ck_assert_int_eq(fill(sp, want, len, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "sync_file_range"));
	ck_assert_uint_eq(asked_shelter, 0);
	ahead_error = 0;
	/* none in the middle: what is there moves on */
	place_is_small = true;
	ck_assert_int_eq(fill(sp, want, len, &err), 0);
	ck_assert(!spool_is_placed(sp));
	ck_assert_uint_eq(spool_base(sp), 0);
	check_content(sp, want, len);
	ck_assert_uint_eq(asked_in_place, 1);
	ck_assert_uint_eq(asked_shelter, 1);
	/* into the temp dir, if there is one */
	with_temp = spool_new(where);
	ck_assert_int_eq(fill(with_temp, want, len, &err), 0);
	check_content(with_temp, want, len);
	ck_assert_uint_eq(asked_shelter, 0);
	ck_assert(!spool_is_placed(with_temp));
	spool_free(&with_temp);
	/* no place */
	no_place = true;
	ck_assert_int_eq(fill(sp, want, len, &err), 0);
	check_content(sp, want, len);
	/* nowhere */
	shelter_is_small = true;
	ck_assert_int_eq(fill(sp, want, len, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "No space left"));
	ck_assert_uint_eq(asked_shelter, 1);
	no_shelter = true;
	ck_assert_int_eq(fill(sp, want, len, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "mail_temp_dir can't be used"));
	no_place = false;
	ck_assert_int_eq(fill(sp, want, len, &err), -1);
	/* and all is well again */
	place_is_small = false;
	ck_assert_int_eq(fill(sp, want, len, &err), 0);
	check_content(sp, want, len);
	spool_free(&sp);
	ck_assert_int_eq(rmdir(where), 0);
	free(want);
}
END_TEST

UNIT_MAIN("io-spool", line_ends_across_calls, large_goes_to_unnamed_file,
	  unusable_temp_dir_is_named, full_disk_is_told,
	  places_in_turn);
