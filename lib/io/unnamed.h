/*
 * Files without a name, which are gone with their last descriptor.
 */
#ifndef LOFT_IO_UNNAMED_H
#define LOFT_IO_UNNAMED_H

#include <stdbool.h>

struct err;

/* One in this directory, open for reading and writing, mode 0600. Where the
   file system knows only named ones, it has a name for an instant, if it may.
   -1 with err. */
int unnamed_open(const char *dir, bool may_have_name, struct err *err);

#endif
