/*
 * Small text files beside the mail; see text-file.h.
 */
#include "storage/text-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"
#include "core/str.h"
#include "core/write.h"
#include "storage/perm.h"

int
text_file_read(const char *path, size_t max, struct str *text,
	       struct err *err)
{
	/* A fifo in its place must not hold us. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_path(err, "open", path);
	do {
		n = read(fd, str_reserve(text, 8192), 8192);
		if (n > 0)
			text->len += (size_t)n;
		text->data[text->len] = '\0';
	} while ((n > 0 && text->len < max) || (n < 0 && errno == EINTR));
	if (n > 0)
		errno = EFBIG;
	if (n != 0)
		(void)err_path(err, "read", path);
	(void)close(fd);	/* only read */
	return n == 0 ? 0 : -1;
}

int
text_file_write(int fd, const char *path, const char *dir,
		const struct str *text, struct err *err)
{
	struct stat st;
	struct perm perm = perm_private;

	if (stat(dir, &st) == 0)
		perm = perm_from_dir(&st);
	if (perm_apply_fd(fd, path, perm.file, &perm, err) < 0)
		return -1;
	if (write_all(fd, text->data, text->len) < 0)
		return err_path(err, "write", path);
	return fdatasync(fd) < 0 ? err_path(err, "fdatasync", path) : 0;
}
