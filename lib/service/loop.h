/*
 * The event loop of master, auth, log and stats: descriptors, timers and
 * signals. libevent stays behind this file. Workers have no loop.
 */
#ifndef LOFT_SERVICE_LOOP_H
#define LOFT_SERVICE_LOOP_H

#include <stdint.h>

struct loop;
struct loop_io;
struct loop_timer;
struct loop_signal;

typedef void loop_fn(void *arg);

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

/* One per process. Running out of memory or descriptors here ends it. */
struct loop *loop_new(void);
void loop_free(struct loop **loopp);

/* Call back until loop_stop(). What was added must be deleted by its owner
   before loop_free(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Watch a descriptor, which stays the caller's; fn is called again as long as
   it is ready (level-triggered). `what` is LOOP_READ, LOOP_WRITE, both, or 0
   for a pause. NULL where the kernel can't watch it (errno tells). Everything
   may be deleted inside its own callback. */
struct loop_io *loop_io_new(struct loop *loop, int fd, unsigned what,
			    loop_fn *fn, void *arg);
int loop_io_set(struct loop_io *io, unsigned what);
void loop_io_free(struct loop_io **iop);

/* A timer rests until it is set; it fires once per setting. Clearing none
   (NULL) is allowed. */
struct loop_timer *loop_timer_new(struct loop *loop, loop_fn *fn, void *arg);
void loop_timer_set(struct loop_timer *timer, int64_t ms);
void loop_timer_clear(struct loop_timer *timer);
void loop_timer_free(struct loop_timer **timerp);

/* Call back, from the loop, after the process got the signal. */
struct loop_signal *loop_signal_new(struct loop *loop, int signo, loop_fn *fn,
				    void *arg);
void loop_signal_free(struct loop_signal **signalp);

#endif
