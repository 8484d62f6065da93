/*
 * mail_location taken apart: "maildir:/srv/mail/alice:LAYOUT=fs:INBOX=…".
 */
#ifndef LOFT_STORAGE_LOCATION_H
#define LOFT_STORAGE_LOCATION_H

#include <stdbool.h>

struct err;
struct pool;
struct storage_format;

enum layout {
	LAYOUT_MAILDIRPP,	/* Maildir++: root/.Sub.Deep */
	LAYOUT_FS,		/* root/Sub/Deep */
};

struct location {
	const struct storage_format *format;
	enum layout layout;
	const char *root;	/* absolute, without a slash at its end */
	const char *inbox;	/* where INBOX is: root itself, or a file */
	bool inbox_is_default;
	const char *control;	/* "" or where subscriptions lie */
	const char *index;	/* "", for the log; nothing is written there */
	const char *subscriptions;	/* file name */
	const char *mailbox_dir;	/* "" or between root and a mailbox */
	const char *dir_name;	/* "" or below each mailbox's directory */
	bool utf8;		/* names on disk are UTF-8, not mUTF-7 */
};

/* Whose mail it is. */
struct location_user {
	const char *name;
	const char *home;	/* NULL: he has none */
};

/* Parse a location whose variables are expanded already. "" and a path
   without a format are looked at on disk, as Dovecot does. Lives in
   pool. -1 with ERR_TEMP and the reason. */
int location_parse(const char *text, const struct location_user *user,
		   struct pool *pool, struct location *loc_r, struct err *err);

#endif
