libloft_a_SOURCES += \
	lib/user/lookup.c lib/user/lookup.h \
	lib/user/sasl.c lib/user/sasl.h \
	lib/user/user.c lib/user/user.h \
	lib/user/user-settings.h \
	lib/user/wire.c lib/user/wire.h
