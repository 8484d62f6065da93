/* Configurations in a test: text in, struct conf or complaints out. */
#ifndef LOFT_TESTS_CONF_TEXT_H
#define LOFT_TESTS_CONF_TEXT_H

#include "tests/unit/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/scope.h"
#include "core/str.h"

/* What the last text brought; the file's name is left out of the lines. */
static struct str text_errors, text_warnings;

/* Copy lines without the name they begin with. */
static inline void
text_strip(struct str *to, const char *lines, const char *name)
{
	size_t len = strlen(name);

	str_reset(to);
	while (*lines != '\0') {
		size_t line = strcspn(lines, "\n") + 1;

		if (strncmp(lines, name, len) == 0) {
			lines += len;
			line -= len;
			str_append_n(to, lines + 1, line - 1);
		} else {
			str_append_n(to, lines, line);
		}
		lines += line;
	}
}

/* The configuration, or NULL with lines in text_errors. */
static inline struct conf *
text_try_n(const char *text, size_t size)
{
	struct str errors = STR_INIT, warnings = STR_INIT;
	struct conf *conf = NULL;
	char path[64];
	int fd = memfd_create("conf", 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, size), (ssize_t)size);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (conf_load(path, &conf, &errors, &warnings) == 0)
		ck_assert_str_eq(str_c(&errors), "");
	else
		ck_assert_str_ne(str_c(&errors), "");
	text_strip(&text_errors, str_c(&errors), path);
	text_strip(&text_warnings, str_c(&warnings), path);
	str_free(&errors);
	str_free(&warnings);
	ck_assert_int_eq(close(fd), 0);
	return conf;
}

static inline struct conf *
text_try(const char *text)
{
	return text_try_n(text, strlen(text));
}

static inline struct conf *
text_load(const char *text)
{
	struct conf *conf = text_try(text);

	ck_assert_msg(conf != NULL, "%s\n%s", text, str_c(&text_errors));
	return conf;
}

static inline void
text_expect(const struct conf *conf, const struct scope *scope,
	    const char *path, const char *value)
{
	const char *got = conf_get(conf, scope, path);

	ck_assert_msg(str_eq(got, value), "%s: '%s' instead of '%s'", path,
		      got != NULL ? got : "(none)",
		      value != NULL ? value : "(none)");
}

static inline void
text_done(void)
{
	str_free(&text_errors);
	str_free(&text_warnings);
}

#endif
