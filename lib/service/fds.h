/*
 * What crosses fork() and exec: master/spawn.c arranges it, service/inherit.c
 * takes it up; nobody else needs to know.
 */
#ifndef LOFT_SERVICE_FDS_H
#define LOFT_SERVICE_FDS_H

/* Exactly what a child of the master inherits. Numbers are fixed, so that a
   child needs no table; listeners follow one another. */
enum {
	SERVICE_FD_MASTER = 3,	/* pipe: end of file means the master is gone */
	SERVICE_FD_STATUS = 4,	/* write end: fixed records to the master */
	SERVICE_FD_CONTROL = 5,	/* template's socket to the master, or /dev/null */
	SERVICE_FD_CONFIG = 6,	/* the sealed snapshot */
	SERVICE_FD_BOARD = 7,	/* shared memory: a slot per worker */
	SERVICE_FD_LISTEN = 8,	/* first listener; $LOFT_LISTENERS tells each
				   one's kind and name */
};

#endif
