/*
 * Rawlogs: all that a session said and heard, in two files per connection,
 * "YYYYMMDD-HHMMSS.PID.N.in" and ".out", each line with the time in front.
 * For debugging only: nothing that fails here reaches the session.
 */
#ifndef LOFT_IO_RAWLOG_H
#define LOFT_IO_RAWLOG_H

#include <stddef.h>

struct rawlog;

/* Files in dir with the ids of this moment; NULL when they can't be made (a
   missing dir is the usual way to have none). */
struct rawlog *rawlog_open(const char *dir);
void rawlog_close(struct rawlog **rp);

/* Octets that came from the client, and that went to it. */
void rawlog_in(struct rawlog *r, const char *data, size_t len);
void rawlog_out(struct rawlog *r, const char *data, size_t len);

#endif
