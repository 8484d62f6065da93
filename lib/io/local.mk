libloft_a_SOURCES += \
	lib/io/stream.h \
	lib/io/spool.c lib/io/spool.h
