libloft_a_SOURCES += \
	lib/mail/address.c lib/mail/address.h \
	lib/mail/automatic.c lib/mail/automatic.h \
	lib/mail/binary.c lib/mail/binary.h \
	lib/mail/content-field.c lib/mail/content-field.h \
	lib/mail/date.c lib/mail/date.h \
	lib/mail/encoded-word.c lib/mail/encoded-word.h \
	lib/mail/message.c lib/mail/message.h \
	lib/mail/msgid.c lib/mail/msgid.h \
	lib/mail/trace.c lib/mail/trace.h
