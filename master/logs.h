/*
 * Log pipes: one per service name and one for the master itself. The master
 * keeps both ends, so that a dead log process costs nobody a SIGPIPE and no
 * line that is in the pipe.
 */
#ifndef LOFT_MASTER_LOGS_H
#define LOFT_MASTER_LOGS_H

#include <stdbool.h>

struct err;
struct generation;
struct log_pipe;
struct master;
struct str;

/* The pipe of that name, made when there is none yet; NULL with err. */
struct log_pipe *logs_pipe(struct master *m, const char *name,
			   struct err *err);
void logs_adopt(struct master *m, const char *name, int read_fd,
		int write_fd);
unsigned logs_count(const struct master *m);
void logs_close(struct master *m);

/* Can the files that the settings name be opened? Lines in errors. */
void logs_check(const struct generation *gen, struct str *errors);

/* Does any log process live, of whatever generation? */
bool logs_writer_lives(const struct master *m);

#endif
