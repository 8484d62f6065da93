/*
 * Making a Maildir and its folders, durably.
 */
#ifndef LOFT_STORAGE_MAILDIR_CREATE_H
#define LOFT_STORAGE_MAILDIR_CREATE_H

struct err;
struct mailbox;

/* Make what is missing of a mailbox: its parents, cur/, new/, the mark of a
   Maildir++ folder and at last tmp/. storage_format's function. */
int maildir_create(const struct mailbox *box, struct err *err);

#endif
