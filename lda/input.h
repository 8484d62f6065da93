/*
 * The message that loft-lda was given: standard input or a file.
 */
#ifndef LOFT_LDA_INPUT_H
#define LOFT_LDA_INPUT_H

struct err;
struct pool;
struct spool;

/* Open the file. Of a FIFO only what comes within a minute is waited for. */
int input_open(const char *path, struct err *err);

/* Read all of fd into the spool. A leading mbox line ("From sender date") is
   taken off; *from_r is its sender, in pool and not checked, or NULL when there
   was none.
   With from_r NULL nothing is taken off. */
int input_read(int fd, struct spool *spool, struct pool *pool,
	       const char **from_r, struct err *err);

#endif
