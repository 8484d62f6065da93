/*
 * Names of mailboxes: from what a client, a script or -m says to a name on
 * disk. This is where nothing that came from outside may ever lead out of
 * the user's mail.
 */
#ifndef LOFT_STORAGE_MAILBOX_NAME_H
#define LOFT_STORAGE_MAILBOX_NAME_H

#include <stdbool.h>

struct err;
struct location;
struct pool;

/* Is the text UTF-8 (no surrogates, no overlong forms)? */
bool utf8_valid(const char *text);

/* UTF-8 as modified UTF-7 (RFC 3501 section 5.1.3), in pool; the text must
   be valid. */
const char *mutf7_encode(const char *utf8, struct pool *pool);

/* The other way. What isn't mUTF-7 stays as it is. */
char *mutf7_decode(const char *disk, struct pool *pool);

/* The character between levels on disk. */
char layout_separator(const struct location *loc);

/* A name within a namespace whose separator is sep, as the layout writes it
   ("Sub.Deep" or "Sub/Deep", mUTF-7), in pool. -1 with ERR_NOTFOUND and the
   reason, in Dovecot's words, when there can't be such a mailbox. */
int mailbox_name_to_disk(const char *name, char sep,
			 const struct location *loc, struct pool *pool,
			 const char **disk_r, struct err *err);

/* The directory of that name on disk, in pool. */
const char *mailbox_dir_path(const struct location *loc, const char *disk,
			     struct pool *pool);

#endif
