# Programs and files of log/.
loftlibexec_PROGRAMS += log/log
log_log_SOURCES = log/main.c
log_log_LDADD = libloft.a $(CONFUSE_LIBS) $(EVENT_LIBS)
