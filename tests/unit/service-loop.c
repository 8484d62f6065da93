/* The event loop: order, repetition, deletion inside a callback. */
#include "tests/unit/unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "service/loop.h"

struct seen {
	struct loop *loop;
	struct loop_io *io;
	struct loop_timer *timer;
	struct loop_signal *sig;
	int fd;
	char text[32];
};

static void
on_readable(void *arg)
{
	struct seen *seen = arg;
	char c;

	ck_assert_int_eq(read(seen->fd, &c, 1), 1);
	strncat(seen->text, &c, 1);
	if (c != 'z')
		return;
	loop_io_free(&seen->io);
	loop_timer_set(seen->timer, 20);
}

static void
on_timer(void *arg)
{
	struct seen *seen = arg;

	strcat(seen->text, "T");
	loop_timer_free(&seen->timer);
	ck_assert_int_eq(raise(SIGUSR1), 0);
}

static void
on_signal(void *arg)
{
	struct seen *seen = arg;

	strcat(seen->text, "S");
	loop_signal_free(&seen->sig);
	loop_stop(seen->loop);
}

START_TEST(callbacks_come_and_go)
{
	struct seen seen = { .loop = loop_new() };
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	seen.fd = fds[0];
	ck_assert_int_eq(write(fds[1], "xyz!", 4), 4);
	seen.io = loop_io_new(seen.loop, fds[0], 0, on_readable, &seen);
	ck_assert_int_eq(loop_io_set(seen.io, LOOP_READ), 0);
	seen.timer = loop_timer_new(seen.loop, on_timer, &seen);
	loop_timer_set(seen.timer, 0);
	loop_timer_clear(seen.timer);
	seen.sig = loop_signal_new(seen.loop, SIGUSR1, on_signal, &seen);
	loop_run(seen.loop);
	ck_assert_str_eq(seen.text, "xyzTS");
	loop_free(&seen.loop);
	ck_assert_ptr_null(seen.loop);
}
END_TEST

START_TEST(a_file_cannot_be_watched)
{
	struct loop *loop = loop_new();
	FILE *file = tmpfile();

	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_null(loop_io_new(loop, fileno(file), LOOP_READ,
				       on_readable, NULL));
	ck_assert_int_eq(fclose(file), 0);
	loop_free(&loop);
}
END_TEST

UNIT_MAIN("service-loop", callbacks_come_and_go, a_file_cannot_be_watched);
