# Tests. A unit test is one program, tests/unit/MODULE-FILE.c, and one word
# here; so is a fuzz target, which `make check` runs over its seeds.
LDADD = libloft.a $(CONFUSE_LIBS) $(CHECK_LIBS)

UNIT_CORE = tests/unit/core-str tests/unit/core-log tests/unit/core-err \
	tests/unit/core-ip
UNIT_IO = tests/unit/io-haproxy tests/unit/io-spool tests/unit/io-stream tests/unit/io-tls
tests_unit_io_tls_LDADD = $(LDADD) $(SSL_LIBS)
UNIT_CONF = tests/unit/conf-conf tests/unit/conf-errors tests/unit/conf-old \
	tests/unit/conf-print tests/unit/conf-settings \
	tests/unit/conf-snapshot tests/unit/conf-vars
UNIT_SERVICE = tests/unit/service-priv tests/unit/service-loop \
	tests/unit/service-board tests/unit/service-signals
tests_unit_service_loop_LDADD = $(LDADD) $(EVENT_LIBS)
UNIT_MAIL = tests/unit/mail-binary tests/unit/mail-automatic tests/unit/mail-message
UNIT_SMTP = tests/unit/smtp-command tests/unit/smtp-detail tests/unit/smtp-dots \
	tests/unit/smtp-params tests/unit/smtp-path tests/unit/smtp-reply
UNIT_USER = tests/unit/user-wire tests/unit/user-user tests/unit/user-lookup
UNIT_STORAGE = tests/unit/storage-name tests/unit/storage-maildir \
	tests/unit/storage-clock tests/unit/storage-list \
	tests/unit/storage-mbox tests/unit/storage-namespace \
	tests/unit/storage-keywords
UNIT_DELIVER = tests/unit/deliver-deliver tests/unit/deliver-duplicate
UNIT_LDA = tests/unit/deliver-reject tests/unit/lda-refuse
tests_unit_lda_refuse_SOURCES = tests/unit/lda-refuse.c lda/refuse.c
UNIT_QUOTA = tests/unit/quota-warning tests/unit/quota-dict tests/unit/quota-cache tests/unit/quota-rules tests/unit/quota-maildirsize
UNIT_LMTP = tests/unit/lmtp-words
tests_unit_lmtp_words_SOURCES = tests/unit/lmtp-words.c lmtp/words.c
UNIT_MASTER = tests/unit/master-avail tests/unit/master-listen
tests_unit_master_listen_SOURCES = tests/unit/master-listen.c \
	master/listen.c master/listen-conf.c master/listen-open.c \
	master/dirs.c
tests_unit_master_avail_SOURCES = tests/unit/master-avail.c master/avail.c
UNIT_SCRIPT = tests/unit/script-request
tests_unit_script_request_SOURCES = tests/unit/script-request.c \
	script/request.c script/wait.c
UNIT_QUOTA_STATUS = tests/unit/quota-status-policy
tests_unit_quota_status_policy_SOURCES = \
	tests/unit/quota-status-policy.c quota-status/policy.c
UNIT_AUTH = tests/unit/auth-userdb tests/unit/auth-password \
	tests/unit/auth-client tests/unit/auth-server
AUTH_LDADD = auth/libauth.a $(LDADD) $(EVENT_LIBS) $(SSL_LIBS) $(CRYPT_LIBS)
tests_unit_auth_userdb_LDADD = $(AUTH_LDADD)
tests_unit_auth_password_LDADD = $(AUTH_LDADD)
tests_unit_auth_client_LDADD = $(AUTH_LDADD)
tests_unit_auth_server_LDADD = $(AUTH_LDADD)

UNIT_TESTS = $(UNIT_CORE) $(UNIT_IO) $(UNIT_CONF) $(UNIT_SERVICE) \
	$(UNIT_MAIL) $(UNIT_SMTP) $(UNIT_USER) $(UNIT_STORAGE) \
	$(UNIT_QUOTA) $(UNIT_DELIVER) $(UNIT_AUTH) $(UNIT_MASTER) $(UNIT_LMTP) \
	$(UNIT_SCRIPT) $(UNIT_QUOTA_STATUS)
UNIT_TESTS += $(UNIT_LDA)

