/*
 * The bytes of a message into a file: header fields first, then the spool,
 * never more of it in memory than a buffer.
 */
#ifndef LOFT_STORAGE_MAILDIR_WRITE_H
#define LOFT_STORAGE_MAILDIR_WRITE_H

#include <stdbool.h>

struct err;
struct save_source;

/* Write all of it to fd; path is for the error's text. With crlf each LF
   without a CR gets one. */
int maildir_write(int fd, const char *path, const struct save_source *source,
		  bool crlf, struct err *err);

#endif
