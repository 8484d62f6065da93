libloft_a_SOURCES += \
	lib/quota/backend-count.c \
	lib/quota/backend-dict.c \
	lib/quota/backend-fs.c \
	lib/quota/backend-maildir.c \
	lib/quota/count-cache.c lib/quota/count-cache.h \
	lib/quota/dict-file.c \
	lib/quota/dict-redis.c \
	lib/quota/dict-text.c lib/quota/dict-text.h \
	lib/quota/dict.h \
	lib/quota/lock.c lib/quota/lock.h \
	lib/quota/maildirsize.c lib/quota/maildirsize.h \
	lib/quota/quota.c lib/quota/quota.h lib/quota/quota-settings.h \
	lib/quota/roots.c lib/quota/roots.h \
	lib/quota/rules.c lib/quota/rules.h \
	lib/quota/warning.c lib/quota/warning.h
