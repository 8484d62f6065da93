libloft_a_SOURCES += \
	lib/service/loop.c lib/service/loop.h \
	lib/service/priv.c lib/service/priv.h \
	lib/service/service.h \
	lib/service/status.h
