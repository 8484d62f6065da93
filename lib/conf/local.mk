libloft_a_SOURCES += \
	lib/conf/conf.h \
	lib/conf/scope.h \
	lib/conf/settings.h \
	lib/conf/snapshot.h \
	lib/conf/vars.h
