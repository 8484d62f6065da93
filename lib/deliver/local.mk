libloft_a_SOURCES += \
	lib/deliver/deliver.h lib/deliver/deliver-settings.h
