/*
 * What Dovecot 2.3 has and no table of Loft's modules declares (yet): names
 * with their types, so that existing configurations load and obvious garbage
 * is still caught. A name in a module's table hides the one here.
 */
#ifndef LOFT_CONF_KNOWN_H
#define LOFT_CONF_KNOWN_H

#include <stddef.h>

#include "conf/settings.h"


/* Sorted by name; the others needn't be. A NULL name ends each. */
extern const struct setting_def known_settings[];
extern const size_t known_settings_count;
extern const struct setting_def known_service[];
extern const struct setting_def known_file_listener[];
extern const struct setting_def known_inet_listener[];
extern const struct setting_def known_passdb[];
extern const struct setting_def known_userdb[];
extern const struct setting_def known_namespace[];
extern const struct setting_def known_mailbox[];
extern const struct setting_def known_metric[];
extern const struct setting_def known_event_exporter[];

/* The mail plugins whose work Loft does; NULL ends them. */
extern const char *const known_mail_plugins[];

#endif
