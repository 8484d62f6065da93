/*
 * Settings tables. A module declares its settings once, as a list macro in
 * its *-settings.h:
 *
 *	#define LMTP_SETTINGS(X) \
 *		X(BOOL, lmtp_verbose_replies, "no", "Tell clients why.") \
 *		X(TIME, lmtp_command_timeout, "5 mins", "Longest wait.")
 *	SETTINGS_STRUCT(lmtp_settings, LMTP_SETTINGS);
 *
 * That gives struct lmtp_settings with a field per setting, and an extern
 * table `lmtp_settings_info`. To add a table: write the two macros above in
 * the module's *-settings.h, then in conf/all-settings.c (it sees all lists)
 *
 *	#include "lmtp/lmtp-settings.h"
 *	SETTINGS_DEFINE(lmtp_settings, LMTP_SETTINGS);
 *
 * and one row in its table: { "", &lmtp_settings_info } for global settings,
 * { "service", … }, { "service/unix_listener", … }, { "passdb", … } for what
 * stands inside of sections of that kind (several tables may share a kind).
 * Names, defaults, checks, `loft -a`, loft.conf(5) and the samples come from
 * these rows. A name Dovecot has and no table declares is still accepted: it
 * stands in conf/known.c with its type, and conf_get() finds its value. That
 * is also the way to what can't be a field's name (`auto` of a mailbox).
 *
 * The defaults of a built-in service's sections (the mode of auth-userdb, the
 * protocol of lmtp) aren't in the tables but in conf/builtin.c; settings_get()
 * lays them over the table's defaults, below the operator's text.
 */
#ifndef LOFT_CONF_SETTINGS_H
#define LOFT_CONF_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf;
struct err;
struct pool;
struct scope;

enum setting_type {
	SETTING_BOOL,	/* bool; yes/no as Dovecot reads them */
	SETTING_UINT,	/* unsigned; "unlimited" is not for these */
	SETTING_MODE,	/* unsigned; octal with a leading 0 */
	SETTING_PORT,	/* unsigned, at most 65535 */
	SETTING_TIME,	/* unsigned seconds; "5 mins", bare = seconds */
	SETTING_TIME_MS,/* unsigned milliseconds; "250ms", bare = seconds */
	SETTING_SIZE,	/* uint64_t octets; "10M" */
	SETTING_STR,	/* const char *, never NULL */
	SETTING_VARS,	/* const char *, %variables expanded by the user of
			   the value, with vars_expand() */
	SETTING_ENUM,	/* const char *; default and choices in one string,
			   "optimized:never:always", the first is default */
};

#define SETTING_CTYPE_BOOL bool
#define SETTING_CTYPE_UINT unsigned
#define SETTING_CTYPE_MODE unsigned
#define SETTING_CTYPE_PORT unsigned
#define SETTING_CTYPE_TIME unsigned
#define SETTING_CTYPE_TIME_MS unsigned
#define SETTING_CTYPE_SIZE uint64_t
#define SETTING_CTYPE_STR const char *
#define SETTING_CTYPE_VARS const char *
#define SETTING_CTYPE_ENUM const char *

struct setting_def {
	enum setting_type type;
	const char *name;
	const char *def;
	size_t offset;		/* of the field in the module's struct */
	const char *doc;	/* one sentence */
};

struct settings_info {
	const char *module;	/* "lmtp_settings" */
	const struct setting_def *(*defs)(void);	/* name NULL ends them */
	size_t size;		/* of the struct */
};

#define SETTING_FIELD(type, name, def, doc) SETTING_CTYPE_##type name;
#define SETTINGS_STRUCT(module, LIST) \
	struct module { LIST(SETTING_FIELD) }; \
	extern const struct settings_info module##_info

/*
 * Fill one module's struct: the table's defaults, then what the
 * configuration says at `section` in this scope, then `overrides`
 * ("name=value" strings up to NULL, later ones win, or NULL for none; names
 * that the table doesn't have are passed over). section is "" for global
 * settings, "service/lmtp", "service/lmtp/unix_listener/lmtp", "namespace/0" …
 * The struct and its strings live in pool. For `<file` the file is read here
 * (the master did so for a snapshot; ssl_* are returned as they stand). NULL
 * with err (ERR_CONFIG) for an unusable override or file; the rest of the
 * configuration was checked when it was read.
 */
const void *settings_get(const struct conf *conf, const struct scope *scope,
			 const char *section,
			 const struct settings_info *info,
			 const char *const *overrides,
			 struct pool *pool, struct err *err);

/* Define what SETTINGS_STRUCT() declared; in conf/all-settings.c only. */
#define SETTING_ROW(type, name, def, doc) \
	{ SETTING_##type, #name, def, offsetof(struct self, name), doc },
#define SETTINGS_DEFINE(module, LIST) \
	static const struct setting_def * \
	module##_defs(void) \
	{ \
		struct self { LIST(SETTING_FIELD) }; \
		static const struct setting_def defs[] = { \
			LIST(SETTING_ROW) \
			{ SETTING_STR, NULL, NULL, 0, NULL } \
		}; \
		return defs; \
	} \
	const struct settings_info module##_info = { \
		#module, module##_defs, sizeof(struct module) \
	}

/* All tables, ended by a NULL info (conf/all-settings.c). */
struct settings_row {
	const char *kind;	/* "" or the kind of section they stand in */
	const struct settings_info *info;
};

extern const struct settings_row all_settings[];
extern const struct settings_row all_section_users[];

/* Does the table have a row of that name? */
const struct setting_def *settings_find(const struct settings_info *info,
					const char *name);

/* Values by type, as the tables read them; false when it is none. */
bool setting_parse_bool(const char *value, bool *b_r);
bool setting_parse_time(const char *value, unsigned *secs_r);
bool setting_parse_time_ms(const char *value, unsigned *msecs_r);
bool setting_parse_size(const char *value, uint64_t *octets_r);
bool setting_parse_mode(const char *value, unsigned *mode_r);

/* Is the text a value of this row's type? If not, what is wrong goes into
   err: "invalid boolean value 'maybe' for mail_debug (yes, no)". */
bool setting_check(const struct setting_def *def, const char *value,
		   struct err *err);

/* The value as it is printed: yes/no, "10 M", "5 mins", 0600. In pool, or
   value itself. */
const char *setting_print(const struct setting_def *def, const char *value,
			  struct pool *pool);

/* The default of a row as text: the first word of an enum. */
const char *setting_default(const struct setting_def *def,
			    struct pool *pool);

#endif