# A fuzz target is tests/fuzz/fuzz-NAME.c with seeds in seeds-NAME/; it takes a
# word and an LDADD line here.
FUZZ_SMTP = tests/fuzz/fuzz-path tests/fuzz/fuzz-command tests/fuzz/fuzz-dots
tests_fuzz_fuzz_path_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_command_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_dots_LDADD = $(FUZZ_LDADD)
FUZZ_SMTP += tests/fuzz/fuzz-reply tests/fuzz/fuzz-binary
tests_fuzz_fuzz_binary_LDADD = $(FUZZ_LDADD)
EXTRA_DIST += tests/fuzz/seeds-binary tests/fuzz/binary.dict
tests_fuzz_fuzz_reply_LDADD = $(FUZZ_LDADD)
EXTRA_DIST += tests/fuzz/seeds-reply tests/fuzz/reply.dict

FUZZ_AUTH = tests/fuzz/fuzz-auth tests/fuzz/fuzz-userdb
tests_fuzz_fuzz_auth_LDADD = auth/libauth.a $(FUZZ_LDADD) $(EVENT_LIBS) \
	$(SSL_LIBS) $(CRYPT_LIBS)
tests_fuzz_fuzz_userdb_LDADD = $(FUZZ_LDADD)

FUZZ_STORE = tests/fuzz/fuzz-message tests/fuzz/fuzz-mailbox \
	tests/fuzz/fuzz-duplicate tests/fuzz/fuzz-mbox tests/fuzz/fuzz-keywords
tests_fuzz_fuzz_keywords_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_duplicate_LDADD = $(FUZZ_LDADD)
FUZZ_STORE += tests/fuzz/fuzz-reject
tests_fuzz_fuzz_reject_LDADD = $(FUZZ_LDADD)
EXTRA_DIST += tests/fuzz/seeds-reject tests/fuzz/reject.dict
tests_fuzz_fuzz_message_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_mailbox_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_mbox_LDADD = $(FUZZ_LDADD)
EXTRA_DIST += tests/fuzz/seeds-message tests/fuzz/message.dict \
	tests/fuzz/seeds-mailbox tests/fuzz/mailbox.dict \
	tests/fuzz/seeds-duplicate tests/fuzz/duplicate.dict \
	tests/fuzz/seeds-mbox tests/fuzz/mbox.dict \
	tests/fuzz/seeds-keywords tests/fuzz/keywords.dict

FUZZ_CONF = tests/fuzz/fuzz-conf tests/fuzz/fuzz-vars
tests_fuzz_fuzz_conf_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_vars_LDADD = $(FUZZ_LDADD)

FUZZ_IO = tests/fuzz/fuzz-haproxy
tests_fuzz_fuzz_haproxy_LDADD = $(FUZZ_LDADD)
EXTRA_DIST += tests/fuzz/seeds-haproxy tests/fuzz/haproxy.dict

FUZZ_SCRIPT = tests/fuzz/fuzz-script
tests_fuzz_fuzz_script_SOURCES = tests/fuzz/fuzz-script.c script/request.c \
	script/wait.c
tests_fuzz_fuzz_script_LDADD = $(FUZZ_LDADD)
EXTRA_DIST += tests/fuzz/seeds-script tests/fuzz/script.dict

FUZZ_POLICY = tests/fuzz/fuzz-policy
tests_fuzz_fuzz_policy_SOURCES = tests/fuzz/fuzz-policy.c \
	quota-status/policy.c
tests_fuzz_fuzz_policy_LDADD = $(FUZZ_LDADD)
EXTRA_DIST += tests/fuzz/seeds-policy tests/fuzz/policy.dict

FUZZ_TESTS = $(FUZZ_POLICY) $(FUZZ_SCRIPT) $(FUZZ_IO) $(FUZZ_SMTP) $(FUZZ_AUTH) $(FUZZ_STORE) $(FUZZ_CONF)
FUZZ_TESTS += tests/fuzz/fuzz-quota
tests_fuzz_fuzz_quota_LDADD = $(FUZZ_LDADD)
EXTRA_DIST += tests/fuzz/seeds-quota tests/fuzz/quota.dict
FUZZ_TESTS += tests/fuzz/fuzz-dict
tests_fuzz_fuzz_dict_LDADD = $(FUZZ_LDADD)
EXTRA_DIST += tests/fuzz/seeds-dict tests/fuzz/dict.dict
if FUZZERS
FUZZ_LDADD = libloft.a $(CONFUSE_LIBS) $(FUZZ_ENGINE)
else
FUZZ_LDADD = tests/fuzz/libdriver.a libloft.a $(CONFUSE_LIBS)
check_LIBRARIES = tests/fuzz/libdriver.a
tests_fuzz_libdriver_a_SOURCES = tests/fuzz/driver.c
TESTS += $(FUZZ_TESTS)
endif
check_PROGRAMS += $(FUZZ_TESTS)
EXTRA_DIST += tests/fuzz/seeds-path tests/fuzz/path.dict \
	tests/fuzz/seeds-command tests/fuzz/command.dict \
	tests/fuzz/seeds-dots tests/fuzz/dots.dict \
	tests/fuzz/seeds-conf tests/fuzz/conf.dict \
	tests/fuzz/seeds-vars tests/fuzz/vars.dict \
	tests/fuzz/seeds-auth tests/fuzz/auth.dict \
	tests/fuzz/seeds-userdb tests/fuzz/userdb.dict

