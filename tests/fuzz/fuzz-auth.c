/*
 * Lines to the auth process: the first octet says whom it is taken for
 * (auth-userdb, auth-master or auth-client), the rest is what it sends, in
 * pieces of changing size.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/auth.h"
#include "auth/conn.h"
#include "conf/conf.h"
#include "core/err.h"
#include "core/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct conf *conf;
static struct auth *auth;

static void
no_log(enum log_level level, const char *line, size_t len)
{
	(void)level;
	(void)line;
	(void)len;
}

static void
clean(void)
{
	auth_deinit(&auth);
	conf_free(&conf);
}

static void
start(void)
{
	static const char text[] =
		"auth_mechanisms = plain login\n"
		"auth_debug = yes\n"
		"auth_cache_size = 10k\n"
		"passdb {\n  driver = static\n"
		"  args = password=secret x=%u userdb_y=%d\n}\n"
		"userdb {\n  driver = static\n"
		"  args = uid=1000 gid=1000 home=/srv/%d/%1.3n/%Hu\n}\n";
	char path[] = "/tmp/loft-fuzz.XXXXXX";
	struct str errors = STR_INIT, warnings = STR_INIT;
	int fd = mkstemp(path);
	struct err err;

	ASSERT(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	(void)close(fd);
	ASSERT(conf_load(path, &conf, &errors, &warnings) == 0);
	(void)unlink(path);
	str_free(&errors);
	str_free(&warnings);
	ASSERT(auth_init(conf, &auth, &err) == 0);
	log_process.debug = true;
	log_set_sink(no_log);
	(void)atexit(clean);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conn conn = { .any_user = true };
	size_t piece = 1;

	if (auth == NULL)
		start();
	if (size == 0)
		return 0;
	conn.any_user = (*data & 8) == 0;
	conn_init(&conn, auth, (enum conn_kind)(*data % 3));
	data++;
	size--;
	while (size > 0) {
		size_t n = piece < size ? piece : size;

		if (conn_feed(&conn, (const char *)data, n) < 0)
			break;
		str_reset(&conn.out);	/* the client reads */
		data += n;
		size -= n;
		piece = piece * 2 % 4093;
	}
	conn_deinit(&conn);
	return 0;
}
