/*
 * The snapshot: the text of all settings that the master hands to a child in
 * a sealed memfd. Lines of name=value with their scope, values unexpanded.
 * A child reads it through the same tables: unset means default, unknown is
 * ignored, so that old and new programs understand each other.
 */
#ifndef LOFT_CONF_SNAPSHOT_H
#define LOFT_CONF_SNAPSHOT_H

#include <stdbool.h>

struct conf;
struct err;
struct settings_info;

/* A sealed memfd (FD_CLOEXEC, offset 0) with the settings that the tables of
   `modules` (up to NULL; NULL itself = everything) name, so that ssl_key and
   other secrets go only to who declares them. All `service` sections are in;
   `plugin`, `passdb` and other sections where all_section_users[] in
   conf/all-settings.c gives them to one of the modules. "<path" values of
   ssl_* settings are written as the file's contents when read_files.
   -1 with err. The caller owns the fd. */
int snapshot_write(const struct conf *conf,
		   const struct settings_info *const *modules,
		   bool read_files, struct err *err);

/* Read such an fd (from offset 0; the fd stays the caller's). */
int snapshot_read(int fd, struct conf **conf_r, struct err *err);

#endif
