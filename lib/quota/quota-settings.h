/*
 * What plugin {} may say for mail_plugins = quota. The table is for the manual:
 * any name may stand in plugin {}, and roots.c reads these for each user, with
 * numbers behind them (quota2, quota_rule2 …) and with what the userdb says.
 */
#ifndef LOFT_QUOTA_QUOTA_SETTINGS_H
#define LOFT_QUOTA_QUOTA_SETTINGS_H

#include "conf/settings.h"

#define QUOTA_SETTINGS(X) \
	X(VARS, quota, "", \
	  "A quota root, BACKEND:NAME:PARAMETERS; the next one is quota2.") \
	X(VARS, quota_rule, "", \
	  "Limits, MAILBOX:storage=SIZE:messages=NUMBER, or MAILBOX:ignore; " \
	  "further ones are quota_rule2 and so on, those of quota2 " \
	  "quota2_rule.") \
	X(VARS, quota_grace, "10%%", \
	  "How far one delivery may go over the storage limit.") \
	X(VARS, quota_warning, "", \
	  "LIMITS SERVICE ARGUMENTS: start a script service when usage gets " \
	  "there, or below it with a minus in front; the first one that fits " \
	  "of quota_warning, quota_warning2 and so on.") \
	X(VARS, quota_exceeded_message, \
	  "Quota exceeded (mailbox for user is full)", \
	  "What senders are told.") \
	X(SIZE, quota_max_mail_size, "0", \
	  "Largest message, with its header; 0 is no limit.") \
	X(BOOL, quota_vsizes, "no", \
	  "Count sizes with CR LF at line ends.") \
	X(VARS, quota_status_success, "OK", \
	  "What quota-status answers when there is room.") \
	X(STR, quota_status_nouser, "REJECT Unknown user", \
	  "What it answers when there is no such user.") \
	X(VARS, quota_status_toolarge, "", \
	  "What it answers when the message can never fit; empty means " \
	  "quota_status_overquota.") \
	X(VARS, quota_status_overquota, "", \
	  "What it answers when there is no room; empty means 554 5.2.2 and " \
	  "the message.")

SETTINGS_STRUCT(quota_settings, QUOTA_SETTINGS);

#endif
