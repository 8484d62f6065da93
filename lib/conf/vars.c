/*
 * %-variables; see vars.h. The forms are those of Dovecot 2.3:
 *
 *	%[offset.][width][modifiers]key
 *
 * where key is a letter or {name}, {name:argument}, {if;…} (vars-if.c) or a
 * hash such as {sha256;rounds=2:user} (vars-hash.c). Modifiers are applied
 * in the order in which they stand, then offset and width cut.
 */
#include "conf/vars.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/vars-private.h"
#include "core/err.h"
#include "core/num.h"
#include "core/pool.h"
#include "core/str.h"

enum { MODIFIERS_MAX = 10, DEPTH_MAX = 16 };

/* One variable as it is written. */
struct form {
	long offset, width;
	bool zero_padded;
	char modifiers[MODIFIERS_MAX + 1];
};

static const char *
case_mapped(const char *value, int (*map)(int), struct pool *pool)
{
	char *copy = pool_strdup(pool, value);

	for (char *p = copy; *p != '\0'; p++)
		*p = (char)map((unsigned char)*p);
	return copy;
}

static int
upper(int c)
{
	return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}

static int
lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static const char *
reversed(const char *value, struct pool *pool)
{
	size_t len = strlen(value);
	char *copy = pool_alloc(pool, len + 1);

	for (size_t i = 0; i < len; i++)
		copy[i] = value[len - 1 - i];
	return copy;
}

static const char *
trimmed(const char *value, struct pool *pool)
{
	size_t len = strlen(value);

	while (len > 0 && isspace((unsigned char)value[len - 1]))
		len--;
	return pool_strndup(pool, value, len);
}

/* `from` becomes `to`, or gets a backslash when to is NULL. */
static const char *
replaced(const char *value, const char *from, const char *to,
	 struct pool *pool)
{
	struct str s = STR_INIT;
	const char *result;

	for (; *value != '\0'; value++) {
		if (strchr(from, *value) == NULL) {
			str_append_c(&s, *value);
		} else if (to != NULL) {
			str_append(&s, to);
		} else {
			str_append_c(&s, '\\');
			str_append_c(&s, *value);
		}
	}
	result = pool_strdup(pool, str_c(&s));
	str_free(&s);
	return result;
}

static const char *
hexadecimal(const char *value, struct pool *pool)
{
	uint64_t n = 0;

	(void)num_u64(value, &n);	/* what is no number counts as 0 */
	return pool_printf(pool, "%llx", (unsigned long long)n);
}

/* Dovecot's hash for mail directories ("%256Hu"): the one of ELF symbol
   tables. */
static uint64_t
string_hash(const char *value)
{
	uint32_t h = 0;

	for (const unsigned char *p = (const unsigned char *)value;
	     *p != '\0'; p++) {
		uint32_t high;

		h = (h << 4) + *p;
		high = h & 0xf0000000u;
		h ^= high >> 24;
		h ^= high;
	}
	return h;
}

/* A number below width, as hexadecimal of at least offset digits: for hashes
   the cutting numbers mean something else. */
static const char *
bucket(uint64_t hash, struct form *form, struct pool *pool)
{
	int digits = form->offset > 0 && form->offset < 64 ?
		(int)form->offset : 1;

	if (form->width > 0)
		hash %= (uint64_t)form->width;
	form->offset = form->width = 0;
	return pool_printf(pool, "%0*x", digits, (unsigned)hash);
}

static int
modify(const char **value, char modifier, struct form *form,
       struct pool *pool, struct err *err)
{
	const char *digest;
	uint64_t hash = 0;

	switch (modifier) {
	case 'L':
		*value = case_mapped(*value, lower, pool);
		break;
	case 'U':
		*value = case_mapped(*value, upper, pool);
		break;
	case 'E':
		*value = replaced(*value, "\"'\\", NULL, pool);
		break;
	case 'X':
		*value = hexadecimal(*value, pool);
		break;
	case 'R':
		*value = reversed(*value, pool);
		break;
	case 'T':
		*value = trimmed(*value, pool);
		break;
	case 'D':
		*value = replaced(*value, ".", ",dc=", pool);
		break;
	case 'H':
		*value = bucket(string_hash(*value), form, pool);
		break;
	case 'M':
	case 'N':
		if (vars_hash("md5", *value, pool, &digest, err) < 0)
			return -1;
		if (modifier == 'M') {
			*value = digest;
			break;
		}
		hash = strtoull(pool_strndup(pool, digest, 16), NULL, 16);
		*value = bucket(hash, form, pool);
		break;
	}
	return 0;
}

