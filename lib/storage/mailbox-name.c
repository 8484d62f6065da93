/*
 * Names of mailboxes; see mailbox-name.h.
 */
#include "storage/mailbox-name.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "storage/location.h"
#include "storage/storage.h"

/* The code point at *p, which moves on; -1 when it isn't UTF-8. */
static int32_t
utf8_next(const char **p)
{
	const unsigned char *s = (const unsigned char *)*p;
	static const int32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	int more = *s < 0x80 ? 0 : (*s & 0xe0) == 0xc0 ? 1 :
		(*s & 0xf0) == 0xe0 ? 2 : (*s & 0xf8) == 0xf0 ? 3 : -1;
	int32_t c;

	if (more < 0)
		return -1;
	c = more == 0 ? *s : *s & (0x3f >> more);
	for (int i = 1; i <= more; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return -1;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return -1;
	*p += more + 1;
	return c;
}

bool
utf8_valid(const char *text)
{
	while (*text != '\0') {
		if (utf8_next(&text) < 0)
			return false;
	}
	return true;
}

/* Base64 with ',' for '/', no padding, fed with 16 bits at a time. */
struct base64 {
	struct str *out;
	uint32_t bits;
	int count;	/* of bits that wait */
	bool open;	/* an '&' was written */
};

static void
base64_out(struct base64 *b, uint32_t six)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789+,";

	str_append_c(b->out, digits[six & 63]);
}

static void
base64_put(struct base64 *b, uint32_t unit)
{
	if (!b->open)
		str_append_c(b->out, '&');
	b->open = true;
	b->bits = b->bits << 16 | unit;
	for (b->count += 16; b->count >= 6; b->count -= 6)
		base64_out(b, b->bits >> (b->count - 6));
	b->bits &= (1u << b->count) - 1;
}

static void
base64_end(struct base64 *b)
{
	if (!b->open)
		return;
	if (b->count > 0)
		base64_out(b, b->bits << (6 - b->count));
	str_append_c(b->out, '-');
	b->bits = 0;
	b->count = 0;
	b->open = false;
}

static void
mutf7_put(struct base64 *b, int32_t c)
{
	if (c >= 0x20 && c <= 0x7e) {
		base64_end(b);
		str_append_c(b->out, (char)c);
		if (c == '&')
			str_append_c(b->out, '-');
	} else if (c < 0x10000) {
		base64_put(b, (uint32_t)c);
	} else {
		c -= 0x10000;
		base64_put(b, 0xd800u + (uint32_t)(c >> 10));
		base64_put(b, 0xdc00u + (uint32_t)(c & 0x3ff));
	}
}

const char *
mutf7_encode(const char *utf8, struct pool *pool)
{
	struct str out = STR_INIT;
	struct base64 b = { .out = &out };
	const char *result;

	while (*utf8 != '\0') {
		int32_t c = utf8_next(&utf8);

		if (c < 0)
			break;	/* the caller checked */
		mutf7_put(&b, c);
	}
	base64_end(&b);
	result = pool_strdup(pool, str_c(&out));
	str_free(&out);
	return result;
}

/* --- and back --- */

static int
base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == ',' ? 63 : -1;
}

