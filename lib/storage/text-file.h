/*
 * Small text files beside the mail (subscriptions, dovecot-keywords): read
 * whole, and written anew into a lock file that then takes their name.
 */
#ifndef LOFT_STORAGE_TEXT_FILE_H
#define LOFT_STORAGE_TEXT_FILE_H

#include <stddef.h>

struct err;
struct str;

/* Add the file's text to `text`, which is empty when there is no file. -1
   with err, also when it is longer than max. */
int text_file_read(const char *path, size_t max, struct str *text,
		   struct err *err);

/* Fill a new file and bring it to stable storage; mode and group are those
   of files in dir. */
int text_file_write(int fd, const char *path, const char *dir,
		    const struct str *text, struct err *err);

#endif
