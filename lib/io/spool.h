/*
 * A message while it is received: in memory up to a limit, then in an
 * unnamed file, so that memory stays bounded whatever a client sends. The
 * octets are kept with LF line ends where CRLF came (a bare CR or LF stays
 * as it is).
 */
#ifndef LOFT_IO_SPOOL_H
#define LOFT_IO_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct spool;

/* temp_dir (mail_temp_dir) is where the unnamed file goes; it is opened only
   when memory is full, with the ids of that moment. */
struct spool *spool_new(const char *temp_dir);
void spool_free(struct spool **sp);

/* Other places for the content when memory is full; either may be NULL. Both
   return a descriptor open for reading and writing, which the spool owns from
   then on, or -1. */
struct spool_places {
	/* Asked before temp_dir is used. The position is behind *base_r
	   octets that stand in front of the content. */
	int (*in_place)(void *ctx, uint64_t *base_r);
	/* Asked when there is no room in temp_dir, or no such directory; why
	   says what is wrong with it. The file is empty. */
	int (*shelter)(void *ctx, const struct err *why);
};

/* Use them until the next reset. */
void spool_set_places(struct spool *sp, const struct spool_places *places,
		      void *ctx);

/* What is in place will be synced: until the next reset the disk may begin
   with it while the rest comes in. */
void spool_write_ahead(struct spool *sp);

/* Is the content in a file that in_place() gave? */
bool spool_is_placed(const struct spool *sp);

/* Forget the content, keep the memory: for the next transaction. */
void spool_reset(struct spool *sp);

/* Append octets as they came; a CR directly before LF is dropped, also when
   they come in two calls. When a file system is full the content moves to the
   next place; -1 when no place has room (ERR_TEMP, with path). */
int spool_write(struct spool *sp, const void *data, size_t len,
		struct err *err);

/* No more will come: a CR that waited for its LF is kept. */
int spool_finish(struct spool *sp, struct err *err);

/* Octets as kept, and how many LFs among them have no CR before them (so
   that the CRLF size is size + lines). */
uint64_t spool_size(const struct spool *sp);
uint64_t spool_lines(const struct spool *sp);

/* The whole content when it is in memory, else NULL. */
const char *spool_memory(const struct spool *sp);

/* The unnamed file with the whole content, from offset spool_base(), or -1
   when it is in memory. */
int spool_fd(const struct spool *sp);
uint64_t spool_base(const struct spool *sp);

/* Read at an offset: octets read, 0 at the end, -1 with err. */
ssize_t spool_read(const struct spool *sp, uint64_t offset, void *buf,
		   size_t size, struct err *err);

#endif
