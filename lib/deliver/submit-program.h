/*
 * Programs that send mail, run as whom the process rests (service/priv.h).
 * They get nothing of it but the message: ids that can't climb back, a clean
 * environment, default signals, no descriptors. For deliver/ alone.
 */
#ifndef LOFT_DELIVER_SUBMIT_PROGRAM_H
#define LOFT_DELIVER_SUBMIT_PROGRAM_H

#include <stdbool.h>

struct err;
struct str;

bool submit_program_exists(const char *path);

/* Run args[0] with this on its standard input; it is killed after that many
   seconds. Its status, with an err that has its first words where that isn't
   0; or -1. */
int submit_program(char *const args[], const struct str *input, unsigned secs,
		   struct err *err);

#endif
