/*
 * A message and its header fields; see message.h. The first question makes
 * an index of the header: where each field begins and a hash of its name.
 * Nothing else is kept, so that a header of many megabytes costs no more
 * than FIELDS_MAX entries; a value is read from the spool when it is asked
 * for.
 */
#include "mail/message.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "core/err.h"
#include "core/pool.h"
#include "io/spool.h"
#include "mail/msgid.h"

enum {
	FIELDS_MAX = 10000,
	FIELDS_BLOCK = 64,
	NAME_MAX_OCTETS = 256,		/* longer names are nobody's */
	VALUE_MAX = 1024 * 1024,	/* a longer value is cut */
	CHUNK = 8192,
};

struct field {
	uint64_t offset;	/* of the octet behind the colon */
	uint64_t len;		/* up to the end of its last line */
	uint32_t hash;		/* of the name in lower case */
	const char *value;	/* once it was asked for */
	const char *name;
};

struct field_block {
	struct field_block *next;
	unsigned used;
	struct field fields[FIELDS_BLOCK];
};

struct message {
	struct spool *spool;
	struct pool *pool;
	bool indexed;
	unsigned field_count;
	struct field_block *first, *last;
};

/* Where the index is while it reads: octets come in chunks that may end
   anywhere. */
struct scan {
	struct message *msg;
	enum { AT_LINE, AT_CR, IN_NAME, IN_VALUE, IN_REST, AT_END } state;
	uint64_t offset;	/* of the next octet */
	struct field *field;	/* to which a folded line belongs, or NULL */
	char name[NAME_MAX_OCTETS];
	size_t name_len;	/* more than the array holds: too long */
};

struct message *
message_open(struct spool *spool, struct pool *pool)
{
	struct message *msg = pool_new_obj(pool, struct message);

	msg->spool = spool;
	msg->pool = pool;
	return msg;
}

struct spool *
message_spool(const struct message *msg)
{
	return msg->spool;
}

static uint32_t
name_hash(const char *name, size_t len)
{
	uint32_t hash = 2166136261u;	/* FNV-1a */

	for (size_t i = 0; i < len; i++) {
		hash ^= (uint32_t)tolower((unsigned char)name[i]);
		hash *= 16777619u;
	}
	return hash;
}

static struct field *
field_add(struct message *msg)
{
	struct field_block *b = msg->last;

	if (msg->field_count >= FIELDS_MAX)
		return NULL;
	if (b == NULL || b->used == FIELDS_BLOCK) {
		b = pool_new_obj(msg->pool, struct field_block);
		if (msg->last == NULL)
			msg->first = b;
		else
			msg->last->next = b;
		msg->last = b;
	}
	msg->field_count++;
	return &b->fields[b->used++];
}

/* A colon ended the name: a field begins, if the name can be one. */
static void
scan_name_end(struct scan *scan)
{
	size_t len = scan->name_len;

	scan->state = IN_REST;
	scan->field = NULL;
	if (len > sizeof(scan->name))
		return;
	while (len > 0 && (scan->name[len - 1] == ' ' ||
			   scan->name[len - 1] == '\t'))
		len--;
	scan->field = field_add(scan->msg);
	if (scan->field == NULL)
		return;
	scan->field->offset = scan->offset + 1;
	scan->field->hash = name_hash(scan->name, len);
	scan->field->name = pool_memdup(scan->msg->pool, scan->name, len);
	scan->state = IN_VALUE;
}

static void
scan_line_end(struct scan *scan)
{
	if (scan->state == IN_VALUE)
		scan->field->len = scan->offset - scan->field->offset;
	scan->state = AT_LINE;
}

/* The first octet of a line. */
static void
scan_line_begin(struct scan *scan, char c)
{
	if (c == '\n') {
		scan->state = AT_END;
	} else if (c == '\r') {
		scan->state = AT_CR;	/* of an empty line, perhaps */
	} else if (c == ' ' || c == '\t') {
		scan->state = scan->field != NULL ? IN_VALUE : IN_REST;
	} else {
		scan->state = IN_NAME;
		scan->name_len = 0;
	}
}

static void
scan_name(struct scan *scan, char c)
{
	if (c == ':') {
		scan_name_end(scan);
	} else if (c == '\n') {
		scan->field = NULL;	/* no field; go on, as readers do */
		scan_line_end(scan);
	} else {
		if (scan->name_len < sizeof(scan->name))
			scan->name[scan->name_len] = c;
		if (scan->name_len <= sizeof(scan->name))
			scan->name_len++;
	}
}

