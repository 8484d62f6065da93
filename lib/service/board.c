/*
 * The board of workers in shared memory; see board.h. A sequence number
 * around each slot (odd while it is written) tells a reader to look again.
 */
#include "service/board.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"

enum { READ_TRIES = 100 };

struct slot {
	_Atomic uint32_t seq;
	uint32_t state;
	int32_t pid;
	uint32_t reserved;
	int64_t since;
	char user[BOARD_USER_MAX];
	char peer[BOARD_PEER_MAX];
	char what[BOARD_WHAT_MAX];
	/* To whom it delivers, as hashes; they need no sequence number. */
	_Atomic uint32_t user_count;
	_Atomic uint64_t users[BOARD_USERS_MAX];
} __attribute__((aligned(64)));

struct board {
	struct slot *slots;
	unsigned count;
	int fd;
};

static struct board *
board_map(int fd, unsigned slots, struct err *err)
{
	struct board *board;
	void *map = mmap(NULL, slots * sizeof(struct slot),
			 PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED) {
		(void)err_sys(err, "mmap(board of %u slots)", slots);
		return NULL;
	}
	board = mem_alloc(sizeof(*board));
	board->slots = map;
	board->count = slots;
	board->fd = fd;
	return board;
}

struct board *
board_new(unsigned slots, struct err *err)
{
	struct board *board;
	int fd = memfd_create("loft-board", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0) {
		(void)err_sys(err, "memfd_create(board)");
		return NULL;
	}
	if (ftruncate(fd, (off_t)(slots * sizeof(struct slot))) != 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW |
		  F_SEAL_SEAL) != 0) {
		(void)err_sys(err, "ftruncate(board of %u slots)", slots);
		(void)close(fd);
		return NULL;
	}
	board = board_map(fd, slots, err);
	if (board == NULL)
		(void)close(fd);
	return board;
}

struct board *
board_attach(int fd, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0) {
		(void)err_sys(err, "fstat(board)");
		return NULL;
	}
	if ((size_t)st.st_size < sizeof(struct slot)) {
		(void)err_set(err, ERR_TEMP, "board has no slots");
		return NULL;
	}
	return board_map(fd, (unsigned)((size_t)st.st_size /
					sizeof(struct slot)), err);
}

void
board_free(struct board **boardp)
{
	struct board *board = *boardp;

	if (board == NULL)
		return;
	(void)munmap(board->slots, board->count * sizeof(struct slot));
	(void)close(board->fd);
	free(board);
	*boardp = NULL;
}

int
board_fd(const struct board *board)
{
	return board->fd;
}

unsigned
board_slots(const struct board *board)
{
	return board->count;
}

void
board_write(struct board *board, unsigned number, pid_t pid,
	    enum status_state state, const char *user, const char *peer,
	    const char *what)
{
	struct slot *slot;
	uint32_t seq;

	if (number >= board->count)
		return;
	slot = &board->slots[number];
	seq = atomic_load_explicit(&slot->seq, memory_order_relaxed) | 1;
	atomic_store_explicit(&slot->seq, seq, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	slot->pid = pid;
	slot->state = state;
	slot->since = clock_ms();
	(void)str_copy(slot->user, sizeof(slot->user),
		       user != NULL ? user : "");
	(void)str_copy(slot->peer, sizeof(slot->peer),
		       peer != NULL ? peer : "");
	(void)str_copy(slot->what, sizeof(slot->what),
		       what != NULL ? what : "");
	atomic_store_explicit(&slot->seq, seq + 1, memory_order_release);
}

void
board_clear(struct board *board, unsigned slot)
{
	board_write(board, slot, 0, STATUS_IDLE, NULL, NULL, NULL);
	board_users_clear(board, slot);
}

/* --- users --- */

static uint64_t
hash_user(const char *user)
{
	uint64_t h = 14695981039346656037u;	/* FNV-1a */

	for (; *user != '\0'; user++)
		h = (h ^ (unsigned char)*user) * 1099511628211u;
	return h;
}

static unsigned
count_in_slot(const struct slot *slot, uint64_t hash)
{
	unsigned n = atomic_load(&slot->user_count), count = 0;

	for (unsigned i = 0; i < n && i < BOARD_USERS_MAX; i++)
		count += atomic_load_explicit(&slot->users[i],
					      memory_order_relaxed) == hash;
	return count;
}

unsigned
board_user_add(struct board *board, unsigned number, const char *user)
{
	uint64_t hash = hash_user(user);
	struct slot *slot;
	unsigned n, count = 0;

	if (number >= board->count)
		return 0;
	slot = &board->slots[number];
	n = atomic_load(&slot->user_count);
	if (n >= BOARD_USERS_MAX)
		return 0;
	/* Ours is there before we count: two who come at once may both be
	   turned away, but never both be let in. */
	atomic_store(&slot->users[n], hash);
	atomic_store(&slot->user_count, n + 1);
	for (unsigned i = 0; i < board->count; i++)
		count += count_in_slot(&board->slots[i], hash);
	return count;
}

void
board_user_drop(struct board *board, unsigned number)
{
	struct slot *slot;
	unsigned n;

	if (number >= board->count)
		return;
	slot = &board->slots[number];
	n = atomic_load(&slot->user_count);
	if (n > 0)
		atomic_store(&slot->user_count, n - 1);
}

void
board_users_clear(struct board *board, unsigned number)
{
	if (number < board->count)
		atomic_store(&board->slots[number].user_count, 0);
}

static void
clean(char *text, size_t size)
{
	text[size - 1] = '\0';
	for (char *p = text; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	}
}

static bool
copy_slot(const struct slot *slot, struct board_entry *entry)
{
	uint32_t seq = atomic_load_explicit(&slot->seq, memory_order_acquire);

	if ((seq & 1) != 0)
		return false;
	entry->pid = slot->pid;
	entry->state = (enum status_state)slot->state;
	entry->since = slot->since;
	memcpy(entry->user, slot->user, sizeof(entry->user));
	memcpy(entry->peer, slot->peer, sizeof(entry->peer));
	memcpy(entry->what, slot->what, sizeof(entry->what));
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&slot->seq, memory_order_relaxed) == seq;
}

bool
board_read(const struct board *board, unsigned number,
	   struct board_entry *entry_r)
{
	struct board_entry entry;
	bool whole = false;

	if (number >= board->count)
		return false;
	for (int i = 0; i < READ_TRIES && !whole; i++)
		whole = copy_slot(&board->slots[number], &entry);
	if (!whole || entry.pid <= 0)
		return false;
	if ((unsigned)entry.state > STATUS_DATA)
		entry.state = STATUS_SESSION;
	clean(entry.user, sizeof(entry.user));
	clean(entry.peer, sizeof(entry.peer));
	clean(entry.what, sizeof(entry.what));
	*entry_r = entry;
	return true;
}