static const char *
cut(const char *value, const struct form *form, struct pool *pool)
{
	size_t len = strlen(value);
	size_t width = (size_t)(form->width < 0 ? -form->width : form->width);
	size_t offset = (size_t)(form->offset < 0 ? -form->offset :
				 form->offset);

	if (form->offset < 0)
		value += len > offset ? len - offset : 0;
	else
		value += offset < len ? offset : len;
	len = strlen(value);
	if (form->width == 0)
		return value;
	if (form->zero_padded) {
		struct str s = STR_INIT;

		for (; width > len; width--)
			str_append_c(&s, '0');
		str_append(&s, value);
		value = pool_strdup(pool, str_c(&s));
		str_free(&s);
		return value;
	}
	if (form->width < 0)	/* leave so many out at the end */
		width = width < len ? len - width : 0;
	return pool_strndup(pool, value, width);
}

/* A number of at most four digits: nothing is longer. */
static const char *
take_number(const char *p, long *n_r, bool *zero_r)
{
	long sign = 1, n = 0;

	if (*p == '-') {
		sign = -1;
		p++;
	}
	*zero_r = *p == '0';
	for (; *p >= '0' && *p <= '9'; p++)
		n = n < 100000 ? n * 10 + (*p - '0') : n;
	*n_r = sign * n;
	return p;
}

static const char *
take_form(const char *p, struct form *form)
{
	size_t count = 0;

	memset(form, 0, sizeof(*form));
	if (*p == '-' || *p == '.' || (*p >= '0' && *p <= '9')) {
		p = take_number(p, &form->width, &form->zero_padded);
		if (*p == '.') {
			form->offset = form->width;
			p = take_number(p + 1, &form->width,
					&form->zero_padded);
		} else if (form->width < 0) {
			/* without an offset a sign says nothing */
			form->width = -form->width;
		}
	}
	while (*p != '\0' && strchr("LUEXRTDHMN", *p) != NULL &&
	       count < MODIFIERS_MAX)
		form->modifiers[count++] = *p++;
	return p;
}

static const struct vars_entry *
find_entry(const struct vars *vars, char key, const char *name)
{
	for (; vars != NULL; vars = vars->parent) {
		const struct vars_entry *entry = vars->entries;

		for (; entry != NULL &&
		     (entry->key != '\0' || entry->name != NULL); entry++) {
			if (name == NULL ? entry->key == key :
			    str_eq(entry->name, name))
				return entry;
		}
	}
	return NULL;
}

static const char *
find_by_func(const struct vars *vars, const char *name, const char *arg)
{
	for (; vars != NULL; vars = vars->parent) {
		const char *value = vars->func == NULL ? NULL :
			vars->func(name, arg, vars->func_ctx);

		if (value != NULL)
			return value;
	}
	return NULL;
}

static const char *
host_name(struct pool *pool)
{
	char name[HOST_NAME_MAX + 1];

	if (gethostname(name, sizeof(name)) != 0)
		return "localhost";
	name[HOST_NAME_MAX] = '\0';
	return pool_strdup(pool, name);
}

/* What {name} or {name:arg} stands for; NULL when nobody knows it. */
static const char *
named_value(const char *name, const struct vars *vars, struct pool *pool)
{
	const struct vars_entry *entry = find_entry(vars, '\0', name);
	const char *colon = strchr(name, ':');
	const char *word, *value;

	if (entry != NULL)
		return entry->value != NULL ? entry->value : "";
	if (strcmp(name, "hostname") == 0)
		return host_name(pool);
	if (strcmp(name, "pid") == 0)
		return pool_printf(pool, "%ld", (long)getpid());
	if (colon == NULL)
		return NULL;
	word = pool_strndup(pool, name, (size_t)(colon - name));
	if (strcmp(word, "env") == 0) {
		value = getenv(colon + 1);
		return value != NULL ? pool_strdup(pool, value) : "";
	}
	return find_by_func(vars, word, colon + 1);
}

