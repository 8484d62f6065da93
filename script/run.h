/*
 * Run a program for a client and wait for its end. It gets the client's
 * socket as standard input and output, the service's log as standard error,
 * and the ids, root directory and memory limit of the service.
 */
#ifndef LOFT_SCRIPT_RUN_H
#define LOFT_SCRIPT_RUN_H

#include "core/clock.h"

struct err;

struct run {
	char *const *argv;	/* an absolute path first */
	char *const *env;
	int fd;
	deadline_t deadline;	/* then it is killed */
};

/* 0: it ended with status 0. -1: it did not, or not in time. When the master
   stops, the program has a few seconds left. */
int run_program(const struct run *run, struct err *err);

#endif
