libloft_a_SOURCES += \
	lib/io/stream.h \
	lib/io/spool.h
