/*
 * Who may be answered by a program; see automatic.h.
 */
#include "mail/automatic.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "mail/message.h"

/* Is it one of these words, up to what may follow a word in such a field? */
static bool
is_word(const char *value, const char *const words[])
{
	size_t len = strcspn(value, " \t;(");

	for (; *words != NULL; words++) {
		if (len == strlen(*words) &&
		    strncasecmp(value, *words, len) == 0)
			return true;
	}
	return false;
}

/* Local parts behind which no human sits. */
static bool
is_program(const char *sender)
{
	static const char *const names[] = {
		"MAILER-DAEMON", "LISTSERV", "majordomo", NULL
	};
	static const char owner[] = "owner-";
	static const char *const endings[] = { "-request", "-owner" };
	const char *at = strrchr(sender, '@');
	size_t len = at != NULL ? (size_t)(at - sender) : strlen(sender);

	for (size_t i = 0; names[i] != NULL; i++) {
		if (len == strlen(names[i]) &&
		    strncasecmp(sender, names[i], len) == 0)
			return true;
	}
	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		size_t n = strlen(endings[i]);

		if (len > n &&
		    strncasecmp(sender + len - n, endings[i], n) == 0)
			return true;
	}
	return len > strlen(owner) &&
		strncasecmp(sender, owner, strlen(owner)) == 0;
}

/* RFC 3834 section 5: "no", perhaps with parameters behind. */
static bool
is_submitted(struct message *msg)
{
	static const char *const no[] = { "no", NULL };
	const char *value;
	unsigned at = 0;

	while (message_header_next(msg, "Auto-Submitted", &at, &value)) {
		if (!is_word(value, no))
			return true;
	}
	return false;
}

static bool
is_list(struct message *msg)
{
	static const char *const words[] = { "bulk", "list", "junk", NULL };
	const char *value;
	unsigned at = 0;

	while (message_header_next(msg, "Precedence", &at, &value)) {
		if (is_word(value, words))
			return true;
	}
	return message_has_prefix(msg, "List-");
}

enum automatic
automatic_kind(struct message *msg, const char *sender)
{
	if (is_submitted(msg))
		return AUTOMATIC_SUBMITTED;
	if (*sender == '\0')
		return AUTOMATIC_NO_SENDER;
	if (is_program(sender))
		return AUTOMATIC_PROGRAM;
	return is_list(msg) ? AUTOMATIC_LIST : AUTOMATIC_NOT;
}
