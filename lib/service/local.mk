libloft_a_SOURCES += \
	lib/service/priv.c lib/service/priv.h \
	lib/service/service.h \
	lib/service/status.h