SH_TESTS = tests/layers.sh tests/talk/run.sh tests/sh/lmtp-session.sh tests/sh/lmtp-tls.sh \
	tests/sh/lda-exit.sh tests/sh/lda-reject.sh tests/sh/submit.sh tests/sh/spool.sh tests/sh/lda-lookup.sh tests/sh/lmtp-faults.sh tests/sh/lda-faults.sh \
	tests/sh/master-start.sh tests/sh/master-workers.sh \
	tests/sh/master-reload.sh tests/sh/master-kill.sh \
	tests/sh/master-upgrade.sh tests/sh/master-misc.sh \
	tests/sh/master-churn.sh tests/sh/master-wake.sh tests/sh/auth.sh \
	tests/sh/conf-doveconf.sh tests/sh/conf-samples.sh
SH_TESTS += tests/sh/mail-places.sh tests/sh/mail-many.sh tests/sh/conf-start.sh
SH_TESTS += tests/sh/load-faults.sh
SH_TESTS += tests/sh/lmtp-dsn.sh tests/sh/lmtp-haproxy.sh tests/sh/lmtp-concurrency.sh tests/sh/lmtp-trouble.sh \
	tests/sh/lmtp-rawlog.sh tests/sh/loft-send.sh tests/sh/quota.sh tests/sh/quota-faults.sh tests/sh/script.sh
SH_TESTS += tests/sh/mbox-faults.sh tests/sh/lmtp-mbox.sh
EXTRA_DIST += tests/conf

