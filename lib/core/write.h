/*
 * Writing all of something.
 */
#ifndef LOFT_CORE_WRITE_H
#define LOFT_CORE_WRITE_H

#include <stddef.h>

/* To a file, in as many calls as it takes. 0, or -1 with errno: then some of
   it may have been written. */
int write_all(int fd, const void *data, size_t len);

#endif
