libloft_a_SOURCES += \
	lib/smtp/client.c lib/smtp/client.h \
	lib/smtp/command.c lib/smtp/command.h \
	lib/smtp/detail.c lib/smtp/detail.h \
	lib/smtp/dots.c lib/smtp/dots.h \
	lib/smtp/params.c lib/smtp/params.h \
	lib/smtp/path.c lib/smtp/path.h \
	lib/smtp/reply.c lib/smtp/reply.h \
	lib/smtp/utf8.c lib/smtp/utf8.h
