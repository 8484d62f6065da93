/*
 * A disk that forgets: a file which a loop device can sit on, served by FUSE,
 * and a log of every write and every flush that reached it. From the log the
 * disk is made again as a power failure at a given instant would have left
 * it: what was flushed is there; what was written after the last flush is
 * there, or not, or some of it.
 *
 *   disk record IMAGE FILE LOG
 *   disk replay IMAGE FILE LOG TIME KEEP
 *
 * serves IMAGE, which stays as it is, as FILE until FILE is unmounted. `ready`
 * on standard output says that it is there. TIME is in seconds since the
 * epoch, with fractions; KEEP, of what wasn't flushed: none, all, or the
 * number of a random choice of its 4 KiB blocks.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { WRITE_MAX = 1 << 20, BLOCK = 4096 };

/* An event in the log; the octets of a write follow it. */
struct event {
	uint64_t time_us;
	uint64_t offset;
	uint64_t len;		/* 0: a flush */
};

static struct {
	char *data;		/* our own copy of the image, page by page */
	uint64_t size;
	int log;		/* -1: nothing is recorded */
	int fuse;
} disk = { .log = -1 };

static void __attribute__((noreturn))
die(const char *what)
{
	fprintf(stderr, "disk: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
open_image(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		die(path);
	disk.size = (uint64_t)st.st_size;
	disk.data = mmap(NULL, disk.size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_NORESERVE, fd, 0);
	if (disk.data == MAP_FAILED)
		die(path);
	close(fd);
}

/* --- the log --- */

static void
record(uint64_t offset, const void *data, uint64_t len)
{
	struct timespec now;
	struct event event = { .offset = offset, .len = len };
	struct iovec iov[2] = {
		{ &event, sizeof(event) }, { (void *)(uintptr_t)data, len },
	};

	if (disk.log < 0)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	event.time_us = (uint64_t)now.tv_sec * 1000000 +
		(uint64_t)now.tv_nsec / 1000;
	if (writev(disk.log, iov, 2) != (ssize_t)(sizeof(event) + len))
		die("log");
}

struct log {
	const char *next, *end;
};

static struct log
log_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	const char *data;

	if (fd < 0 || fstat(fd, &st) < 0)
		die(path);
	data = mmap(NULL, (size_t)st.st_size + 1, PROT_READ, MAP_PRIVATE, fd,
		    0);
	if (data == MAP_FAILED)
		die(path);
	close(fd);
	return (struct log){ data, data + st.st_size };
}

/* The next event no later than `until`, and its octets. */
static bool
log_next(struct log *log, uint64_t until, struct event *event,
	 const char **data)
{
	if (log->end - log->next < (ptrdiff_t)sizeof(*event))
		return false;
	memcpy(event, log->next, sizeof(*event));
	if (event->time_us > until)
		return false;
	*data = log->next + sizeof(*event);
	log->next = *data + event->len;
	return true;
}

static bool
is_kept(const char *keep)
{
	if (strcmp(keep, "all") == 0)
		return true;
	return strcmp(keep, "none") != 0 && random() % 2 == 0;
}

static void
apply(const struct event *event, const char *data, const char *keep)
{
	for (uint64_t at = 0; at < event->len; ) {
		uint64_t in_block = (event->offset + at) % BLOCK;
		uint64_t len = BLOCK - in_block;

		if (len > event->len - at)
			len = event->len - at;
		if (is_kept(keep))
			memcpy(disk.data + event->offset + at, data + at, len);
		at += len;
	}
}

/* All of it up to the last flush before `until`, `keep` of the rest. */
static void
replay(const char *path, uint64_t until, const char *keep)
{
	struct log start = log_open(path), log = start, flushed = start;
	struct event event;
	const char *data;

	srandom((unsigned)atoi(keep));
	while (log_next(&log, until, &event, &data)) {
		if (event.len == 0)
			flushed = log;
	}
	log = start;
	while (log_next(&log, until, &event, &data)) {
		apply(&event, data, log.next <= flushed.next ? "all" : keep);
	}
}

/* --- FUSE: one file, which is the root of its file system --- */

static void
answer(uint64_t unique, int error, const void *data, size_t len)
{
	struct fuse_out_header out = {
		.len = (uint32_t)(sizeof(out) + len), .error = -error,
		.unique = unique,
	};
	struct iovec iov[2] = {
		{ &out, sizeof(out) }, { (void *)(uintptr_t)data, len },
	};

	/* ENOENT: who asked was interrupted. */
	if (writev(disk.fuse, iov, 2) < 0 && errno != ENOENT)
		die("answer");
}

static void
do_init(const struct fuse_in_header *in, const struct fuse_init_in *arg)
{
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = arg->max_readahead,
		.flags = FUSE_BIG_WRITES | FUSE_MAX_PAGES,
		.max_write = WRITE_MAX,
		.max_pages = WRITE_MAX / 4096,
	};

	answer(in->unique, 0, &out, sizeof(out));
}

