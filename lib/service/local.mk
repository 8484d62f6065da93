libloft_a_SOURCES += \
	lib/service/log-settings.h \
	lib/service/loop.c lib/service/loop.h \
	lib/service/priv.c lib/service/priv.h \
	lib/service/process-settings.h \
	lib/service/service-settings.h \
	lib/service/service.h \
	lib/service/ssl-settings.h \
	lib/service/status.h
