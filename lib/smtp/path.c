/*
 * Paths; see path.h. A parser is a struct with the place reached and where
 * to put the complaint; each function takes what is its own.
 */
#include "smtp/path.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "mail/address.h"
#include "smtp/utf8.h"

struct parser {
	const char *p;
	struct err *err;
	bool utf8;
};

static int
fail(struct parser *ps, const char *text)
{
	return err_set(ps->err, ERR_PROTO, "%s", text);
}

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		(c >= 'a' && c <= 'z');
}

static bool
is_atext(char c)
{
	return is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* Take one octet that `is` likes, or one UTF-8 character. */
static bool
take(struct parser *ps, bool (*is)(char c))
{
	size_t n;

	if (is(*ps->p)) {
		ps->p++;
		return true;
	}
	n = smtp_utf8_len(ps->p);
	if (n < 2)
		return false;
	ps->utf8 = true;
	ps->p += n;
	return true;
}

static bool
is_domain_char(char c)
{
	return is_alnum(c) || c == '-' || c == '_';
}

static int
parse_domain_name(struct parser *ps)
{
	if (!take(ps, is_domain_char))
		return fail(ps, "Invalid domain");
	for (;;) {
		while (take(ps, is_domain_char))
			;
		if (*ps->p != '.')
			return 0;
		ps->p++;
		if (*ps->p == '.')
			return fail(ps, "Empty sub-domain");
		if (!take(ps, is_domain_char))
			return fail(ps, "Invalid character in domain");
	}
}

/* Is text[0..len) an address of that family? */
static bool
is_ip(int family, const char *text, size_t len)
{
	char buf[INET6_ADDRSTRLEN];
	unsigned char addr[sizeof(struct in6_addr)];

	if (len >= sizeof(buf))
		return false;
	memcpy(buf, text, len);
	buf[len] = '\0';
	return inet_pton(family, buf, addr) == 1;
}

static bool
is_dcontent(char c)
{
	return c >= 33 && c < 127 && c != '[' && c != ']' && c != '\\' &&
		c != '>' && c != '<';
}

/* "[1.2.3.4]", "[IPv6:…]" or "[tag:…]", RFC 5321 section 4.1.3. */
static int
parse_literal(struct parser *ps)
{
	const char *begin = ++ps->p, *tag_end;
	size_t len;

	while (is_dcontent(*ps->p))
		ps->p++;
	len = (size_t)(ps->p - begin);
	if (*ps->p != ']' || len == 0)
		return fail(ps, "Invalid address literal");
	ps->p++;
	if (begin[0] >= '0' && begin[0] <= '9')
		return is_ip(AF_INET, begin, len) ? 0 :
			fail(ps, "Invalid IPv4 address literal");
	if (len > 5 && strncasecmp(begin, "IPv6:", 5) == 0)
		return is_ip(AF_INET6, begin + 5, len - 5) ? 0 :
			fail(ps, "Invalid IPv6 address literal");
	tag_end = memchr(begin, ':', len);
	if (tag_end == NULL || tag_end == begin || tag_end == ps->p - 2)
		return fail(ps, "Invalid address literal");
	return 0;
}

static int
parse_domain(struct parser *ps)
{
	if (*ps->p == '[')
		return parse_literal(ps);
	return parse_domain_name(ps);
}

/* "@a,@b:", which RFC 5321 wants dropped. */
static int
parse_source_route(struct parser *ps)
{
	while (*ps->p == '@') {
		ps->p++;
		if (*ps->p == '[' || parse_domain_name(ps) < 0)
			return fail(ps, "Missing domain after '@' in source "
				    "route");
		if (*ps->p != ',')
			break;
		ps->p++;
		if (*ps->p != '@')
			return fail(ps, "Missing '@' after ',' in source "
				    "route");
	}
	if (*ps->p != ':')
		return fail(ps, "Missing ':' at end of source route");
	ps->p++;
	if (*ps->p == '>')
		return fail(ps, "Path only consists of source route");
	return 0;
}

static bool
is_qtext(char c)
{
	return c >= ' ' && c < 127 && c != '"' && c != '\\';
}

static int
parse_quoted(struct parser *ps, struct str *local)
{
	for (ps->p++; *ps->p != '"'; ) {
		const char *begin;

		if (*ps->p == '\\')
			ps->p++;
		begin = ps->p;
		if (*begin == '\0')
			return fail(ps, "Premature end of quoted string");
		if (*begin == '"' || *begin == '\\')
			ps->p++;
		else if (!take(ps, is_qtext))
			return fail(ps, "Invalid character in quoted string");
		str_append_n(local, begin, (size_t)(ps->p - begin));
	}
	ps->p++;
	return 0;
}

static bool
is_localpart_char(char c)
{
	return is_atext(c) || c == '.';
}

static int
parse_localpart(struct parser *ps, struct str *local)
{
	const char *begin = ps->p;

	if (*ps->p == '"')
		return parse_quoted(ps, local);
	while (take(ps, is_localpart_char))
		;
	if (ps->p == begin)
		return fail(ps, "Invalid character in localpart");
	str_append_n(local, begin, (size_t)(ps->p - begin));
	return 0;
}

/* Dot-string? Otherwise it has to be quoted. */
static bool
is_dot_string(const char *s)
{
	struct parser ps = { s, NULL, false };

	for (;;) {
		if (!take(&ps, is_atext))
			return false;
		while (take(&ps, is_atext))
			;
		if (*ps.p == '\0')
			return true;
		if (*ps.p++ != '.')
			return false;
	}
}

const char *
smtp_path_text(const char *localpart, const char *domain, struct pool *pool)
{
	const char *at = domain != NULL ? "@" : "";
	struct str s = STR_INIT;
	const char *text;

	if (domain == NULL)
		domain = "";
	if (is_dot_string(localpart))
		return pool_printf(pool, "%s%s%s", localpart, at, domain);
	for (const char *p = localpart; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			str_append_c(&s, '\\');
		str_append_c(&s, *p);
	}
	text = pool_printf(pool, "\"%s\"%s%s", str_c(&s), at, domain);
	str_free(&s);
	return text;
}

/* Local part and domain, without what may stand around them. */
static int
parse_mailbox(struct parser *ps, unsigned flags, struct pool *pool,
	      struct str *local, struct smtp_path *path)
{
	const char *domain;

	if (parse_localpart(ps, local) < 0)
		return -1;
	path->localpart = pool_strdup(pool, str_c(local));
	path->domain = NULL;
	if (*ps->p == '@') {
		domain = ++ps->p;
		if (*domain == '>' || *domain == '\0')
			return fail(ps, "Missing domain after '@'");
		if (parse_domain(ps) < 0)
			return -1;
		path->domain = pool_strndup(pool, domain,
					    (size_t)(ps->p - domain));
	} else if (*ps->p == ' ' && (flags & SMTP_PATH_IGNORE_BROKEN) != 0) {
		return fail(ps, "Invalid character in localpart");
	}
	return 0;
}

/* Behind '<'. */
static int
parse_bracketed(struct parser *ps, unsigned flags, struct pool *pool,
		struct str *local, struct smtp_path *path)
{
	if (*ps->p == '>' && (flags & SMTP_PATH_EMPTY) != 0) {
		ps->p++;
		*path = (struct smtp_path){ "", NULL, "", false };
		return 0;
	}
	if (*ps->p == '>')
		return fail(ps, "Null path not allowed");
	if (*ps->p == '@' && parse_source_route(ps) < 0)
		return -1;
	/* A route's domains are dropped; only the mailbox's UTF-8 counts. */
	ps->utf8 = false;
	if (parse_mailbox(ps, flags, pool, local, path) < 0)
		return -1;
	if (*ps->p == '\0' && path->domain == NULL &&
	    (flags & SMTP_PATH_IGNORE_BROKEN) != 0)
		return fail(ps, "Missing domain");
	if (*ps->p != '>')
		return fail(ps, "Missing '>' at end of path");
	ps->p++;
	return 0;
}

/* Behind the quoted string that begins at p; NULL where none ends. */
static const char *
quoted_end(const char *p)
{
	for (p++; *p != '"'; p++) {
		if (*p == '\\')
			p++;
		if (*p == '\0')
			return NULL;
	}
	return p + 1;
}

static bool
has_controls(const char *p, const char *end)
{
	for (; p < end; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return true;
	}
	return false;
}

/* Where does something in brackets end that couldn't be parsed? NULL when
   blanks or a missing bracket leave that open. */
static const char *
broken_end(const char *begin)
{
	const char *p = *begin == '"' ? quoted_end(begin) : begin;

	if (p == NULL)
		return NULL;
	for (; *p != '>'; p++) {
		if (*p == ' ' || *p == '\0' || smtp_utf8_len(p) == 0)
			return NULL;
	}
	return has_controls(begin, p) ? NULL : p + 1;
}

static int
parse_begin(struct parser *ps, unsigned flags)
{
	if (*ps->p == '\0')
		return fail(ps, "Path is empty string");
	if (*ps->p == ' ' || *ps->p == '\t') {
		if ((flags & SMTP_PATH_SPACE) == 0)
			return fail(ps, "Unexpected whitespace before path");
		ps->p += strspn(ps->p, " \t");
	}
	if (*ps->p != '<' && (flags & SMTP_PATH_BARE) == 0)
		return fail(ps, "Missing '<' at beginning of path");
	return 0;
}

/* The same of something without brackets: a blank ends it. */
static const char *
broken_word_end(const char *begin)
{
	const char *end = begin + strcspn(begin, " ");

	return has_controls(begin, end) ? NULL : end;
}

static int
parse_path(struct parser *ps, unsigned flags, struct pool *pool,
	   struct str *local, struct smtp_path *path)
{
	const char *begin = ps->p, *end = NULL;
	bool bracketed = *begin == '<';
	int result;

	if (bracketed) {
		ps->p++;
		result = parse_bracketed(ps, flags, pool, local, path);
	} else {
		result = parse_mailbox(ps, flags, pool, local, path);
	}
	if (result == 0 && *ps->p != ' ' && *ps->p != '\0')
		result = fail(ps, "Invalid character in path");
	if (result == 0)
		return 0;
	if ((flags & SMTP_PATH_IGNORE_BROKEN) != 0)
		end = bracketed ? broken_end(begin + 1) :
			broken_word_end(begin);
	if (end == NULL)
		return -1;
	if (*end != ' ' && *end != '\0')
		return fail(ps, "Invalid character in path");
	ps->p = end;
	ps->utf8 = false;
	*path = (struct smtp_path){ "", NULL, "", false };
	return 0;
}

int
smtp_path_parse(const char **textp, unsigned flags, struct pool *pool,
		struct smtp_path *path_r, struct err *err)
{
	struct parser ps = { *textp, err, false };
	struct smtp_path path = { "", NULL, NULL, false };
	struct str local = STR_INIT;
	int result;

	if (parse_begin(&ps, flags) < 0)
		return -1;
	result = parse_path(&ps, flags, pool, &local, &path);
	str_free(&local);
	if (result < 0)
		return -1;
	path.utf8 = ps.utf8;
	if (path.text == NULL)
		path.text = smtp_path_text(path.localpart, path.domain, pool);
	*path_r = path;
	*textp = ps.p;
	return 0;
}

const char *
smtp_path_of_field(const char *value, struct pool *pool)
{
	struct address addr;

	while (address_next(&value, pool, &addr)) {
		if (*addr.local != '\0' && *addr.domain != '\0')
			return smtp_path_text(addr.local, addr.domain, pool);
	}
	return NULL;
}

bool
smtp_domain_valid(const char *domain)
{
	struct err err;
	struct parser ps = { domain, &err, false };

	return parse_domain(&ps) == 0 && *ps.p == '\0' && !ps.utf8;
}