static int
unsupported(const char *name, struct pool *pool, const char **value_r,
	    struct err *err)
{
	*value_r = pool_printf(pool, "UNSUPPORTED_VARIABLE_%s", name);
	return err_set(err, ERR_CONFIG, "unknown variable %%%s%s%s",
		       strlen(name) > 1 ? "{" : "", name,
		       strlen(name) > 1 ? "}" : "");
}

static int
long_value(const char *name, const struct vars_run *run, const char **value_r,
	   struct err *err)
{
	if (str_begins(name, "if;"))
		return vars_if(name + 3, run, value_r, err);
	if (vars_is_hash(name))
		return vars_hash_form(name, run, value_r, err);
	*value_r = named_value(name, run->vars, run->pool);
	return *value_r != NULL ? 0 :
		unsupported(name, run->pool, value_r, err);
}

static int
short_value(char key, const struct vars_run *run, const char **value_r,
	    struct err *err)
{
	const struct vars_entry *entry = find_entry(run->vars, key, NULL);
	const char name[2] = { key, '\0' };

	if (entry == NULL)
		return unsupported(name, run->pool, value_r, err);
	*value_r = entry->value != NULL ? entry->value : "";
	return 0;
}

/* The closing brace that belongs to the opening one in front of p. */
static const char *
closing_brace(const char *p)
{
	for (unsigned depth = 1; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '{')
			depth++;
		else if (*p == '}' && --depth == 0)
			return p;
	}
	return NULL;
}

/* One variable: p stands behind the '%'. Returns where the text goes on. */
static const char *
expand_one(const char *p, const struct vars_run *run, struct str *out,
	   int *ret, struct err *err)
{
	const char *value = "", *end;
	struct form form;

	p = take_form(p, &form);
	if (*p == '\0')
		return p;
	if (*p == '%') {
		value = "%";
	} else if (*p == '{') {
		end = closing_brace(p + 1);
		if (end == NULL) {
			*ret = err_set(err, ERR_CONFIG, "missing '}' in "
				       "%%{%s", p + 1);
			return p + strlen(p);
		}
		if (long_value(pool_strndup(run->pool, p + 1,
					    (size_t)(end - p - 1)),
			       run, &value, err) < 0)
			*ret = -1;
		p = end;
	} else if (short_value(*p, run, &value, err) < 0) {
		*ret = -1;
	}
	for (const char *m = form.modifiers; *m != '\0'; m++) {
		if (modify(&value, *m, &form, run->pool, err) < 0)
			*ret = -1;
	}
	str_append(out, cut(value, &form, run->pool));
	return p + 1;
}

int
vars_expand_run(const char *text, const struct vars_run *run,
		const char **result_r, struct err *err)
{
	struct str out = STR_INIT;
	const char *percent;
	int ret = 0;

	if (run->depth > DEPTH_MAX) {
		*result_r = "";
		return err_set(err, ERR_CONFIG, "variables are nested too "
			       "deeply");
	}
	while ((percent = strchr(text, '%')) != NULL) {
		str_append_n(&out, text, (size_t)(percent - text));
		text = expand_one(percent + 1, run, &out, &ret, err);
	}
	str_append(&out, text);
	*result_r = pool_memdup(run->pool, str_c(&out), out.len);
	str_free(&out);
	return ret;
}

int
vars_expand(const char *text, const struct vars *vars, struct pool *pool,
	    const char **result_r, struct err *err)
{
	const struct vars_run run = { .vars = vars, .pool = pool };

	return vars_expand_run(text, &run, result_r, err);
}

struct vars *
vars_user(const char *user, const char *home, struct pool *pool)
{
	const char *at = strchr(user, '@');
	const struct vars_entry table[] = {
		{ 'u', "user", pool_strdup(pool, user) },
		{ 'n', "username", pool_strndup(pool, user, at != NULL ?
						(size_t)(at - user) :
						strlen(user)) },
		{ 'd', "domain", pool_strdup(pool, at != NULL ? at + 1 : "") },
		{ 'h', "home", pool_strdup(pool, home) },
		{ '\0', NULL, NULL },
	};
	struct vars *vars = pool_new_obj(pool, struct vars);

	vars->entries = (void *)pool_memdup(pool, table, sizeof(table));
	return vars;
}
