/*
 * Small texts of LMTP: ids, parts of addresses, arguments of NOOP.
 */
#ifndef LOFT_LMTP_WORDS_H
#define LOFT_LMTP_WORDS_H

#include <stdbool.h>

struct lmtp_settings;
struct pool;

enum { LMTP_FOREIGN_ID_MAX = 64 };

/* Can a foreign id stand for one: in logs, replies and Received? */
bool lmtp_session_id_valid(const char *id);

enum { LMTP_ERROR_ID_MAX = 9 };

/* The short name of what went wrong for whoever has this session id, "k3vq7m2a":
   it stands in the reply and in the log (loftctl error). */
const char *lmtp_error_id(const char *session_id, char buf[LMTP_ERROR_ID_MAX]);

/* Part a local part at the first of the delimiter's characters. */
void lmtp_split_detail(const char *localpart, const char *delimiters,
		       struct pool *pool, const char **user_r,
		       const char **detail_r);

/* Could the name lead elsewhere where it is put into a path? No part between
   slashes may be "." or "..", and none of it may be empty. */
bool lmtp_name_is_safe(const char *name);

/* lmtp_client_workarounds as flags for smtp_path_parse(). */
unsigned lmtp_path_workarounds(const struct lmtp_settings *set);

/* Is it a string as RFC 5321 section 4.1.2 has it (atom or quoted)? If not,
   what is wrong with it. */
const char *lmtp_string_fault(const char *text);

#endif
