# Programs and files of ctl/.

bin_PROGRAMS += ctl/loft-send
ctl_loft_send_SOURCES = ctl/loft-send.c ctl/send.h \
	ctl/send-options.c ctl/send-connect.c ctl/send-message.c \
	ctl/send-transact.c ctl/send-relay.c ctl/relay.c ctl/relay.h
ctl_loft_send_LDADD = libloft.a $(SSL_LIBS)
bin_PROGRAMS += ctl/loftctl
ctl_loftctl_SOURCES = \
	ctl/loftctl.c ctl/loftctl.h ctl/commands.h \
	ctl/output.c ctl/output.h \
	ctl/auth-info.c ctl/auth-info.h \
	ctl/cmd-auth.c \
	ctl/cmd-config.c \
	ctl/cmd-error.c \
	ctl/cmd-log.c \
	ctl/cmd-process.c \
	ctl/cmd-quota.c \
	ctl/cmd-rawlog.c \
	ctl/cmd-who.c \
	ctl/cmd-service.c ctl/master.h \
	ctl/cmd-user.c
ctl_loftctl_LDADD = libloft.a $(CONFUSE_LIBS) $(JANSSON_LIBS)
