libloft_a_SOURCES += \
	lib/storage/batch.c \
	lib/storage/dirs.c lib/storage/dirs.h \
	lib/storage/dotlock.c lib/storage/dotlock.h \
	lib/storage/keywords.c lib/storage/keywords.h \
	lib/storage/list.c \
	lib/storage/location.c lib/storage/location.h \
	lib/storage/mail-settings.h \
	lib/storage/mailbox-name.c lib/storage/mailbox-name.h \
	lib/storage/maildir.c \
	lib/storage/maildir-count.c lib/storage/maildir-count.h \
	lib/storage/maildir-create.c lib/storage/maildir-create.h \
	lib/storage/maildir-name.c lib/storage/maildir-name.h \
	lib/storage/maildir-tmp.c lib/storage/maildir-tmp.h \
	lib/storage/maildir-write.c lib/storage/maildir-write.h \
	lib/storage/mbox.c \
	lib/storage/mbox-count.c lib/storage/mbox-count.h \
	lib/storage/mbox-lock.c lib/storage/mbox-lock.h \
	lib/storage/mbox-text.c lib/storage/mbox-text.h \
	lib/storage/namespace.c \
	lib/storage/perm.c lib/storage/perm.h \
	lib/storage/storage.c lib/storage/storage.h \
	lib/storage/storage-private.h \
	lib/storage/storage-settings.c \
	lib/storage/subscriptions.c lib/storage/subscriptions.h \
	lib/storage/text-file.c lib/storage/text-file.h
