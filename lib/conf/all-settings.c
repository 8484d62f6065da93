/*
 * Every settings table of every module, and where each applies: the one file
 * that may see them all, so that an unknown name can be refused at start.
 * Lists only, no code. To add a table see conf/settings.h.
 */
#include "conf/settings.h"

#include "auth/auth-settings.h"
#include "deliver/deliver-settings.h"
#include "lmtp/lmtp-settings.h"
#include "master/master-settings.h"
#include "script/script-settings.h"
#include "quota/quota-settings.h"
#include "service/haproxy-settings.h"
#include "service/log-settings.h"
#include "service/process-settings.h"
#include "service/service-settings.h"
#include "service/ssl-settings.h"
#include "storage/mail-settings.h"
#include "user/user-settings.h"

SETTINGS_DEFINE(auth_passdb_settings, AUTH_PASSDB_SETTINGS);
SETTINGS_DEFINE(auth_settings, AUTH_SETTINGS);
SETTINGS_DEFINE(auth_userdb_settings, AUTH_USERDB_SETTINGS);
SETTINGS_DEFINE(deliver_settings, DELIVER_SETTINGS);
SETTINGS_DEFINE(fifo_listener_settings, FIFO_LISTENER_SETTINGS);
SETTINGS_DEFINE(haproxy_settings, HAPROXY_SETTINGS);
SETTINGS_DEFINE(inet_listener_settings, INET_LISTENER_SETTINGS);
SETTINGS_DEFINE(lmtp_settings, LMTP_SETTINGS);
SETTINGS_DEFINE(log_settings, LOG_SETTINGS);
SETTINGS_DEFINE(mail_settings, MAIL_SETTINGS);
SETTINGS_DEFINE(master_settings, MASTER_SETTINGS);
SETTINGS_DEFINE(namespace_settings, NAMESPACE_SETTINGS);
SETTINGS_DEFINE(process_settings, PROCESS_SETTINGS);
SETTINGS_DEFINE(script_settings, SCRIPT_SETTINGS);
SETTINGS_DEFINE(quota_settings, QUOTA_SETTINGS);
SETTINGS_DEFINE(service_settings, SERVICE_SETTINGS);
SETTINGS_DEFINE(ssl_settings, SSL_SETTINGS);
SETTINGS_DEFINE(unix_listener_settings, UNIX_LISTENER_SETTINGS);
SETTINGS_DEFINE(user_settings, USER_SETTINGS);

/* Kind of section ("" = outside of any) and the table that applies there. */
const struct settings_row all_settings[] = {
	{ "", &process_settings_info },
	{ "", &master_settings_info },
	{ "", &log_settings_info },
	{ "", &ssl_settings_info },
	{ "", &user_settings_info },
	{ "", &deliver_settings_info },
	{ "", &lmtp_settings_info },
	{ "", &haproxy_settings_info },
	{ "", &script_settings_info },
	{ "", &auth_settings_info },
	{ "passdb", &auth_passdb_settings_info },
	{ "userdb", &auth_userdb_settings_info },
	{ "", &mail_settings_info },
	{ "namespace", &namespace_settings_info },
	{ "plugin", &quota_settings_info },
	{ "service", &service_settings_info },
	{ "service/unix_listener", &unix_listener_settings_info },
	{ "service/fifo_listener", &fifo_listener_settings_info },
	{ "service/inet_listener", &inet_listener_settings_info },
	{ NULL, NULL }
};

/* Which sections a process gets in its snapshot whose modules include this
   one (conf/snapshot.h); `service` goes to all. */
const struct settings_row all_section_users[] = {
	{ "plugin", &deliver_settings_info },
	{ "namespace", &deliver_settings_info },
	{ "dict", &deliver_settings_info },
	{ "passdb", &auth_settings_info },
	{ "userdb", &auth_settings_info },
	{ NULL, NULL }
};
