/*
 * Header fields, addresses, Message-IDs and encoded words. The first octet
 * says into what pieces the message is cut on its way into the spool: the
 * pieces must make no difference.
 */
#include <stdint.h>
#include <string.h>

#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"
#include "io/spool.h"
#include "mail/address.h"
#include "mail/automatic.h"
#include "mail/encoded-word.h"
#include "mail/message.h"
#include "mail/msgid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct spool *
spool_of(const uint8_t *data, size_t size, size_t step)
{
	struct spool *sp = spool_new("/tmp");
	struct err err;

	while (size > 0) {
		size_t n = step > 0 && step < size ? step : size;

		ASSERT(spool_write(sp, data, n, &err) == 0);
		data += n;
		size -= n;
	}
	ASSERT(spool_finish(sp, &err) == 0);
	return sp;
}

/* What was encoded is the same again, and ASCII in between. */
static void
check_encoding(const char *value, struct pool *pool)
{
	const char *words = encoded_words_encode(value, pool);
	char *line = pool_strdup(pool, words), *to = line;

	if (words == value)
		return;
	for (const char *p = words; *p != '\0'; p++) {
		ASSERT((*p >= ' ' && *p < 0x7f) || *p == '\n');
		if (*p != '\n')
			*to++ = *p;
	}
	*to = '\0';
	ASSERT(strcmp(encoded_words_decode(line, pool), value) == 0);
}

static void
check_value(const char *value, struct pool *pool)
{
	const char *p = value;
	struct address addr;

	ASSERT(strchr(value, '\n') == NULL);
	while (address_next(&p, pool, &addr))
		ASSERT(*addr.local != '\0' || *addr.domain != '\0');
	(void)msgid_parse(value, pool);
	(void)encoded_words_decode(value, pool);
	check_encoding(value, pool);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {
		"From", "Subject", "Message-ID", "To", "",
	};
	size_t step = size > 0 ? data[0] : 0;
	struct spool *whole, *cut;
	struct pool *pool;
	struct message *a, *b;

	if (size > 100000)
		return 0;
	pool = pool_new();
	whole = spool_of(data, size, 0);
	cut = spool_of(data, size, step);
	ASSERT(spool_size(whole) == spool_size(cut));
	ASSERT(spool_lines(whole) == spool_lines(cut));
	ASSERT(memcmp(spool_memory(whole), spool_memory(cut),
		      spool_size(cut)) == 0);
	a = message_open(whole, pool);
	b = message_open(cut, pool);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = message_header(a, names[i]);

		ASSERT(str_eq(value, message_header(b, names[i])));
		if (value != NULL)
			check_value(value, pool);
	}
	(void)message_id(a);
	(void)automatic_kind(a, "s@x");
	spool_free(&whole);
	spool_free(&cut);
	pool_free(&pool);
	return 0;
}
