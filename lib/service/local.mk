libloft_a_SOURCES += \
	lib/service/acceptor.c lib/service/acceptor.h \
	lib/service/board.c lib/service/board.h \
	lib/service/child.c lib/service/child.h \
	lib/service/control-dir.c \
	lib/service/control.c lib/service/control.h \
	lib/service/daemon.c lib/service/daemon.h \
	lib/service/fds.h \
	lib/service/inherit.c lib/service/inherit.h \
	lib/service/haproxy-settings.h \
	lib/service/log-settings.h \
	lib/service/loop.c lib/service/loop.h \
	lib/service/rawlog-list.c lib/service/rawlog-list.h \
	lib/service/priv.c lib/service/priv.h lib/service/priv-read.c \
	lib/service/process-settings.h \
	lib/service/proctitle.c lib/service/proctitle.h \
	lib/service/service-settings.h \
	lib/service/service.c lib/service/service.h \
	lib/service/ssl-settings.h \
	lib/service/status.c lib/service/status.h \
	lib/service/template.c \
	lib/service/users.c lib/service/users.h
