# Programs and files of master/.
sbin_PROGRAMS += master/loft
master_loft_SOURCES = \
	master/avail.c master/avail.h \
	master/control.c master/control.h \
	master/dirs.c master/dirs.h \
	master/generation.c master/generation.h \
	master/life.c \
	master/listen.c master/listen.h master/listen-conf.c \
	master/listen-open.c \
	master/lists.c master/lists.h \
	master/logs.c master/logs.h \
	master/main.c \
	master/master.h master/master-settings.h \
	master/pidfile.c master/pidfile.h \
	master/process.c master/process.h \
	master/renew.c master/renew.h \
	master/services.c \
	master/spawn.c master/spawn.h \
	master/stop.c master/stop.h \
	master/upgrade.c master/upgrade.h \
	master/workers.c master/workers.h
master_loft_LDADD = libloft.a $(CONFUSE_LIBS) $(EVENT_LIBS)
