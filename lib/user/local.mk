libloft_a_SOURCES += \
	lib/user/lookup.h \
	lib/user/user.h
