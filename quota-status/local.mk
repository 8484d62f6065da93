# Answers Postfix whether a mailbox has room.
loftlibexec_PROGRAMS += quota-status/quota-status
quota_status_quota_status_SOURCES = quota-status/main.c \
	quota-status/answer.c quota-status/answer.h \
	quota-status/policy.c quota-status/policy.h
quota_status_quota_status_LDADD = libloft.a $(CONFUSE_LIBS)