static void
do_getattr(const struct fuse_in_header *in)
{
	struct fuse_attr_out out = {
		.attr_valid = 3600,
		.attr = {
			.ino = FUSE_ROOT_ID, .size = disk.size,
			.blocks = disk.size / 512, .mode = S_IFREG | 0600,
			.nlink = 1, .blksize = BLOCK,
		},
	};

	answer(in->unique, 0, &out, sizeof(out));
}

static void
do_read(const struct fuse_in_header *in, const struct fuse_read_in *arg)
{
	uint64_t len = arg->size;

	if (arg->offset >= disk.size)
		len = 0;
	else if (len > disk.size - arg->offset)
		len = disk.size - arg->offset;
	answer(in->unique, 0, disk.data + arg->offset, len);
}

static void
do_write(const struct fuse_in_header *in, const struct fuse_write_in *arg)
{
	struct fuse_write_out out = { .size = arg->size };
	const void *data = arg + 1;

	if (arg->offset > disk.size || arg->size > disk.size - arg->offset) {
		answer(in->unique, ENOSPC, NULL, 0);
		return;
	}
	memcpy(disk.data + arg->offset, data, arg->size);
	record(arg->offset, data, arg->size);
	answer(in->unique, 0, &out, sizeof(out));
}

static void
do_request(const struct fuse_in_header *in)
{
	struct fuse_open_out opened = { .open_flags = FOPEN_DIRECT_IO };
	const void *arg = in + 1;

	switch (in->opcode) {
	case FUSE_INIT:
		do_init(in, arg);
		break;
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		do_getattr(in);
		break;
	case FUSE_OPEN:
		answer(in->unique, 0, &opened, sizeof(opened));
		break;
	case FUSE_READ:
		do_read(in, arg);
		break;
	case FUSE_WRITE:
		do_write(in, arg);
		break;
	case FUSE_FSYNC:
		record(0, NULL, 0);
		answer(in->unique, 0, NULL, 0);
		break;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
		answer(in->unique, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		answer(in->unique, ENOSYS, NULL, 0);
	}
}

static void
serve(const char *file)
{
	static char buf[WRITE_MAX + 8192] __attribute__((aligned(4096)));
	char options[128];

	disk.fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (disk.fuse < 0)
		die("/dev/fuse");
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=100600,user_id=0,group_id=0", disk.fuse);
	if (mount("loft-disk", file, "fuse", MS_NOSUID | MS_NODEV, options) < 0)
		die("mount");
	puts("ready");
	fclose(stdout);
	for (;;) {
		ssize_t len = read(disk.fuse, buf, sizeof(buf));

		if (len < 0 && errno == ENODEV)
			return;		/* unmounted */
		if (len < 0 && errno != EINTR && errno != ENOENT &&
		    errno != EAGAIN)
			die("read");
		if (len >= (ssize_t)sizeof(struct fuse_in_header))
			do_request((const struct fuse_in_header *)buf);
	}
}

int
main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "record") == 0) {
		open_image(argv[2]);
		disk.log = open(argv[4], O_WRONLY | O_CREAT | O_TRUNC |
				O_CLOEXEC, 0600);
		if (disk.log < 0)
			die(argv[4]);
	} else if (argc == 7 && strcmp(argv[1], "replay") == 0) {
		open_image(argv[2]);
		replay(argv[4], (uint64_t)(strtold(argv[5], NULL) * 1e6L),
		       argv[6]);
	} else {
		return 64;
	}
	serve(argv[3]);
	return 0;
}
