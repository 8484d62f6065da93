/*
 * Small texts; see words.h.
 */
#include "lmtp/words.h"

#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/pool.h"
#include "lmtp/lmtp-settings.h"
#include "smtp/path.h"

const char *
lmtp_error_id(const char *session_id, char buf[LMTP_ERROR_ID_MAX])
{
	static const char digits[] = "abcdefghijkmnpqrstuvwxyz23456789";
	uint64_t h = 14695981039346656037u;	/* FNV-1a */

	for (const char *p = session_id; *p != '\0'; p++)
		h = (h ^ (unsigned char)*p) * 1099511628211u;
	h ^= h >> 40;
	for (int i = 0; i < LMTP_ERROR_ID_MAX - 1; i++) {
		buf[i] = digits[h & 31];
		h >>= 5;
	}
	buf[LMTP_ERROR_ID_MAX - 1] = '\0';
	return buf;
}

bool
lmtp_session_id_valid(const char *id)
{
	size_t len = 0;

	while (isalnum((unsigned char)id[len]) ||
	       (id[len] != '\0' && strchr("+/=._-:", id[len]) != NULL))
		len++;
	return len > 0 && len <= LMTP_FOREIGN_ID_MAX && id[len] == '\0';
}

static bool
has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*list != '\0') {
		size_t n = strcspn(list, " ,");

		if (n == len && strncmp(list, word, n) == 0)
			return true;
		list += n + strspn(list + n, " ,");
	}
	return false;
}

unsigned
lmtp_path_workarounds(const struct lmtp_settings *set)
{
	const char *list = set->lmtp_client_workarounds;
	unsigned flags = 0;

	if (*list == '\0')
		return 0;
	if (has_word(list, "whitespace-before-path"))
		flags |= SMTP_PATH_SPACE;
	if (has_word(list, "mailbox-for-path"))
		flags |= SMTP_PATH_BARE;
	return flags;
}

const char *
lmtp_string_fault(const char *text)
{
	static const char bad_char[] = "Invalid character in string";
	const char *p = text;

	if (*p != '"') {
		while (isalnum((unsigned char)*p) ||
		       (*p != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", *p)))
			p++;
		return *p == '\0' && p > text ? NULL : bad_char;
	}
	for (p++; *p != '"'; p++) {
		if (*p == '\\')
			p++;
		if (*p == '\0')
			return "Premature end of quoted string";
	}
	return p[1] == '\0' ? NULL : bad_char;
}
