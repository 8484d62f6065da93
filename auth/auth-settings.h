/*
 * Settings of the auth process, and the keys of passdb and userdb sections.
 */
#ifndef LOFT_AUTH_AUTH_SETTINGS_H
#define LOFT_AUTH_AUTH_SETTINGS_H

#include "conf/settings.h"

#define AUTH_SETTINGS(X) \
	X(STR, auth_mechanisms, "plain", \
	  "SASL mechanisms offered on auth-client: plain, login.") \
	X(STR, auth_username_format, "%Lu", \
	  "What every name becomes before it is looked up; %Ln strips the " \
	  "domain.") \
	X(STR, auth_username_chars, \
	  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	  "01234567890.-_@", \
	  "Names with any other octet are unknown users; empty allows all.") \
	X(STR, auth_username_translation, "", \
	  "Pairs of octets: the first of each in a name becomes the second.") \
	X(STR, auth_default_realm, "", \
	  "Domain appended to names that have none.") \
	X(BOOL, auth_verbose, "no", \
	  "Log unknown users and failed passwords.") \
	X(BOOL, auth_debug, "no", \
	  "Log every question, its answer and the steps between.") \
	X(TIME, auth_failure_delay, "2 secs", \
	  "How long a failed authentication waits for its reply.") \
	X(SIZE, auth_cache_size, "0", \
	  "Memory for cached lookups of drivers that ask the system; 0 " \
	  "caches nothing.") \
	X(TIME, auth_cache_ttl, "1 hours", \
	  "How long a found user stays in the cache.") \
	X(TIME, auth_cache_negative_ttl, "1 hours", \
	  "How long an unknown user stays in the cache; 0 caches none.")
SETTINGS_STRUCT(auth_settings, AUTH_SETTINGS);

#define AUTH_SUCCESS_RULES \
	"return-ok:return:return-fail:continue:continue-ok:continue-fail"
#define AUTH_FAILURE_RULES \
	"continue:continue-ok:continue-fail:return:return-ok:return-fail"

/* All of Dovecot's, so that its configurations load; which of them work is
   for auth/passdb.c and auth/userdb.c to say. */
#define AUTH_PASSDB_DRIVERS \
	":passwd-file:passwd:shadow:static:bsdauth:checkpassword:dict:imap:" \
	"ldap:lua:oauth2:pam:sia:sql:vpopmail"
#define AUTH_USERDB_DRIVERS \
	":passwd-file:passwd:prefetch:static:checkpassword:dict:ldap:lua:" \
	"nss:sql:vpopmail"

#define AUTH_PASSDB_SETTINGS(X) \
	X(STR, name, "", "Name for logs.") \
	X(ENUM, driver, AUTH_PASSDB_DRIVERS, \
	  "passwd-file, static, passwd or shadow; others load, but can't " \
	  "check a password.") \
	X(STR, args, "", "What the driver needs to know.") \
	X(STR, default_fields, "", \
	  "Fields (name=value, divided by blanks) for users without them.") \
	X(STR, override_fields, "", "Fields that replace what was found.") \
	X(STR, mechanisms, "", \
	  "Only for these SASL mechanisms; none means lookups without one.") \
	X(STR, username_filter, "", \
	  "Only for names that match one of these masks; !mask excludes.") \
	X(ENUM, skip, "never:authenticated:unauthenticated", \
	  "Pass over this database, depending on those before it.") \
	X(ENUM, result_success, AUTH_SUCCESS_RULES, \
	  "What a hit means for the chain.") \
	X(ENUM, result_failure, AUTH_FAILURE_RULES, \
	  "What an unknown user or a wrong password means.") \
	X(ENUM, result_internalfail, AUTH_FAILURE_RULES, \
	  "What trouble in the database means.") \
	X(ENUM, auth_verbose, "default:yes:no", \
	  "auth_verbose for this database alone.") \
	X(BOOL, deny, "no", "Users found here are refused.") \
	X(BOOL, pass, "no", "A hit is not enough: the next one decides.") \
	X(BOOL, master, "no", "Master users; not for ordinary lookups.")
SETTINGS_STRUCT(auth_passdb_settings, AUTH_PASSDB_SETTINGS);

#define AUTH_USERDB_SETTINGS(X) \
	X(STR, name, "", "Name for logs.") \
	X(ENUM, driver, AUTH_USERDB_DRIVERS, \
	  "passwd-file, static, passwd or prefetch; others load, but know " \
	  "nobody.") \
	X(STR, args, "", "What the driver needs to know.") \
	X(STR, default_fields, "", \
	  "Fields (name=value, divided by blanks) for users without them.") \
	X(STR, override_fields, "", "Fields that replace what was found.") \
	X(ENUM, skip, "never:found:notfound", \
	  "Pass over this database, depending on those before it.") \
	X(ENUM, result_success, AUTH_SUCCESS_RULES, \
	  "What a hit means for the chain.") \
	X(ENUM, result_failure, AUTH_FAILURE_RULES, \
	  "What an unknown user means.") \
	X(ENUM, result_internalfail, AUTH_FAILURE_RULES, \
	  "What trouble in the database means.") \
	X(ENUM, auth_verbose, "default:yes:no", \
	  "auth_verbose for this database alone.")
SETTINGS_STRUCT(auth_userdb_settings, AUTH_USERDB_SETTINGS);

#endif
