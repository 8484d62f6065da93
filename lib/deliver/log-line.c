/*
 * The line that tells what became of a message: deliver_log_format.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "conf/vars.h"
#include "core/clock.h"
#include "core/pool.h"
#include "core/str.h"
#include "deliver/deliver-private.h"
#include "deliver/deliver-settings.h"
#include "mail/address.h"
#include "mail/encoded-word.h"
#include "mail/message.h"

enum { MSGID_MAX = 200 };

const char *
deliver_shorten(const char *text, size_t max, struct pool *pool)
{
	size_t len = max - strlen("...");
	char *copy;

	if (text == NULL)
		return NULL;
	if (strlen(text) <= max) {
		copy = pool_strdup(pool, text);
	} else {
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
		copy = pool_printf(pool, "%.*s...", (int)len, text);
	}
	for (char *p = copy; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	}
	return copy;
}

static const char *
from_address(struct message *msg, struct pool *pool)
{
	const char *value = message_header(msg, "From");

	return value != NULL ? address_first(value, pool) : NULL;
}

static const char *
subject(struct message *msg, struct pool *pool)
{
	const char *value = message_header(msg, "Subject");

	return value != NULL ? encoded_words_decode(value, pool) : NULL;
}

static const char *
text_of(const char *text, struct pool *pool)
{
	return deliver_shorten(text, DELIVER_TEXT_MAX, pool);
}

static const char *
millis_since(int64_t start, struct pool *pool)
{
	return pool_printf(pool, "%" PRId64, clock_ms() - start);
}

static const char *
expand(const struct deliver_task *task, const char *msgid, const char *result)
{
	struct pool *pool = task->pool;
	struct delivery *d = task->d;
	const struct save *save = task->placed ? &task->save : NULL;
	const struct vars_entry entries[] = {
		{ '$', NULL, result },
		{ 'm', "msgid", msgid },
		{ 's', "subject", text_of(subject(d->message, pool), pool) },
		{ 'f', "from", text_of(from_address(d->message, pool), pool) },
		{ 'e', "from_envelope", d->sender },
		{ 'p', "size", save == NULL ? NULL :
			pool_printf(pool, "%" PRIu64, save->size) },
		{ 'w', "vsize", save == NULL ? NULL :
			pool_printf(pool, "%" PRIu64, save->vsize) },
		{ '\0', "to_envelope", d->orig_rcpt != NULL ? d->orig_rcpt :
			d->rcpt },
		{ '\0', "orig_to", d->orig_rcpt != NULL ? d->orig_rcpt :
			d->rcpt },
		{ '\0', "delivery_time", millis_since(task->start, pool) },
		{ '\0', "session_time", millis_since(d->session_start, pool) },
		{ '\0', "storage_id", save == NULL ? NULL : save->id },
		{ '\0', NULL, NULL },
	};
	const struct vars vars = { .entries = entries };
	static bool told;
	const char *line = result;
	struct err err;

	if (vars_expand(task->set->deliver_log_format, &vars, pool, &line,
			&err) < 0 && !told) {
		log_error(&d->log, "Failed to expand deliver_log_format=%s: "
			  "%s", task->set->deliver_log_format, err.text);
		told = true;
	}
	return line;
}

static void
log_result(const struct deliver_task *task, enum log_level level,
	   const char *result)
{
	struct delivery *d = task->d;
	const char *msgid = deliver_shorten(message_id(d->message), MSGID_MAX,
					    task->pool);

	if (msgid == NULL)
		msgid = "unspecified";
	/* The default needs no table. */
	if (strcmp(task->set->deliver_log_format, "msgid=%m: %$") == 0)
		log_write(&d->log, level, "msgid=%s: %s", msgid, result);
	else
		log_write(&d->log, level, "%s", expand(task, msgid, result));
}

void
deliver_log(const struct deliver_task *task, enum log_level level,
	    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_result(task, level, pool_vprintf(task->pool, fmt, ap));
	va_end(ap);
}

void
deliver_log_more(const struct delivery *d, enum log_level level,
		 const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_result(d->task, level, pool_vprintf(d->task->pool, fmt, ap));
	va_end(ap);
}
