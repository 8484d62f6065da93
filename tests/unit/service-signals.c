/* A signal that comes just before a receive ends it as one within does. */
#include "tests/unit/unit.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "io/stream.h"
#include "service/inherit.h"
#include "service/service.h"

START_TEST(a_signal_before_a_receive)
{
	int alive[2], sv[2];
	struct stream *s;
	int64_t begin;

	ck_assert_int_eq(pipe(alive), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	service_signals_init();
	s = stream_new(sv[0], sv[0]);
	stream_watch(s, alive[0], service_wait_mask());
	service_wakes(sv[0]);
	ck_assert_int_eq(raise(SIGTERM), 0);
	begin = clock_ms();
	ck_assert_int_eq(stream_fill(s, deadline_in(20000)), STREAM_WAKE);
	ck_assert_int_lt(clock_ms() - begin, 450);	/* not RECV_MS */
	/* And the next one waits again. */
	begin = clock_ms();
	ck_assert_int_eq(stream_fill(s, deadline_in(20000)), STREAM_WAKE);
	ck_assert_int_gt(clock_ms() - begin, 300);
	service_wakes(-1);
	stream_free(&s);
	(void)close(sv[1]);
	(void)close(alive[0]);
	(void)close(alive[1]);
}
END_TEST

UNIT_MAIN("service-signals", a_signal_before_a_receive);
