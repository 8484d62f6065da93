libloft_a_SOURCES += \
	lib/conf/all-settings.c \
	lib/conf/builtin.c \
	lib/conf/check.c \
	lib/conf/conf.c lib/conf/conf.h lib/conf/conf-private.h \
	lib/conf/expand.c \
	lib/conf/grammar.c \
	lib/conf/known.c lib/conf/known.h \
	lib/conf/load.c lib/conf/load.h \
	lib/conf/names.c lib/conf/names.h \
	lib/conf/old.c lib/conf/old.h \
	lib/conf/print.c lib/conf/print.h \
	lib/conf/reader.c lib/conf/reader.h \
	lib/conf/scope.c lib/conf/scope.h \
	lib/conf/settings.c lib/conf/settings.h \
	lib/conf/snapshot.c lib/conf/snapshot.h \
	lib/conf/syntax.c \
	lib/conf/view.c lib/conf/view.h \
	lib/conf/vars.c lib/conf/vars.h lib/conf/vars-private.h \
	lib/conf/vars-hash.c lib/conf/vars-if.c