# Dialogues and their player, and rougher clients.
check_PROGRAMS += tests/talk/talk tests/talk/rough
tests_talk_rough_LDADD = $(LDADD) $(SSL_LIBS)
SH_TESTS += tests/sh/lmtp-binary.sh tests/sh/lmtp-rough.sh tests/sh/lmtp-forward.sh
check_PROGRAMS += tests/talk/smtpd
tests_talk_smtpd_LDADD = $(LDADD) $(SSL_LIBS)
EXTRA_DIST += tests/talk/README $(wildcard $(srcdir)/tests/talk/*.talk)

# Fault injection by LD_PRELOAD; never built with a sanitizer.
check_DATA = tests/fault/fault.so tests/fault/hold.so
CLEANFILES += tests/fault/fault.so tests/fault/hold.so
EXTRA_DIST += tests/fault/fault.c tests/fault/hold.c
tests/fault/fault.so: tests/fault/fault.c
	$(AM_V_CC)$(MKDIR_P) tests/fault && $(CC) -shared -fPIC -O1 -Wall \
		-o $@ $(srcdir)/tests/fault/fault.c -ldl
tests/fault/hold.so: tests/fault/hold.c
	$(AM_V_CC)$(MKDIR_P) tests/fault && $(CC) -shared -fPIC -O1 -Wall \
		-o $@ $(srcdir)/tests/fault/hold.c -ldl

check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS) $(SH_TESTS)
EXTRA_DIST += $(SH_TESTS) tests/harness.sh tests/senders.sh tests/unit/unit.h \
	tests/unit/auth.h tests/unit/conf-text.h tests/unit/storage.h

# A disk that forgets what wasn't flushed.
check_PROGRAMS += tests/durable/disk
tests_durable_disk_LDADD =

AM_TESTS_ENVIRONMENT = \
	srcdir='$(srcdir)'; export srcdir; \
	builddir='$(abs_builddir)'; export builddir; \
	CK_FORK=yes; export CK_FORK; \
	ASAN_OPTIONS=detect_leaks=1:abort_on_error=1; export ASAN_OPTIONS; \
	UBSAN_OPTIONS=print_stacktrace=1; export UBSAN_OPTIONS;

# Suites beside `make check`, because they want other programs or more time.
INTEROP_TESTS = tests/interop/postfix.sh tests/interop/readers.sh \
	tests/interop/postfix-tls.sh \
	tests/interop/postfix-system-users.sh \
	tests/interop/postfix-xforward.sh tests/interop/exim.sh \
	tests/interop/durable.sh tests/interop/full.sh tests/interop/huge.sh
EXTRA_DIST += tests/run-suite.sh tests/run-valgrind.sh \
	tests/run-fuzz.sh $(INTEROP_TESTS) \
	tests/interop/postfix-lib.sh

# Other MTAs, proxies and clients.
INTEROP_TESTS += tests/interop/haproxy.sh tests/interop/opensmtpd.sh \
	tests/interop/sendmail.sh tests/interop/swaks.sh \
	tests/interop/postfix-utf8.sh tests/interop/maildirsize.sh
EXTRA_DIST += tests/interop/packages-lib.sh
INTEROP_TESTS += tests/interop/postfix-lda.sh
EXTRA_DIST += tests/interop/postfix-lda.sh

check-interop: all tests/durable/disk tests/fault/fault.so
	srcdir='$(abs_srcdir)' builddir='$(abs_builddir)' \
		bash $(srcdir)/tests/run-suite.sh \
		$(addprefix $(abs_srcdir)/,$(INTEROP_TESTS))

# The same input to Dovecot and to Loft.
PARITY_TESTS = tests/parity/auth.sh tests/parity/lda.sh tests/parity/mbox.sh tests/parity/quota.sh tests/parity/talk.sh
PARITY_TESTS += tests/parity/reject.sh tests/parity/duplicate.sh
EXTRA_DIST += $(PARITY_TESTS) tests/parity/lda-lib.sh

check-parity: all tests/talk/talk
	srcdir='$(abs_srcdir)' builddir='$(abs_builddir)' \
		bash $(srcdir)/tests/run-suite.sh \
		$(addprefix $(abs_srcdir)/,$(PARITY_TESTS))

# What is quick there and doesn't count on time.
VALGRIND_TESTS = $(filter-out tests/unit/conf-errors tests/unit/service-% \
	tests/unit/user-lookup tests/unit/auth-password,$(UNIT_TESTS))
check-valgrind: $(UNIT_TESTS)
	srcdir='$(abs_srcdir)' builddir='$(abs_builddir)' \
		bash $(srcdir)/tests/run-valgrind.sh $(VALGRIND_TESTS)

check-fuzz: $(FUZZ_TESTS)
	srcdir='$(abs_srcdir)' builddir='$(abs_builddir)' \
		bash $(srcdir)/tests/run-fuzz.sh $(FUZZ_TESTS)

# The longest functions, for the eye; nothing fails because of a number.
lengths:
	@cd $(srcdir) && awk -f tests/lengths.awk \
		$$(find lib master lmtp auth lda log script quota-status ctl -name '*.c') | \
		sort -rn | head -40

# cppcheck is told of sys/queue.h, and can't see through uthash.h; what isn't initialized, compilers and valgrind find
# better.
analyze:
	queue=$$(echo '#include <sys/queue.h>' | $(CC) -E - | \
		awk -F '"' '/sys\/queue.h"/ { print $$2; exit }') && \
	cd $(srcdir) && cppcheck --quiet --std=c11 --enable=warning,portability \
		--suppress=normalCheckLevelMaxBranches --suppress=uninitvar \
		--suppress=legacyUninitvar --suppress=ctuuninitvar --suppress=unknownMacro \
		--include="$$queue" -Ilib -I. --error-exitcode=1 \
		lib master lmtp auth lda log script quota-status ctl

# Services.
SH_TESTS += tests/sh/quota-status.sh tests/sh/quota-backends.sh

# A kernel with quotas, by LD_PRELOAD; never built with a sanitizer.
check_DATA += tests/fault/quotactl.so
CLEANFILES += tests/fault/quotactl.so
EXTRA_DIST += tests/fault/quotactl.c
tests/fault/quotactl.so: tests/fault/quotactl.c
	$(AM_V_CC)$(MKDIR_P) tests/fault && $(CC) -shared -fPIC -O1 -Wall \
		-o $@ $(srcdir)/tests/fault/quotactl.c

INTEROP_TESTS += tests/interop/postfix-quota-status.sh tests/interop/quota-fs.sh
PARITY_TESTS += tests/parity/services.sh tests/parity/quota-dict.sh

.PHONY: check-interop check-parity check-valgrind check-fuzz lengths analyze
EXTRA_DIST += tests/lengths.awk
