libloft_a_SOURCES += \
	lib/io/rawlog.c lib/io/rawlog.h \
	lib/io/sock.c lib/io/sock.h \
	lib/io/stream.c lib/io/stream.h \
	lib/io/spool.c lib/io/spool.h
