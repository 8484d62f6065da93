noinst_LIBRARIES += libloft.a
libloft_a_SOURCES = \
	lib/core/clock.c lib/core/clock.h \
	lib/core/err.c lib/core/err.h \
	lib/core/hostname.c lib/core/hostname.h \
	lib/core/ip.c lib/core/ip.h \
	lib/core/log.c lib/core/log.h \
	lib/core/log-file.c lib/core/log-file.h \
	lib/core/num.c lib/core/num.h \
	lib/core/pool.c lib/core/pool.h \
	lib/core/session-id.c lib/core/session-id.h \
	lib/core/str.c lib/core/str.h \
	lib/core/write.c lib/core/write.h
