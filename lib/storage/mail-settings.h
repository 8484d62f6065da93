/*
 * Settings of mail storage: where mail lies and how it is written.
 */
#ifndef LOFT_STORAGE_MAIL_SETTINGS_H
#define LOFT_STORAGE_MAIL_SETTINGS_H

#include "conf/settings.h"

#define MAIL_SETTINGS(X) \
	X(VARS, mail_location, "", \
	  "Where mail lies, \"maildir:~/Maildir\" or " \
	  "\"mbox:~/mail:INBOX=/var/mail/%u\"; parameters follow after " \
	  "colons (LAYOUT=fs, INBOX=, CONTROL=, SUBSCRIPTIONS=, UTF-8).") \
	X(ENUM, mail_fsync, "optimized:never:always", \
	  "When mail is brought to stable storage: \"never\" gives up the " \
	  "promise that an accepted message survives a crash of the system.") \
	X(BOOL, mail_save_crlf, "no", \
	  "Store lines with CR LF instead of LF.") \
	X(STR, mbox_write_locks, "fcntl dotlock", \
	  "Locks to take before mail is added to an mbox, in this order: " \
	  "fcntl, flock, lockf, dotlock, and dotlock_try, which is passed " \
	  "over where no lock file can be made. All programs that share the " \
	  "mailbox must agree on it.") \
	X(STR, mbox_read_locks, "fcntl", \
	  "Locks to take before an mbox is read, as when mail is counted.") \
	X(TIME, mbox_lock_timeout, "5 mins", \
	  "How long to wait for the locks of an mbox; then the delivery " \
	  "fails for now.") \
	X(TIME, mbox_dotlock_change_timeout, "2 mins", \
	  "A lock file is taken as left behind when neither it nor the mbox " \
	  "has changed for so long.") \
	X(TIME, mail_max_lock_timeout, "0", \
	  "Bound on all waits for locks of mailboxes; 0 means none but " \
	  "theirs.") \
	X(STR, mail_privileged_group, "", \
	  "Group that may make lock files and INBOXes in /var/mail. It is " \
	  "taken up for these calls alone; needs a service that is root.") \
	X(TIME, mail_temp_scan_interval, "1 weeks", \
	  "How often at most to look for files older than 36 hours in tmp/ " \
	  "of a Maildir that gets mail; 0 means never.") \
	X(BOOL, mail_nfs_storage, "no", \
	  "Mail lies on NFS and several hosts deliver to it.") \
	X(BOOL, maildir_copy_with_hardlinks, "yes", \
	  "Let recipients with the same uid share one file by hard links.") \
	X(STR, mail_temp_dir, "/tmp", \
	  "Directory for the unnamed files that hold large messages while " \
	  "they are received.") \
	X(STR, mail_plugins, "", \
	  "Plugins that take part in deliveries, separated by blanks: quota.") \
	X(BOOL, mail_debug, "no", \
	  "Log where mail is looked for and stored.") \
	X(VARS, mail_log_prefix, "%s(%u)<%{pid}><%{session}>: ", \
	  "What log lines about one user's mail begin with.")

/* Inside `namespace { }`. A mailbox's `auto` is asked for with conf_get():
   no field can have that name. */
#define NAMESPACE_SETTINGS(X) \
	X(STR, alias_for, "", \
	  "Prefix of the namespace whose mailboxes are shown here once more; " \
	  "they count once for quota.") \
	X(BOOL, disabled, "no", "Leave this namespace out.") \
	X(BOOL, hidden, "no", "For IMAP servers; no effect on delivery.") \
	X(BOOL, ignore_on_failure, "no", \
	  "Do without this namespace when its location can't be used.") \
	X(BOOL, inbox, "no", "The one namespace that holds INBOX.") \
	X(STR, list, "yes", "For IMAP servers; no effect on delivery.") \
	X(VARS, location, "", \
	  "Where this namespace's mail lies; empty means mail_location.") \
	X(VARS, prefix, "", "What names of its mailboxes begin with.") \
	X(STR, separator, "", \
	  "Character between levels of mailbox names; empty means the one " \
	  "of the storage format.") \
	X(BOOL, subscriptions, "yes", \
	  "Does the namespace keep its own list of subscriptions?") \
	X(ENUM, type, "private:shared:public", \
	  "Whose mail it is. Nothing is delivered to a shared namespace whose " \
	  "prefix names its owners (%%u).")

SETTINGS_STRUCT(mail_settings, MAIL_SETTINGS);
SETTINGS_STRUCT(namespace_settings, NAMESPACE_SETTINGS);

#endif
