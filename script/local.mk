# Runs programs for the services that say so.
loftlibexec_PROGRAMS += script/script
script_script_SOURCES = script/main.c \
	script/request.c script/request.h \
	script/run.c script/run.h \
	script/script-settings.h \
	script/wait.c script/wait.h
script_script_LDADD = libloft.a $(CONFUSE_LIBS)
