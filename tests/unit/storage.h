/*
 * What the tests of storage share: a home, a configuration, messages.
 */
#ifndef LOFT_TESTS_UNIT_STORAGE_H
#define LOFT_TESTS_UNIT_STORAGE_H

#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/scope.h"
#include "conf/vars.h"
#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"
#include "io/spool.h"
#include "storage/storage.h"

static char home[64];
static struct pool *pool;
static struct conf *conf;
static struct save_batch *batch;
static struct err err;

static inline void
setup(const char *config)
{
	struct str errors = STR_INIT, warnings = STR_INIT;
	const char *path;
	FILE *f;

	(void)umask(0077);
	strcpy(home, "/tmp/loft-unit.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
	pool = pool_new();
	batch = save_batch_new();
	path = pool_printf(pool, "%s/conf", home);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(config, f);
	fclose(f);
	if (conf_load(path, &conf, &errors, &warnings) < 0)
		ck_abort_msg("%s", str_c(&errors));
	str_free(&errors);
	str_free(&warnings);
}

static inline void
teardown(void)
{
	char command[128];

	save_batch_free(&batch);
	conf_free(&conf);
	pool_free(&pool);
	snprintf(command, sizeof(command), "rm -rf %s", home);
	ck_assert_int_eq(system(command), 0);
}

static inline struct storage *
storage_of(const char *subdir)
{
	struct storage_settings *set = storage_settings_get(conf,
		&scope_global, NULL, pool, &err);
	const char *user_home = pool_printf(pool, "%s%s", home, subdir);
	struct storage *st;

	ck_assert_ptr_nonnull(set);
	if (storage_open(set, "alice", user_home,
			 vars_user("alice", user_home, pool), &log_process,
			 pool, &st, &err) < 0)
		ck_abort_msg("%s", err.text);
	return st;
}

static inline struct mailbox *
box_of(struct storage *st, const char *name)
{
	struct mailbox *box;

	if (storage_mailbox(st, name, &box, &err) < 0)
		ck_abort_msg("%s: %s", name, err.text);
	return box;
}

static inline struct spool *
spool_of(const void *data, size_t len)
{
	struct spool *sp = spool_new(home);

	ck_assert_int_eq(spool_write(sp, data, len, &err), 0);
	ck_assert_int_eq(spool_finish(sp, &err), 0);
	return sp;
}

/* Place a message and check that it worked. */
static inline struct save *
save(const struct mailbox *box, const struct spool *sp, const char *headers)
{
	struct save *s = pool_new_obj(pool, struct save);
	struct save_source source = { .spool = sp, .headers = headers };

	s->err = pool_new_obj(pool, struct err);
	s->uid = geteuid();
	s->gid = getegid();
	if (mailbox_save(batch, box, &source, s) < 0)
		ck_abort_msg("%s", s->err->text);
	return s;
}

static inline unsigned
count_files(const char *dir)
{
	DIR *d = opendir(pool_printf(pool, "%s%s", home, dir));
	unsigned count = 0;

	ck_assert_ptr_nonnull(d);
	for (struct dirent *e; (e = readdir(d)) != NULL; )
		count += *e->d_name != '.';
	closedir(d);
	return count;
}

static inline struct stat
stat_of(const char *path)
{
	struct stat st;

	if (*path != '/' || strncmp(path, home, strlen(home)) != 0)
		path = pool_printf(pool, "%s%s", home, path);
	ck_assert_msg(stat(path, &st) == 0, "%s", path);
	return st;
}

static inline void
check_file(const char *path, const char *want, size_t len)
{
	FILE *f = fopen(path, "r");
	char *got = pool_alloc(pool, len + 1);

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fread(got, 1, len + 1, f), len);
	ck_assert_mem_eq(got, want, len);
	fclose(f);
}

#endif
