/*
 * Has this message been here before? A user who forwards to himself, or two
 * hosts each of which takes the other for the better one, would pass a message
 * on for ever. Each round leaves a Delivered-To and a few Received fields
 * behind, so that many of them tell. (A transaction with several recipients
 * gets no Delivered-To, and of such a loop only Received tells.)
 */
#include <string.h>
#include <strings.h>

#include "deliver/deliver-private.h"
#include "deliver/deliver-settings.h"
#include "mail/message.h"

static unsigned
count_received(struct message *msg)
{
	unsigned count = 0, at = 0;

	while (message_header_next(msg, "Received", &at, NULL))
		count++;
	return count;
}

static unsigned
count_delivered_to(struct message *msg, const struct delivery *d)
{
	const char *orig = d->orig_rcpt != NULL ? d->orig_rcpt : d->rcpt;
	unsigned count = 0, at = 0;
	const char *value;

	while (message_header_next(msg, "Delivered-To", &at, &value)) {
		if (strcasecmp(value, d->rcpt) == 0 ||
		    strcasecmp(value, orig) == 0)
			count++;
	}
	return count;
}

int
deliver_check_loop(struct deliver_task *task)
{
	const struct deliver_settings *set = task->set;
	struct delivery *d = task->d;

	if (set->deliver_max_received > 0 &&
	    count_received(d->message) > set->deliver_max_received)
		return err_set(&d->err, ERR_LOOP, "Mail loop: more than %u "
			       "Received fields", set->deliver_max_received);
	if (set->deliver_max_delivered_to > 0 &&
	    count_delivered_to(d->message, d) > set->deliver_max_delivered_to)
		return err_set(&d->err, ERR_LOOP, "Mail loop: more than %u "
			       "Delivered-To fields with this recipient",
			       set->deliver_max_delivered_to);
	return 0;
}
