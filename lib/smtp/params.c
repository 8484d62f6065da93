/*
 * ESMTP parameters; see params.h.
 */
#include "smtp/params.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "smtp/utf8.h"

static bool
is_keyword_char(char c, bool first)
{
	return isalnum((unsigned char)c) || (c == '-' && !first);
}

const char *
smtp_param_parse(char *word, struct smtp_param *param)
{
	char *p = word;

	if (*p == '\0')
		return "Parameter is empty";
	for (; *p != '\0' && *p != '='; p++) {
		if (!is_keyword_char(*p, p == word))
			break;
		*p = (char)toupper((unsigned char)*p);
	}
	if (p == word || (*p != '\0' && *p != '='))
		return "Unexpected character in parameter keyword";
	param->name = word;
	param->value = NULL;
	if (*p == '\0')
		return NULL;
	*p++ = '\0';
	param->value = p;
	for (; *p != '\0'; p++) {
		if (*p == '=' || (unsigned char)*p <= ' ' || *p == 0x7f)
			return "Unexpected character in parameter value";
	}
	return NULL;
}

static int
check_twice(const struct smtp_param *params, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(params[i].name, params[count].name) == 0)
			return err_set(err, ERR_PROTO, "Duplicate %s= "
				       "parameter", params[i].name);
	}
	return 0;
}

int
smtp_params_parse(const char *text, const char *command, struct pool *pool,
		  struct smtp_param **params_r, struct err *err)
{
	enum { PARAMS_MAX = 32 };	/* no command has as many */
	struct smtp_param *params =
		pool_new_array(pool, struct smtp_param, PARAMS_MAX + 1);
	const char *fault;
	size_t count = 0;
	char *rest;

	*params_r = params;
	if (*text == '\0')
		return 0;
	rest = pool_strdup(pool, text + 1);
	while (rest != NULL) {
		if (count == PARAMS_MAX)
			return err_set(err, ERR_PROTO, "Invalid %s parameter: "
				       "Too many parameters", command);
		fault = smtp_param_parse(strsep(&rest, " "), &params[count]);
		if (fault != NULL)
			return err_set(err, ERR_PROTO, "Invalid %s parameter: "
				       "%s", command, fault);
		if (check_twice(params, count, err) < 0)
			return -1;
		count++;
	}
	return 0;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;	/* RFC 3461 knows upper case only */
}

char *
smtp_xtext_decode(const char *text, struct pool *pool)
{
	char *out = pool_alloc(pool, strlen(text) + 1), *q = out;

	for (const char *p = text; *p != '\0'; p++) {
		int high, low;

		if (*p != '+') {
			*q++ = *p;
			continue;
		}
		high = hex_digit(p[1]);
		low = high < 0 ? -1 : hex_digit(p[2]);
		if (low < 0)
			return NULL;
		*q++ = (char)(high << 4 | low);
		p += 2;
	}
	*q = '\0';
	return out;
}

char *
smtp_xtext_encode(const char *text, struct pool *pool)
{
	char *out = pool_alloc(pool, strlen(text) * 3 + 1), *q = out;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p > ' ' && *p < 127 && *p != '+' && *p != '=')
			*q++ = *p;
		else
			q += sprintf(q, "+%02X", (unsigned)(unsigned char)*p);
	}
	*q = '\0';
	return out;
}

static bool
is_printable(const char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	}
	return true;
}

/* "+00" ends a C string early, so decoding would hide it. */
static bool
has_nul(const char *xtext)
{
	return strstr(xtext, "+00") != NULL;
}

int
smtp_orcpt_parse(const char *value, struct pool *pool,
		 struct smtp_orcpt *orcpt_r, struct err *err)
{
	const char *p = value;
	char *addr;

	while (*p != '\0' && *p != ';' &&
	       (isalnum((unsigned char)*p) || *p == '-'))
		p++;
	if (*p != ';' || p == value)
		return err_set(err, ERR_PROTO,
			       "Invalid addr-type for ORCPT= parameter");
	if (p[1] == '\0')
		return err_set(err, ERR_PROTO, "Invalid ORCPT= parameter: "
			       "Empty address value");
	addr = smtp_xtext_decode(p + 1, pool);
	if (addr == NULL)
		return err_set(err, ERR_PROTO, "Invalid ORCPT= parameter: "
			       "Invalid hexchar after '+' in xtext");
	if (has_nul(p + 1) || !is_printable(addr) || !smtp_utf8_valid(addr))
		return err_set(err, ERR_PROTO, "Invalid ORCPT= address value: "
			       "Contains non-printable characters");
	orcpt_r->type = pool_strndup(pool, value, (size_t)(p - value));
	orcpt_r->addr = addr;
	return 0;
}

enum { ENVID_MAX = 100 };	/* RFC 3461 section 4.4 */

const char *
smtp_envid_parse(const char *value, struct pool *pool)
{
	const char *text;

	if (*value == '\0' || strlen(value) > ENVID_MAX ||
	    smtp_has_8bit(value))
		return NULL;
	text = smtp_xtext_decode(value, pool);
	if (text == NULL || has_nul(value) || smtp_has_8bit(text) ||
	    !is_printable(text))
		return NULL;
	return text;
}

static unsigned
notify_word(const char *word, size_t len)
{
	static const struct { const char *name; unsigned flag; } words[] = {
		{ "NEVER", SMTP_NOTIFY_NEVER },
		{ "SUCCESS", SMTP_NOTIFY_SUCCESS },
		{ "FAILURE", SMTP_NOTIFY_FAILURE },
		{ "DELAY", SMTP_NOTIFY_DELAY },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strlen(words[i].name) == len &&
		    strncasecmp(words[i].name, word, len) == 0)
			return words[i].flag;
	}
	return 0;
}

unsigned
smtp_notify_parse(const char *value)
{
	unsigned flags = 0, flag;
	size_t len;

	for (;; value += len + 1) {
		len = strcspn(value, ",");
		flag = notify_word(value, len);
		if (flag == 0)
			return 0;
		flags |= flag;
		if (value[len] == '\0')
			break;
	}
	/* NEVER stands alone (RFC 3461 section 4.1). */
	return (flags & SMTP_NOTIFY_NEVER) != 0 && flags != SMTP_NOTIFY_NEVER ?
		0 : flags;
}
