/*
 * A whole configuration, as read from files or from a snapshot: an ordered
 * list of (scope filter, path, raw value, file, line). Paths are names joined
 * by '/': "mail_location", "plugin/quota", "service/lmtp/process_limit",
 * "service/lmtp/inet_listener/lmtp/port", "passdb/0/driver",
 * "namespace/inbox/mailbox/Trash/auto"; a '/' inside a section's name is
 * written "\s". Values are raw: variables unexpanded, `<path` unread.
 */
#ifndef LOFT_CONF_CONF_H
#define LOFT_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>

struct conf;
struct err;
struct pool;
struct scope;
struct str;

/* Read FILE and what it includes, check syntax, names and types. 0, or -1
   with every error in *errors, one line each: "FILE line N: what is wrong".
   Warnings come in *warnings the same way, also on success; the caller logs
   them. *conf_r is owned by the caller (conf_free). */
int conf_load(const char *file, struct conf **conf_r, struct str *errors,
	      struct str *warnings);
void conf_free(struct conf **confp);

/* Add "name=value" as if it stood last in the file (loft-lda -o); -1 with
   ERR_NOTFOUND for a name nobody knows, with ERR_CONFIG for a bad value. */
int conf_override(struct conf *conf, const char *name_value, struct err *err);

/* The raw value at a path in this scope; NULL when nothing is set there
   (defaults of tables are not looked at; built-in services' are). */
const char *conf_get(const struct conf *conf, const struct scope *scope,
		     const char *path);

/* "FILE line N: " of the text that counts for path in this scope, to begin
   an error with; "" where nobody wrote it. In pool. */
const char *conf_where(const struct conf *conf, const struct scope *scope,
		       const char *path, struct pool *pool);

/* The names of the sections below "service", "service/lmtp/unix_listener",
   "passdb" ("0", "1", … in order), or the keys below "plugin"; NULL-terminated,
   in the order of first appearance, in pool. Never NULL. */
const char **conf_names(const struct conf *conf, const struct scope *scope,
			const char *path, struct pool *pool);

/* A passdb or userdb, and whose it is: "lmtp", "!smtp"; NULL: everybody's. */
struct conf_listed {
	const char *name;		/* "0": the section is "passdb/0" */
	const char *protocol;
};

/* All of them ("passdb", "userdb") in the order in which Dovecot asks them:
   what stands in `protocol` blocks comes first. A NULL name ends; in pool. */
struct conf_listed *conf_listed(const struct conf *conf, const char *path,
				struct pool *pool);

/* A name as it stands inside a path ('/' becomes "\s"), in pool. */
const char *conf_escape_name(const char *name, struct pool *pool);

/* And back, for what conf_names() gave. */
const char *conf_unescape_name(const char *name, struct pool *pool);

/* The value itself, or what the file holds for "<path"; in pool. NULL with
   err when the file can't be read. */
const char *conf_read_value(const char *value, struct pool *pool,
			    struct err *err);

/* The files behind "<path" values of settings whose names begin like this;
   NULL-terminated, in pool. */
const char **conf_value_files(const struct conf *conf, const char *prefix,
			      struct pool *pool);

/* The same for a setting of one line: without the end of the file's last. */
const char *conf_read_line(const char *value, struct pool *pool,
			   struct err *err);

/* Where the configuration came from. */
const char *conf_file(const struct conf *conf);

#endif
