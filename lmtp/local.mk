# The LMTP worker.
loftlibexec_PROGRAMS += lmtp/lmtp
lmtp_lmtp_SOURCES = lmtp/main.c \
	lmtp/cmd-auth.c lmtp/cmd-bdat.c lmtp/cmd-data.c lmtp/cmd-help.c lmtp/cmd-lhlo.c lmtp/cmd-mail.c \
	lmtp/cmd-noop.c lmtp/cmd-quit.c lmtp/cmd-rcpt.c \
	lmtp/cmd-rset.c lmtp/cmd-starttls.c lmtp/cmd-vrfy.c lmtp/cmd-xclient.c \
	lmtp/cmd-xforward.c \
	lmtp/certs.c lmtp/certs.h \
	lmtp/dsn.c lmtp/dsn.h \
	lmtp/commands.c lmtp/commands.h \
	lmtp/env.c lmtp/env.h \
	lmtp/lmtp-settings.h \
	lmtp/haproxy.c lmtp/haproxy.h \
	lmtp/listeners.c lmtp/listeners.h \
	lmtp/local.c lmtp/local.h \
	lmtp/rawlogs.c lmtp/rawlogs.h \
	lmtp/receive.c lmtp/receive.h \
	lmtp/reply.c lmtp/reply.h \
	lmtp/session.c lmtp/session.h \
	lmtp/words.c lmtp/words.h
lmtp_lmtp_LDADD = libloft.a $(CONFUSE_LIBS) $(SSL_LIBS)
