/*
 * The last steps before a program is executed for somebody else: a script of
 * the operator's, sendmail. It inherits three descriptors and nothing more.
 */
#ifndef LOFT_SERVICE_CHILD_H
#define LOFT_SERVICE_CHILD_H

/* In the child, after its ids were settled: these three become 0, 1 and 2,
   every other descriptor is closed, each signal does what it does by default
   and none is blocked. 0, or -1 with errno; the child must then _exit(). */
int child_clean(int in, int out, int error);

#endif
