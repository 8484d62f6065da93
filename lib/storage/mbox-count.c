/*
 * What lies in an mbox; see mbox-count.h.
 */
#include "storage/mbox-count.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/err.h"
#include "core/pool.h"
#include "storage/mbox-lock.h"
#include "storage/mbox-text.h"
#include "storage/storage-private.h"

enum { READ = 64 * 1024 };

/* The empty line behind a message is no part of it. */
static void
end_message(struct mbox_count *count)
{
	if (count->messages == 0 || count->after_text)
		return;
	count->bytes--;
	count->lines--;
}

static void
end_line(struct mbox_count *count)
{
	bool has_text = count->line_len > 0;

	if (!count->after_text &&
	    mbox_is_from_line(count->head, count->head_len)) {
		end_message(count);
		count->messages++;
	} else if (count->messages > 0) {
		count->bytes += count->line_len + 1;
		count->lines += count->last != '\r';
	}
	count->after_text = has_text;
	count->line_len = 0;
	count->head_len = 0;
	count->last = '\0';
}

/* A part of a line. */
static void
add_part(struct mbox_count *count, const char *data, size_t len)
{
	size_t head = sizeof(count->head) - count->head_len;

	if (len == 0)
		return;
	if (head > len)
		head = len;
	memcpy(count->head + count->head_len, data, head);
	count->head_len += head;
	count->line_len += len;
	count->last = data[len - 1];
}

void
mbox_count_add(struct mbox_count *count, const char *data, size_t len)
{
	while (len > 0) {
		const char *end = memchr(data, '\n', len);
		size_t n = end == NULL ? len : (size_t)(end - data);

		add_part(count, data, n);
		if (end == NULL)
			return;
		end_line(count);
		data += n + 1;
		len -= n + 1;
	}
}

void
mbox_count_end(struct mbox_count *count)
{
	if (count->line_len > 0 && count->messages > 0)
		count->bytes += count->line_len;
	else
		end_message(count);
}

static int
count_file(const struct mbox_file *file, struct mbox_count *count, char *buf,
	   struct err *err)
{
	off_t offset = 0;
	ssize_t n;

	while ((n = pread(file->fd, buf, READ, offset)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_path(err, "read", file->path);
		mbox_count_add(count, buf, (size_t)n);
		offset += n;
	}
	mbox_count_end(count);
	return 0;
}

int
mbox_usage(const struct mailbox *box, bool vsize, struct mailbox_usage *usage,
	   struct err *err)
{
	struct pool *pool = pool_new();
	struct mbox_count *count = pool_new_obj(pool, struct mbox_count);
	struct mbox_file file;
	struct err ignored;
	int result = mbox_lock(&file, box, false, pool, err);

	if (result == 0) {
		result = count_file(&file, count, pool_alloc(pool, READ), err);
		(void)mbox_unlock(&file, &ignored);	/* only read */
		usage->bytes = count->bytes + (vsize ? count->lines : 0);
		usage->messages = count->messages;
	}
	pool_free(&pool);
	return result < 0 ? -1 : 0;
}
