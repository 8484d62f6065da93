# Programs and files of doc/.
EXTRA_DIST += doc/architecture.md doc/adding.md doc/durability.md
dist_man_MANS += doc/loft-lda.1 doc/loft-send.1 doc/loft-lmtp.8 doc/loft-script.8 \
	doc/loft-quota-status.8
EXTRA_DIST += doc/lmtp.md doc/auth-protocol.md
EXTRA_DIST += doc/lda.md doc/quota.md doc/performance.md
dist_man_MANS += doc/loft-auth.8
dist_man_MANS += doc/loft.8 doc/loftctl.1
EXTRA_DIST += doc/NEWS doc/processes.md doc/loft.service

# loft.conf(5) takes its settings from the tables.
noinst_PROGRAMS += doc/settings-mdoc
doc_settings_mdoc_SOURCES = doc/settings-mdoc.c
doc_settings_mdoc_LDADD = libloft.a $(CONFUSE_LIBS)
EXTRA_DIST += doc/loft.conf.5.in doc/configuration.md
man_MANS = doc/loft.conf.5
CLEANFILES += doc/loft.conf.5
doc/loft.conf.5: doc/settings-mdoc$(EXEEXT) doc/loft.conf.5.in
	$(AM_V_GEN)$(MKDIR_P) doc && { \
	sed -e '/^@SETTINGS@$$/,$$d' \
		-e 's|@sysconfdir@|$(sysconfdir)|g' \
		$(srcdir)/doc/loft.conf.5.in && \
	doc/settings-mdoc$(EXEEXT) && \
	sed -e '1,/^@SETTINGS@$$/d' \
		-e 's|@sysconfdir@|$(sysconfdir)|g' \
		$(srcdir)/doc/loft.conf.5.in; } >$@.tmp && mv $@.tmp $@
