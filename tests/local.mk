# Tests. A unit test is one program, tests/unit/MODULE-FILE.c, and one word
# here; so is a fuzz target, which `make check` runs over its seeds.
LDADD = libloft.a $(CONFUSE_LIBS) $(CHECK_LIBS)

UNIT_CORE = tests/unit/core-str
UNIT_IO =
UNIT_CONF =
UNIT_SERVICE = tests/unit/service-priv tests/unit/service-loop
tests_unit_service_loop_LDADD = $(LDADD) $(EVENT_LIBS)
UNIT_MAIL =
UNIT_SMTP =
UNIT_USER =
UNIT_STORAGE =
UNIT_DELIVER =
UNIT_AUTH =

UNIT_TESTS = $(UNIT_CORE) $(UNIT_IO) $(UNIT_CONF) $(UNIT_SERVICE) \
	$(UNIT_MAIL) $(UNIT_SMTP) $(UNIT_USER) $(UNIT_STORAGE) \
	$(UNIT_DELIVER) $(UNIT_AUTH)

SH_TESTS = tests/layers.sh

check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS) $(SH_TESTS)
EXTRA_DIST += $(SH_TESTS) tests/unit/unit.h

AM_TESTS_ENVIRONMENT = \
	srcdir='$(srcdir)'; export srcdir; \
	builddir='$(abs_builddir)'; export builddir; \
	CK_FORK=yes; export CK_FORK; \
	ASAN_OPTIONS=detect_leaks=1:abort_on_error=1; export ASAN_OPTIONS; \
	UBSAN_OPTIONS=print_stacktrace=1; export UBSAN_OPTIONS;
