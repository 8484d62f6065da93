/*
 * The board: shared memory with a slot per worker, in which it writes what it
 * is doing. The master makes it (a sealed memfd, so that nobody can shrink it
 * under a reader) and reads it without trusting it; a worker finds it at
 * SERVICE_FD_BOARD and writes only its own slot.
 */
#ifndef LOFT_SERVICE_BOARD_H
#define LOFT_SERVICE_BOARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "service/status.h"

struct board;
struct err;

enum {
	BOARD_USER_MAX = 128,
	BOARD_PEER_MAX = 64,
	BOARD_WHAT_MAX = 24,
	BOARD_USERS_MAX = 128,	/* deliveries of one worker that are counted */
};

/* A slot as a reader gets it: strings end and hold only printable text, the
   state is one of the enum's; nothing else is promised. */
struct board_entry {
	pid_t pid;		/* 0: nobody */
	enum status_state state;
	int64_t since;		/* clock_ms() of the last change */
	char user[BOARD_USER_MAX];
	char peer[BOARD_PEER_MAX];
	char what[BOARD_WHAT_MAX];
};

/* NULL with err. The fd is close-on-exec and belongs to the board. */
struct board *board_new(unsigned slots, struct err *err);
struct board *board_attach(int fd, struct err *err);
void board_free(struct board **boardp);

int board_fd(const struct board *board);
unsigned board_slots(const struct board *board);

/* The writer's side; a slot beyond the end is passed over. */
void board_write(struct board *board, unsigned slot, pid_t pid,
		 enum status_state state, const char *user, const char *peer,
		 const char *what);
void board_clear(struct board *board, unsigned slot);

/* The worker in this slot begins a delivery to that user: how many there are
   now in all slots, with this one; 0 when it has too many to be counted. The
   last one added is dropped, or all of them; board_clear() does that, too. */
unsigned board_user_add(struct board *board, unsigned slot, const char *user);
void board_user_drop(struct board *board, unsigned slot);
void board_users_clear(struct board *board, unsigned slot);

/* False when the slot is empty, or kept changing while it was read. */
bool board_read(const struct board *board, unsigned slot,
		struct board_entry *entry_r);

#endif
