/*
 * The bytes of a message into a file; see maildir-write.h. A message in
 * memory is one writev(2); one in a file is copied by the kernel.
 */
#include "storage/maildir-write.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/err.h"
#include "io/spool.h"
#include "storage/storage.h"

enum { BUFFER = 32 * 1024 };

/* Where the bytes go. */
struct target {
	int fd;
	const char *path;
	struct err *err;
};

static int
write_vec(const struct target *to, struct iovec *iov, int count)
{
	while (count > 0) {
		ssize_t n;

		if (iov->iov_len == 0) {
			iov++;
			count--;
			continue;
		}
		n = writev(to->fd, iov, count);
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = ENOSPC;
		if (n <= 0)
			return err_path(to->err, "write", to->path);
		for (; count > 0 && (size_t)n >= iov->iov_len; count--)
			n -= (ssize_t)iov++->iov_len;
		if (count > 0) {
			iov->iov_base = (char *)iov->iov_base + n;
			iov->iov_len -= (size_t)n;
		}
	}
	return 0;
}

static int
write_buf(const struct target *to, const char *data, size_t len)
{
	struct iovec iov = { (void *)(uintptr_t)data, len };

	return write_vec(to, &iov, 1);
}

/* Read and write: for file systems that can't copy in the kernel, and for
   changes on the way. */
typedef int change_fn(const struct target *to, const char *data, size_t len,
		      char *last);

static int
copy_changed(const struct target *to, const struct spool *spool,
	     uint64_t offset, change_fn *change, char *last)
{
	char buf[BUFFER];

	while (offset < spool_size(spool)) {
		ssize_t n = spool_read(spool, offset, buf, sizeof(buf),
				       to->err);

		if (n < 0)
			return -1;
		if (n == 0) {
			return err_set(to->err, ERR_TEMP, "the spooled "
				       "message got shorter");
		}
		if (change(to, buf, (size_t)n, last) < 0)
			return -1;
		offset += (uint64_t)n;
	}
	return 0;
}

static int
change_nothing(const struct target *to, const char *data, size_t len,
	       char *last)
{
	(void)last;
	return write_buf(to, data, len);
}

/* LF becomes CR LF; *last is the octet before data. */
static int
change_crlf(const struct target *to, const char *data, size_t len, char *last)
{
	char out[2 * BUFFER];
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		if (used + 2 > sizeof(out)) {
			if (write_buf(to, out, used) < 0)
				return -1;
			used = 0;
		}
		if (data[i] == '\n' && *last != '\r')
			out[used++] = '\r';
		out[used++] = *last = data[i];
	}
	return write_buf(to, out, used);
}

/* May the next way of copying work after this one failed? */
static bool
not_here(int error)
{
	return error == EXDEV || error == EINVAL || error == ENOSYS ||
		error == EOPNOTSUPP || error == EBADF || error == EPERM ||
		error == ETXTBSY;
}

static ssize_t
copy_range(const struct target *to, int from, off_t *offset, size_t len)
{
	return copy_file_range(from, offset, to->fd, NULL, len, 0);
}

static ssize_t
copy_sendfile(const struct target *to, int from, off_t *offset, size_t len)
{
	return sendfile(to->fd, from, offset, len);
}

typedef ssize_t copy_fn(const struct target *to, int from, off_t *offset,
			size_t len);

/* Copy in the kernel as far as that goes; *offset is in the file. */
static int
copy_kernel(const struct target *to, const struct spool *spool, copy_fn *copy,
	    off_t *offset)
{
	off_t end = (off_t)(spool_base(spool) + spool_size(spool));

	while (*offset < end) {
		ssize_t n = copy(to, spool_fd(spool), offset,
				 (size_t)(end - *offset));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && !not_here(errno))
			return err_path(to->err, "write", to->path);
		/* 0: some file systems say so when they mean "not here" */
		if (n <= 0)
			return 0;
	}
	return 0;
}

static int
copy_file(const struct target *to, const struct spool *spool)
{
	off_t offset = (off_t)spool_base(spool);

	if (copy_kernel(to, spool, copy_range, &offset) < 0 ||
	    copy_kernel(to, spool, copy_sendfile, &offset) < 0)
		return -1;
	return copy_changed(to, spool, (uint64_t)offset - spool_base(spool),
			    change_nothing, NULL);
}

int
maildir_write(int fd, const char *path, const struct save_source *source,
	      bool crlf, struct err *err)
{
	const struct target to = { fd, path, err };
	const char *memory = spool_memory(source->spool);
	size_t headers_len = strlen(source->headers);
	char last = '\0';

	if (crlf) {
		if (change_crlf(&to, source->headers, headers_len, &last) < 0)
			return -1;
		last = '\0';
		return copy_changed(&to, source->spool, 0, change_crlf, &last);
	}
	if (memory != NULL) {
		struct iovec iov[2] = {
			{ (void *)(uintptr_t)source->headers, headers_len },
			{ (void *)(uintptr_t)memory,
			  (size_t)spool_size(source->spool) },
		};

		return write_vec(&to, iov, 2);
	}
	if (write_buf(&to, source->headers, headers_len) < 0)
		return -1;
	return copy_file(&to, source->spool);
}
