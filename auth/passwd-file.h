/*
 * Files of users in the manner of passwd(5), for the passwd-file drivers:
 * "user:{SCHEME}password:uid:gid:gecos:home:shell:extra fields". A file is
 * read anew when it changed, which is found out by one stat(2) for each batch of questions.
 */
#ifndef LOFT_AUTH_PASSWD_FILE_H
#define LOFT_AUTH_PASSWD_FILE_H

#include <stddef.h>

#include "auth/request.h"

struct auth_db_init;
struct passwd_file;

/* A line; NULL where the line ended before. Valid until the next lookup. */
struct passwd_line {
	const char *user;
	const char *password;	/* "{SCHEME}hash"; "" for none */
	const char *uid, *gid;	/* numbers; NULL for none given */
	const char *home;
	const char *extra;	/* words divided by blanks */
	const char *trouble;	/* why the line can't be used, or NULL */
};

/* From args "[scheme=X] [username_format=%u] path". NULL with ERR_CONFIG. */
struct passwd_file *passwd_file_new(const struct auth_db_init *init,
				    struct err *err);

/* The scheme for passwords that name none. */
const char *passwd_file_scheme(const struct passwd_file *file);

/* The line of the request's user. OK, UNKNOWN, or TROUBLE (logged) when the
   file is missing or can't be read. */
enum auth_result passwd_file_lookup(struct passwd_file *file,
				    struct auth_request *req,
				    const struct passwd_line **line_r);

/* Every user of the file, in its order. */
int passwd_file_list(struct passwd_file *file,
		     void (*each)(const char *name, void *arg), void *arg,
		     struct err *err);

/* Call add(NAME, VALUE) for each extra field of a line: those that begin
   with "userdb_" when userdb (without that word), else the others. */
void passwd_line_extra(const struct passwd_line *line,
		       struct auth_request *req, bool userdb,
		       void (*add)(struct auth_request *req, const char *name,
				   const char *value, bool replace));

/* From now on look at the files again: called for each batch of questions. */
void passwd_files_new_round(void);

/* Forget every file that was read. */
void passwd_files_free(void);

#endif
