libloft_a_SOURCES += \
	lib/deliver/deliver.h
