# The installed configuration: loft.conf and what it includes. A file that is
# there already is the operator's and stays as it is; uninstall takes only
# what was never changed.
LOFT_CONF_PARTS = \
	10-auth.conf 10-logging.conf 10-mail.conf 10-master.conf \
	10-ssl.conf 15-lda.conf 15-mailboxes.conf 20-lmtp.conf 90-quota.conf \
	auth-passwdfile.conf.ext auth-static.conf.ext auth-system.conf.ext

EXTRA_DIST += conf.d/loft.conf $(LOFT_CONF_PARTS:%=conf.d/%)

install-data-local:
	$(MKDIR_P) '$(DESTDIR)$(loftconfdir)/conf.d'
	@for file in loft.conf $(LOFT_CONF_PARTS:%=conf.d/%); do \
		to='$(DESTDIR)$(loftconfdir)'/$$file; \
		if test -e "$$to"; then \
			echo "$$to stays as it is"; \
		else \
			$(INSTALL_DATA) \
				'$(srcdir)'/conf.d/$${file#conf.d/} "$$to" || \
				exit 1; \
		fi; \
	done

uninstall-local:
	@for file in loft.conf $(LOFT_CONF_PARTS:%=conf.d/%); do \
		to='$(DESTDIR)$(loftconfdir)'/$$file; \
		! cmp -s '$(srcdir)'/conf.d/$${file#conf.d/} "$$to" || \
			rm -f "$$to"; \
	done
	@rmdir '$(DESTDIR)$(loftconfdir)/conf.d' '$(DESTDIR)$(loftconfdir)' \
		2>/dev/null || true
