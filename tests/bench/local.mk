# The benchmark: `make bench`.
BENCH_TOOLS = tests/bench/load tests/bench/floor tests/bench/spawn \
	tests/bench/tls-load
tests_bench_tls_load_LDADD = $(SSL_LIBS)
check_PROGRAMS += tests/bench/load	# a test wants it, too
BENCH_ONLY = tests/bench/floor tests/bench/spawn tests/bench/tls-load
EXTRA_PROGRAMS += $(BENCH_ONLY)
CLEANFILES += $(BENCH_ONLY)
tests_bench_load_LDADD =
tests_bench_floor_LDADD =
tests_bench_spawn_LDADD =
EXTRA_DIST += tests/bench/run.sh tests/bench/tls-rows.sh

bench: all $(BENCH_TOOLS)
	srcdir='$(srcdir)' builddir='$(abs_builddir)' bash $(srcdir)/tests/bench/run.sh
.PHONY: bench
