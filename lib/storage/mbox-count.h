/*
 * What lies in an mbox: for quota. A message begins at a From_ line that is
 * the first or follows an empty one; neither of the two is counted.
 */
#ifndef LOFT_STORAGE_MBOX_COUNT_H
#define LOFT_STORAGE_MBOX_COUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct mailbox;
struct mailbox_usage;

enum { MBOX_COUNT_HEAD = 512 };	/* of a line: enough for a From_ line */

/* Zeroed before the first part. */
struct mbox_count {
	uint64_t messages, bytes, lines;	/* lines: those without a CR */
	uint64_t line_len;			/* of the present one */
	char head[MBOX_COUNT_HEAD];
	size_t head_len;
	char last;				/* octet; '\0' at first */
	bool after_text;			/* no empty line before */
};

void mbox_count_add(struct mbox_count *count, const char *data, size_t len);
void mbox_count_end(struct mbox_count *count);

/* storage_format's function. */
int mbox_usage(const struct mailbox *box, bool vsize,
	       struct mailbox_usage *usage, struct err *err);

#endif
