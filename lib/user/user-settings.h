/*
 * Settings about who users are to the system.
 */
#ifndef LOFT_USER_USER_SETTINGS_H
#define LOFT_USER_USER_SETTINGS_H

#include "conf/settings.h"

#define USER_SETTINGS(X) \
	X(STR, auth_socket_path, "auth-userdb", \
	  "Socket on which users are looked up, absolute or below base_dir.") \
	X(STR, mail_uid, "", \
	  "User id (number or name) of users whose userdb entry has none.") \
	X(STR, mail_gid, "", \
	  "Group id (number or name) of users whose userdb entry has none.") \
	X(VARS, mail_home, "", \
	  "Home directory of users whose userdb entry has none.") \
	X(STR, mail_access_groups, "", \
	  "Further groups that every user gets for mail access, separated " \
	  "by commas or blanks.") \
	X(UINT, first_valid_uid, "500", \
	  "Users with a lower uid are refused; uid 0 always is.") \
	X(UINT, last_valid_uid, "0", \
	  "Users with a higher uid are refused; 0 means no limit.") \
	X(UINT, first_valid_gid, "1", \
	  "Users whose primary group is lower are refused.") \
	X(UINT, last_valid_gid, "0", \
	  "Users whose primary group is higher are refused; 0 means no limit.")

SETTINGS_STRUCT(user_settings, USER_SETTINGS);

#endif
