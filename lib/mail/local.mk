libloft_a_SOURCES += \
	lib/mail/message.h
