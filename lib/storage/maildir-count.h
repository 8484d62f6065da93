/*
 * What lies in a Maildir: for quota. Names tell the sizes (",S=" and ",W="),
 * so that a file is looked at only when its name doesn't.
 */
#ifndef LOFT_STORAGE_MAILDIR_COUNT_H
#define LOFT_STORAGE_MAILDIR_COUNT_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct mailbox;
struct mailbox_stamp;
struct mailbox_usage;
struct stat;

/* The number behind ",S=" (key 'S') or ",W=" in a file's name; false when it
   has none that can be believed. */
bool maildir_name_size(const char *name, char key, uint64_t *size_r);

/* storage_format's functions. */
bool maildir_is_mailbox(const char *path, const struct stat *st);
int maildir_usage(const struct mailbox *box, bool vsize,
		  struct mailbox_usage *usage, struct err *err);

int maildir_part_usage(const struct mailbox *box, unsigned part, bool vsize,
		       struct mailbox_usage *usage, struct err *err);
int maildir_stamp(const struct mailbox *box, struct mailbox_stamp *stamp,
		  struct err *err);

#endif
