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

/* lmtp_client_workarounds as flags for smtp_path_parse(). */
unsigned lmtp_path_workarounds(const struct lmtp_settings *set);

/* Is it a string as RFC 5321 section 4.1.2 has it (atom or quoted)? If not,
   what is wrong with it. */
const char *lmtp_string_fault(const char *text);

#endif
