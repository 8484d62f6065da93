/* The board: what is written is read, and what is damaged does no harm. */
#include "tests/unit/unit.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/err.h"
#include "service/board.h"

START_TEST(a_slot_is_read_as_written)
{
	struct err err;
	struct board *board = board_new(3, &err);
	struct board_entry entry;
	char long_name[300];

	ck_assert_ptr_nonnull(board);
	ck_assert_uint_eq(board_slots(board), 3);
	ck_assert(!board_read(board, 0, &entry));
	board_write(board, 1, 42, STATUS_DATA, "alice", "127.0.0.1", "DATA");
	ck_assert(board_read(board, 1, &entry));
	ck_assert_int_eq(entry.pid, 42);
	ck_assert_int_eq(entry.state, STATUS_DATA);
	ck_assert_str_eq(entry.user, "alice");
	ck_assert_str_eq(entry.peer, "127.0.0.1");
	ck_assert_str_eq(entry.what, "DATA");
	ck_assert(!board_read(board, 3, &entry));
	board_write(board, 3, 42, STATUS_IDLE, NULL, NULL, NULL);
	memset(long_name, 'x', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	board_write(board, 2, 43, STATUS_SESSION, long_name, "a\nb\t", NULL);
	ck_assert(board_read(board, 2, &entry));
	ck_assert_uint_eq(strlen(entry.user), BOARD_USER_MAX - 1);
	ck_assert_str_eq(entry.peer, "a?b?");
	board_clear(board, 1);
	ck_assert(!board_read(board, 1, &entry));
	board_free(&board);
	ck_assert_ptr_null(board);
}
END_TEST

START_TEST(another_process_writes)
{
	struct err err;
	struct board *board = board_new(2, &err);
	struct board_entry entry;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct board *mine = board_attach(board_fd(board), &err);

		board_write(mine, 1, getpid(), STATUS_SESSION, "bob", NULL,
			    "");
		_exit(board_slots(mine) == 2 ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert(board_read(board, 1, &entry));
	ck_assert_int_eq(entry.pid, pid);
	ck_assert_str_eq(entry.user, "bob");
	board_free(&board);
}
END_TEST

START_TEST(deliveries_are_counted_over_all_slots)
{
	struct err err;
	struct board *board = board_new(3, &err);

	ck_assert_uint_eq(board_user_add(board, 0, "alice"), 1);
	ck_assert_uint_eq(board_user_add(board, 1, "alice"), 2);
	ck_assert_uint_eq(board_user_add(board, 1, "bob"), 1);
	ck_assert_uint_eq(board_user_add(board, 1, "alice"), 3);
	board_user_drop(board, 1);
	board_clear(board, 0);
	ck_assert_uint_eq(board_user_add(board, 2, "alice"), 2);
	board_users_clear(board, 1);
	board_user_drop(board, 1);
	ck_assert_uint_eq(board_user_add(board, 1, "alice"), 2);
	for (unsigned i = 1; i < BOARD_USERS_MAX; i++)
		ck_assert_uint_eq(board_user_add(board, 1, "bob"), i);
	ck_assert_uint_eq(board_user_add(board, 1, "bob"), 0);
	ck_assert_uint_eq(board_user_add(board, 9, "bob"), 0);
	board_free(&board);
}
END_TEST

START_TEST(garbage_is_survived)
{
	struct err err;
	struct board *board = board_new(4, &err);
	struct board_entry entry;
	int fd = board_fd(board);
	off_t size = lseek(fd, 0, SEEK_END);
	char *map = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE,
			 MAP_SHARED, fd, 0);

	ck_assert_ptr_ne(map, MAP_FAILED);
	ck_assert_int_ne(ftruncate(fd, 0), 0);
	memset(map, 0xff, (size_t)size);
	ck_assert(!board_read(board, 0, &entry));
	memset(map, 0x7e, (size_t)size);
	ck_assert(board_read(board, 0, &entry));
	ck_assert_int_eq(entry.state, STATUS_SESSION);
	ck_assert_uint_eq(strlen(entry.user), BOARD_USER_MAX - 1);
	ck_assert_int_eq(munmap(map, (size_t)size), 0);
	board_free(&board);
}
END_TEST

UNIT_MAIN("service-board", a_slot_is_read_as_written, another_process_writes,
	  deliveries_are_counted_over_all_slots, garbage_is_survived);
