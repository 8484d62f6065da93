/*
 * What the tests of auth share: a scratch directory, an auth made of a
 * configuration's text, and one connection without a socket.
 */
#ifndef LOFT_TESTS_UNIT_AUTH_H
#define LOFT_TESTS_UNIT_AUTH_H

#include "tests/unit/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/auth.h"
#include "auth/conn.h"
#include "conf/conf.h"
#include "core/err.h"
#include "core/str.h"

static char scratch[64];
static struct conf *test_conf;
static struct auth *test_auth;
static struct conn test_conn;
static struct err test_err;

/* scratch/NAME gets this text */
static inline void
put_file(const char *name, const char *text)
{
	char path[512];
	FILE *f;

	if (*scratch == '\0') {
		strcpy(scratch, "/tmp/loft-auth.XXXXXX");
		ck_assert_ptr_nonnull(mkdtemp(scratch));
	}
	snprintf(path, sizeof(path), "%s/%s", scratch, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static inline void
remove_file(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", scratch, name);
	(void)unlink(path);
}

static inline void
remove_scratch(void)
{
	DIR *dir = opendir(scratch);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (*entry->d_name != '.')
			remove_file(entry->d_name);
	if (dir != NULL)
		closedir(dir);
	(void)rmdir(scratch);
	*scratch = '\0';
}

/* @ in the text stands for the scratch directory. */
static inline int
try_auth(const char *text)
{
	struct str conf = STR_INIT, errors = STR_INIT, warnings = STR_INIT;
	char path[512];

	put_file("conf", "");
	for (; *text != '\0'; text++) {
		if (*text == '@')
			str_append(&conf, scratch);
		else
			str_append_c(&conf, *text);
	}
	put_file("conf", str_c(&conf));
	snprintf(path, sizeof(path), "%s/conf", scratch);
	ck_assert_msg(conf_load(path, &test_conf, &errors, &warnings) == 0,
		      "%s", str_c(&errors));
	str_free(&conf);
	str_free(&errors);
	str_free(&warnings);
	return auth_init(test_conf, &test_auth, &test_err);
}

static inline void
open_conn(enum conn_kind kind)
{
	conn_deinit(&test_conn);
	memset(&test_conn, 0, sizeof(test_conn));
	conn_init(&test_conn, test_auth, kind);
	test_conn.any_user = true;
	str_reset(&test_conn.out);
	if (kind != CONN_CLIENT)
		ck_assert_int_eq(conn_feed(&test_conn, "VERSION\t1\t1\n", 12),
				 0);
}

static inline void
start_auth(const char *text)
{
	ck_assert_msg(try_auth(text) == 0, "%s", test_err.text);
	open_conn(CONN_USERDB);
}

static inline void
stop_auth(void)
{
	conn_deinit(&test_conn);
	memset(&test_conn, 0, sizeof(test_conn));
	auth_deinit(&test_auth);
	conf_free(&test_conf);
	remove_scratch();
}

/* Lines in, what came out; valid until the next call. Tabs may be written
   as '|'. */
static inline const char *
ask(const char *lines)
{
	static struct str in, out;

	str_reset(&in);
	str_reset(&out);
	for (; *lines != '\0'; lines++)
		str_append_c(&in, *lines == '|' ? '\t' : *lines);
	str_reset(&test_conn.out);
	if (conn_feed(&test_conn, in.data, in.len) < 0)
		str_append(&test_conn.out, "CLOSED");
	for (const char *p = str_c(&test_conn.out); *p != '\0'; p++)
		str_append_c(&out, *p == '\t' ? '|' : *p);
	return str_c(&out);
}

#define USER(name) ask("USER|1|" name "|service=lmtp|lip=127.0.0.1" \
		       "|rip=127.0.0.2\n")
#define PASS(name) ask("PASS|1|" name "|service=lmtp\n")

#endif
