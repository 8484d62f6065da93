/*
 * Small texts; see words.h.
 */
#include "lmtp/words.h"

#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/pool.h"
#include "lmtp/lmtp-settings.h"
#include "smtp/path.h"

static void
put_u32(unsigned char *p, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(n >> (8 * i));
}

static uint32_t
hash_hostname(void)
{
	uint32_t h = 2166136261u;	/* FNV-1a */
	char name[256] = "";

	/* Not the full name: asking DNS takes time, and adds nothing. */
	(void)gethostname(name, sizeof(name) - 1);
	for (const char *p = name; *p != '\0'; p++)
		h = (h ^ (unsigned char)*p) * 16777619u;
	return h;
}

/* Nanoseconds of the wall clock, never the same twice in this process. */
static uint64_t
unique_time(void)
{
	static uint64_t last;
	struct timespec ts;
	uint64_t now;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	now = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
	if (now <= last)
		now = last + 1;
	last = now;
	return now;
}

const char *
lmtp_session_id(struct pool *pool)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789+/";
	static uint32_t host;
	uint64_t now = unique_time();
	unsigned char octets[18] = { 0 };
	char *id = pool_alloc(pool, 24 + 1);

	if (host == 0)
		host = hash_hostname();
	put_u32(octets, (uint32_t)(now % 1000000000));
	put_u32(octets + 4, (uint32_t)(now / 1000000000));
	put_u32(octets + 8, (uint32_t)getpid());
	put_u32(octets + 12, host);
	for (int i = 0; i < 6; i++) {
		const unsigned char *p = octets + 3 * i;

		id[4 * i] = digits[p[0] >> 2];
		id[4 * i + 1] = digits[(p[0] & 3) << 4 | p[1] >> 4];
		id[4 * i + 2] = digits[(p[1] & 15) << 2 | p[2] >> 6];
		id[4 * i + 3] = digits[p[2] & 63];
	}
	id[LMTP_ID_LEN] = '\0';
	return id;
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

void
lmtp_split_detail(const char *localpart, const char *delimiters,
		  struct pool *pool, const char **user_r,
		  const char **detail_r)
{
	size_t len = strcspn(localpart, delimiters);

	*user_r = pool_strndup(pool, localpart, len);
	*detail_r = localpart[len] == '\0' ? "" : localpart + len + 1;
}

bool
lmtp_name_is_safe(const char *name)
{
	if (*name == '\0')
		return false;
	for (;;) {
		size_t len = strcspn(name, "/");

		if ((len == 1 && name[0] == '.') ||
		    (len == 2 && name[0] == '.' && name[1] == '.'))
			return false;
		if (name[len] == '\0')
			return true;
		name += len + 1;
	}
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
