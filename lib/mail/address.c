/*
 * Addresses in header fields; see address.h. One pass over the value cuts
 * out one member of the list: words gather until it is known what they were,
 * a display name (a '<' follows), a group (a ':' follows) or the address
 * itself.
 */
#include "mail/address.h"

#include <string.h>

#include "core/pool.h"
#include "core/str.h"

struct parser {
	const char *p;
	struct str local, domain;
	bool in_domain;
	bool in_angle;		/* between '<' and '>' */
	bool after_angle;	/* the address is complete */
	bool blank;		/* blanks since the last word */
};

/* Past a comment, which may hold others. */
static const char *
skip_comment(const char *p)
{
	int depth = 0;

	for (; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '(')
			depth++;
		else if (*p == ')' && --depth == 0)
			return p + 1;
	}
	return p;
}

static struct str *
parser_word(struct parser *ps)
{
	struct str *word = ps->in_domain ? &ps->domain : &ps->local;

	/* Words side by side are a display name: keep them apart. */
	if (ps->blank && !ps->in_domain && word->len > 0 && !ps->in_angle &&
	    word->data[word->len - 1] != '.' && *ps->p != '.')
		str_append_c(word, ' ');
	ps->blank = false;
	return word;
}

static void
parse_quoted(struct parser *ps)
{
	struct str *word = parser_word(ps);

	for (ps->p++; *ps->p != '\0' && *ps->p != '"'; ps->p++) {
		if (*ps->p == '\\' && ps->p[1] != '\0')
			ps->p++;
		if (!ps->after_angle)
			str_append_c(word, *ps->p);
	}
	if (*ps->p == '"')
		ps->p++;
}

static void
parse_char(struct parser *ps)
{
	struct str *word = parser_word(ps);

	if (!ps->after_angle)
		str_append_c(word, *ps->p);
	ps->p++;
}

static void
parser_restart(struct parser *ps)
{
	str_reset(&ps->local);
	str_reset(&ps->domain);
	ps->in_domain = ps->blank = false;
}

/* A character with a meaning of its own; false for all others. */
static bool
parse_special(struct parser *ps)
{
	switch (*ps->p) {
	case '<':
		parser_restart(ps);	/* that was a display name */
		ps->in_angle = true;
		ps->after_angle = false;
		break;
	case '>':
		ps->after_angle = ps->in_angle;
		ps->in_angle = false;
		break;
	case '@':
		/* A source route, "<@a,@b:local@domain>", begins so. */
		if (!ps->after_angle)
			ps->in_domain = true;
		break;
	case ':':
		if (ps->in_domain && !ps->in_angle)
			return false;
		parser_restart(ps);	/* a group's name, or a route */
		break;
	default:
		return false;
	}
	ps->p++;
	return true;
}

static bool
parser_at_end(const struct parser *ps)
{
	if (*ps->p == '\0' || *ps->p == ';')
		return true;
	/* The comma of a source route separates nothing. */
	return *ps->p == ',' && !(ps->in_angle && ps->local.len == 0);
}

static void
parse_member(struct parser *ps)
{
	while (!parser_at_end(ps)) {
		if (*ps->p == '(') {
			ps->p = skip_comment(ps->p);
			ps->blank = true;
		} else if (*ps->p == '"') {
			parse_quoted(ps);
		} else if (strchr(" \t\r\n", *ps->p) != NULL) {
			ps->blank = true;
			ps->p++;
		} else if (!parse_special(ps)) {
			parse_char(ps);
		}
	}
	if (*ps->p != '\0')
		ps->p++;
}

bool
address_next(const char **p, struct pool *pool, struct address *addr_r)
{
	struct parser ps = { .p = *p };
	bool found;

	do {
		parser_restart(&ps);
		ps.in_angle = ps.after_angle = false;
		parse_member(&ps);
		found = ps.local.len > 0 || ps.domain.len > 0;
	} while (!found && *ps.p != '\0');
	if (found) {
		addr_r->local = pool_memdup(pool, str_c(&ps.local),
					    ps.local.len);
		addr_r->domain = pool_memdup(pool, str_c(&ps.domain),
					     ps.domain.len);
	}
	str_free(&ps.local);
	str_free(&ps.domain);
	*p = ps.p;
	return found;
}

const char *
address_first(const char *value, struct pool *pool)
{
	struct address addr;

	while (address_next(&value, pool, &addr)) {
		if (*addr.local != '\0' && *addr.domain != '\0') {
			return pool_printf(pool, "%s@%s", addr.local,
					   addr.domain);
		}
	}
	return NULL;
}
