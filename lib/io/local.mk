libloft_a_SOURCES += \
	lib/io/haproxy.c lib/io/haproxy.h \
	lib/io/rawlog.c lib/io/rawlog.h \
	lib/io/sock.c lib/io/sock.h \
	lib/io/stream.c lib/io/stream.h \
	lib/io/spool.c lib/io/spool.h \
	lib/io/tls.c lib/io/tls.h lib/io/tls-private.h \
	lib/io/tls-context.c \
	lib/io/unnamed.c lib/io/unnamed.h
