/*
 * Settings of Dovecot 1 and 2.0 to 2.2 that 2.3 still reads, and what they
 * are called now. For conf/ alone.
 */
#ifndef LOFT_CONF_OLD_H
#define LOFT_CONF_OLD_H

#include <stdbool.h>

struct load_line;
struct reader;

/* Take `key = value` if that is an old name, or an old way to write a value:
   its new form goes into the text, with a warning. False when there is
   nothing old about it. */
bool old_setting(struct reader *reader, const char *key, const char *value,
		 const struct load_line *from);

#endif
