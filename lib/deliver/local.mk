libloft_a_SOURCES += \
	lib/deliver/deliver.c lib/deliver/deliver.h \
	lib/deliver/deliver-private.h \
	lib/deliver/deliver-settings.h \
	lib/deliver/duplicate.c lib/deliver/duplicate.h \
	lib/deliver/duplicate-file.c lib/deliver/duplicate-file.h \
	lib/deliver/log-line.c \
	lib/deliver/loop.c \
	lib/deliver/reject.c lib/deliver/reject.h \
	lib/deliver/plugin.h lib/deliver/plugin-quota.c \
	lib/deliver/plugins.c \
	lib/deliver/report.c lib/deliver/report.h \
	lib/deliver/report-delivered.c lib/deliver/report-delivered.h \
	lib/deliver/save.c \
	lib/deliver/submit.c lib/deliver/submit.h \
	lib/deliver/submit-program.c lib/deliver/submit-program.h \
	lib/deliver/submit-smtp.c lib/deliver/submit-smtp.h