static void
utf8_append(struct str *out, uint32_t c)
{
	if (c < 0x80) {
		str_append_c(out, (char)c);
		return;
	}
	if (c < 0x800) {
		str_append_c(out, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			str_append_c(out, (char)(0xe0 | c >> 12));
		} else {
			str_append_c(out, (char)(0xf0 | c >> 18));
			str_append_c(out, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		str_append_c(out, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	str_append_c(out, (char)(0x80 | (c & 0x3f)));
}

/* What stands between '&' and '-'; returns what follows. */
static const char *
decode_shift(const char *p, struct str *out)
{
	uint32_t bits = 0, high = 0;
	int count = 0, digit;

	for (; (digit = base64_digit(*p)) >= 0; p++) {
		uint32_t unit;

		bits = (bits << 6 | (uint32_t)digit) & 0x3fffff;
		count += 6;
		if (count < 16)
			continue;
		count -= 16;
		unit = bits >> count & 0xffff;
		if (unit >= 0xd800 && unit < 0xdc00) {
			high = unit;
			continue;
		}
		if (unit >= 0xdc00 && unit < 0xe000) {
			unit = 0x10000 + ((high & 0x3ff) << 10) +
				(unit & 0x3ff);
		}
		utf8_append(out, unit);
	}
	return p;
}

char *
mutf7_decode(const char *disk, struct pool *pool)
{
	struct str out = STR_INIT;
	const char *p = disk;
	char *result;

	while (*p != '\0') {
		if (*p != '&') {
			str_append_c(&out, *p++);
		} else if (p[1] == '-') {
			str_append_c(&out, '&');
			p += 2;
		} else {
			p = decode_shift(p + 1, &out);
			p += *p == '-';
		}
	}
	result = pool_strdup(pool, str_c(&out));
	str_free(&out);
	/* Only what would be written like that was meant like that. */
	if (!utf8_valid(result) ||
	    strcmp(mutf7_encode(result, pool), disk) != 0)
		return pool_strdup(pool, disk);
	return result;
}

char
layout_separator(const struct location *loc)
{
	return loc->layout == LAYOUT_FS ? '/' : '.';
}

static int
invalid(struct err *err, const char *why)
{
	return err_set(err, ERR_NOTFOUND, "Invalid mailbox name: %s", why);
}

static bool
has_control_chars(const char *name)
{
	for (; *name != '\0'; name++) {
		if ((unsigned char)*name < 0x20 || *name == 0x7f)
			return true;
		/* C1 controls in UTF-8 */
		if ((unsigned char)*name == 0xc2 &&
		    ((unsigned char)name[1] & 0xe0) == 0x80)
			return true;
	}
	return false;
}

/* What holds for every layout; sep is the layout's. */
static int
check_levels(const char *disk, char sep, struct err *err)
{
	size_t len = strlen(disk);

	if (len == 0)
		return invalid(err, "Name is empty");
	if (*disk == '~')
		return invalid(err, "Begins with '~'");
	if (*disk == sep)
		return invalid(err, "Begins with hierarchy separator");
	if (strstr(disk, (const char[]){ sep, sep, '\0' }) != NULL)
		return invalid(err, "Has adjacent hierarchy separators");
	if (disk[len - 1] == sep)
		return invalid(err, "Ends with hierarchy separator");
	return 0;
}

static int
check_maildirpp(const char *disk, struct err *err)
{
	if (strchr(disk, '/') != NULL)
		return invalid(err, "Name must not have '/' characters");
	if (strlen(disk) + 1 > NAME_MAX) {
		return err_set(err, ERR_NOTFOUND, "%s",
			       "Mailbox name too long");
	}
	return 0;
}

/* Names that mean something else on disk. */
static bool
is_reserved(const char *part, size_t len, const struct location *loc)
{
	static const char *const maildir[] = { "cur", "new", "tmp", "" };
	static const char *const files[] = { ".imap", "" };
	bool in_files = loc->format != NULL && loc->format->in_files;
	const char *const *names = in_files ? files : maildir;

	for (; **names != '\0'; names++) {
		if (strlen(*names) == len && memcmp(part, *names, len) == 0)
			return true;
	}
	if (*loc->dir_name != '\0' && strlen(loc->dir_name) == len &&
	    memcmp(part, loc->dir_name, len) == 0)
		return true;
	if (!in_files)
		return false;
	return (len > 5 && memcmp(part + len - 5, ".lock", 5) == 0) ||
		(strlen(loc->subscriptions) == len &&
		 memcmp(part, loc->subscriptions, len) == 0);
}

/* One level of LAYOUT=fs: the name of a directory or file. */
static int
check_fs_part(const char *part, size_t len, const struct location *loc,
	      struct err *err)
{
	if (len == 1 && *part == '.')
		return invalid(err, "Contains '.' part");
	if (len == 2 && memcmp(part, "..", 2) == 0)
		return invalid(err, "Contains '..' part");
	if (is_reserved(part, len, loc))
		return invalid(err, "Contains reserved name");
	if (len > NAME_MAX) {
		return err_set(err, ERR_NOTFOUND, "%s",
			       "Mailbox name too long");
	}
	return 0;
}

static int
check_fs(const char *disk, const struct location *loc, struct err *err)
{
	for (;;) {
		size_t len = strcspn(disk, "/");

		if (check_fs_part(disk, len, loc, err) < 0)
			return -1;
		if (disk[len] == '\0')
			return 0;
		disk += len + 1;
	}
}

/* Replace the namespace's separator by the layout's. */
static int
change_separator(char *name, char from, char to, struct err *err)
{
	if (from == to)
		return 0;
	for (; *name != '\0'; name++) {
		if (*name == to) {
			return err_set(err, ERR_NOTFOUND, "Character not "
				       "allowed in mailbox name: '%c'", to);
		}
		if (*name == from)
			*name = to;
	}
	return 0;
}

int
mailbox_name_to_disk(const char *name, char sep, const struct location *loc,
		     struct pool *pool, const char **disk_r, struct err *err)
{
	char *copy = pool_strdup(pool, name);
	const char *disk = copy;
	char disk_sep = layout_separator(loc);

	if (!utf8_valid(name))
		return invalid(err, "Name is not valid UTF-8");
	if (has_control_chars(name)) {
		return err_set(err, ERR_NOTFOUND, "Control characters not "
			       "allowed in new mailbox names");
	}
	if (change_separator(copy, sep, disk_sep, err) < 0)
		return -1;
	if (!loc->utf8)
		disk = mutf7_encode(copy, pool);
	if (check_levels(disk, disk_sep, err) < 0)
		return -1;
	if ((loc->layout == LAYOUT_FS ? check_fs(disk, loc, err) :
	     check_maildirpp(disk, err)) < 0)
		return -1;
	if (strlen(loc->root) + strlen(disk) + 128 > PATH_MAX) {
		return err_set(err, ERR_NOTFOUND, "%s",
			       "Mailbox name too long");
	}
	*disk_r = disk;
	return 0;
}

const char *
mailbox_dir_path(const struct location *loc, const char *disk,
		 struct pool *pool)
{
	bool fs = loc->layout == LAYOUT_FS;

	if (!fs)
		return pool_printf(pool, "%s/.%s", loc->root, disk);
	return pool_printf(pool, "%s%s%s/%s%s%s", loc->root,
			   *loc->mailbox_dir != '\0' ? "/" : "",
			   loc->mailbox_dir, disk,
			   *loc->dir_name != '\0' ? "/" : "", loc->dir_name);
}
