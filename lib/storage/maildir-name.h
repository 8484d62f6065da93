/*
 * Names of files in a Maildir: SEC.MusecPpid.host, unlike any other on any
 * host, and the same with ,S=size,W=size behind it once the file is whole.
 */
#ifndef LOFT_STORAGE_MAILDIR_NAME_H
#define LOFT_STORAGE_MAILDIR_NAME_H

#include <stdint.h>

enum { MAILDIR_NAME_MAX = 256 };

/* A new name. No two calls in a process give the same one, also when the
   clock stands still or goes back by little. */
void maildir_name_new(char name[MAILDIR_NAME_MAX]);

/* The last name was taken. Who takes such a name has our pid, our host name
   and our clock: keep out of his way with the next ones. */
void maildir_name_taken(void);

/* The same message in new/. */
void maildir_name_final(char final[MAILDIR_NAME_MAX], const char *name,
			uint64_t size, uint64_t vsize);

/* A host's name with what can't stand there ('/', ':') as \ooo. */
void maildir_name_host(char *out, unsigned size, const char *host);

#endif