static void
scan_chunk(struct scan *scan, const char *p, size_t len)
{
	const char *end = p + len, *lf;

	while (p < end && scan->state != AT_END) {
		if (scan->state == AT_CR) {
			scan->state = *p == '\n' ? AT_END : IN_REST;
			continue;
		}
		if (scan->state == AT_LINE)
			scan_line_begin(scan, *p);
		if (scan->state == IN_NAME) {
			scan_name(scan, *p);
		} else if (scan->state == IN_VALUE ||
			   scan->state == IN_REST) {
			lf = memchr(p, '\n', (size_t)(end - p));
			scan->offset += (uint64_t)
				((lf != NULL ? lf : end) - p);
			if (lf == NULL)
				return;
			p = lf;
			scan_line_end(scan);
		}
		p++;
		scan->offset++;
	}
}

/* A read error ends the index early; whoever stores the message meets the
   error again and tells it. */
static void
index_from_file(struct scan *scan)
{
	char chunk[CHUNK];
	struct err err;
	uint64_t offset = 0;
	ssize_t n;

	while (scan->state != AT_END) {
		n = spool_read(scan->msg->spool, offset, chunk, sizeof(chunk),
			       &err);
		if (n <= 0)
			return;
		scan_chunk(scan, chunk, (size_t)n);
		offset += (uint64_t)n;
	}
}

static void
message_index(struct message *msg)
{
	struct scan scan = { .msg = msg, .state = AT_LINE };
	const char *memory = spool_memory(msg->spool);

	msg->indexed = true;
	if (memory != NULL)
		scan_chunk(&scan, memory, (size_t)spool_size(msg->spool));
	else
		index_from_file(&scan);
	/* The message ended inside a value. */
	if (scan.state == IN_VALUE)
		scan_line_end(&scan);
}

/* The next field of that name from number *at on, which moves behind it. */
static struct field *
field_find(struct message *msg, const char *name, unsigned *at)
{
	uint32_t hash = name_hash(name, strlen(name));
	struct field_block *b = msg->first;
	unsigned skip = *at;

	for (; b != NULL && skip >= b->used; b = b->next)
		skip -= b->used;
	for (; b != NULL; b = b->next, skip = 0) {
		for (; skip < b->used; skip++) {
			++*at;
			if (b->fields[skip].hash == hash &&
			    strcasecmp(b->fields[skip].name, name) == 0)
				return &b->fields[skip];
		}
	}
	return NULL;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Take line ends out of a folded value, in place; NULs become '?'. */
static char *
unfold(char *value, size_t len)
{
	size_t to = 0;

	for (size_t i = 0; i < len; i++) {
		if (value[i] == '\n')
			continue;
		if (value[i] == '\r' && i + 1 < len && value[i + 1] == '\n')
			continue;
		value[to++] = value[i] != '\0' ? value[i] : '?';
	}
	while (to > 0 && is_blank(value[to - 1]))
		to--;
	value[to] = '\0';
	while (is_blank(*value))
		value++;
	return value;
}

static const char *
field_read(struct message *msg, const struct field *field)
{
	size_t len = field->len < VALUE_MAX ? (size_t)field->len : VALUE_MAX;
	size_t have = 0;
	char *value = pool_alloc(msg->pool, len + 1);
	struct err err;

	while (have < len) {
		ssize_t n = spool_read(msg->spool, field->offset + have,
				       value + have, len - have, &err);

		if (n <= 0)
			break;	/* as in index_from_file() */
		have += (size_t)n;
	}
	return unfold(value, have);
}

bool
message_header_next(struct message *msg, const char *name, unsigned *at,
		    const char **value_r)
{
	struct field *field;

	if (!msg->indexed)
		message_index(msg);
	field = field_find(msg, name, at);
	if (field == NULL)
		return false;
	if (value_r == NULL)
		return true;
	if (field->value == NULL)
		field->value = field_read(msg, field);
	*value_r = field->value;
	return true;
}

const char *
message_header(struct message *msg, const char *name)
{
	const char *value = NULL;
	unsigned at = 0;

	(void)message_header_next(msg, name, &at, &value);	/* or NULL */
	return value;
}

bool
message_has_prefix(struct message *msg, const char *prefix)
{
	size_t len = strlen(prefix);

	if (!msg->indexed)
		message_index(msg);
	for (struct field_block *b = msg->first; b != NULL; b = b->next) {
		for (unsigned i = 0; i < b->used; i++) {
			if (strncasecmp(b->fields[i].name, prefix, len) == 0)
				return true;
		}
	}
	return false;
}

const char *
message_id(struct message *msg)
{
	const char *value = message_header(msg, "Message-ID");

	return value != NULL ? msgid_parse(value, msg->pool) : NULL;
}
