/*
 * loftctl error: what stands behind the id in brackets that ends a temporary
 * failure's reply. It searches the log files that the configuration names (or
 * where syslog usually writes), the ones before the last rotation, too.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/scope.h"
#include "core/err.h"
#include "core/pool.h"
#include "ctl/commands.h"
#include "ctl/loftctl.h"
#include "service/log-settings.h"

enum { ID_MAX = 64, FILES_MAX = 16 };

struct search {
	char id[ID_MAX + 3];	/* with its brackets */
	const char *files[FILES_MAX];
	unsigned file_count, found;
	bool looked;		/* at least at one file */
};

static void
add_file(struct search *search, const char *path, struct pool *pool)
{
	if (*path != '/' || search->file_count + 2 > FILES_MAX)
		return;
	for (unsigned i = 0; i < search->file_count; i++) {
		if (strcmp(search->files[i], path) == 0)
			return;
	}
	search->files[search->file_count++] = pool_printf(pool, "%s.1", path);
	search->files[search->file_count++] = path;
}

static void
add_files(struct search *search, const struct log_settings *set,
	  struct pool *pool)
{
	static const char *const syslog_files[] = {
		"/var/log/mail.log", "/var/log/maillog", "/var/log/syslog",
		"/var/log/messages",
	};

	add_file(search, set->log_path, pool);
	add_file(search, set->info_log_path, pool);
	if (search->file_count > 0)
		return;
	for (size_t i = 0; i < 4; i++)
		add_file(search, syslog_files[i], pool);
}

/* What an operator does about such a line; NULL: nothing better than it. */
static const char *
hint(const char *line)
{
	static const struct { const char *words, *hint; } hints[] = {
		{ "missing +", "the user named behind euid= lacks that right "
		  "on the path named there" },
		{ "Permission denied", "compare the owner and mode of the path "
		  "with the user's uid and gid (loftctl user NAME)" },
		{ "No space left", "the file system is full (df, df -i)" },
		{ "Disk quota exceeded", "the file system's quota of this user "
		  "is used up" },
		{ "Read-only file system", "the file system is mounted "
		  "read-only, perhaps after errors (dmesg)" },
		{ "Input/output error", "the disk fails (dmesg)" },
		{ "first_valid_uid", "the userdb gives an id that "
		  "first_valid_uid or last_valid_uid refuses" },
		{ "Failed to lookup user", "the auth process, or the database "
		  "behind it, did not answer: loftctl service status, "
		  "loftctl user NAME" },
		{ "lmtp_user_concurrency_limit", "more deliveries to this user "
		  "at a time than that setting allows; the MTA tries again" },
		{ "lmtp_max_recipients", "more recipients in one transaction "
		  "than that setting allows; MTAs send the rest in another" },
		{ "authentication failure", "the auth process did not answer: "
		  "loftctl service status" },
		{ "mail_temp_dir", "look at the directory mail_temp_dir" },
	};

	for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++) {
		if (strstr(line, hints[i].words) != NULL)
			return hints[i].hint;
	}
	return NULL;
}

static void
search_file(struct search *search, const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (f == NULL) {
		if (errno != ENOENT)
			(void)ctl_fail(0, "%s: %s", path, strerror(errno));
		return;
	}
	search->looked = true;
	while ((len = getline(&line, &size, f)) > 0) {
		const char *text;

		if (strstr(line, search->id) == NULL)
			continue;
		search->found++;
		line[strcspn(line, "\n")] = '\0';
		text = hint(line);
		printf("%s\n", line);
		if (text != NULL)
			printf("  hint: %s\n", text);
	}
	free(line);
	(void)fclose(f);
}

static int
find(const char *id, const struct log_settings *set, struct pool *pool)
{
	struct search search = { .file_count = 0 };

	(void)snprintf(search.id, sizeof(search.id), "[%s]", id);
	add_files(&search, set, pool);
	for (unsigned i = 0; i < search.file_count; i++)
		search_file(&search, search.files[i]);
	if (search.found > 0)
		return CTL_OK;
	return ctl_fail(CTL_NOUSER, search.looked ?
			"%s is in no log file" :
			"%s: no log file could be read (loftctl log find)",
			id);
}

/* With brackets or without. */
static const char *
plain_id(char *id)
{
	size_t len = strlen(id);

	if (len > 2 && id[0] == '[' && id[len - 1] == ']') {
		id[len - 1] = '\0';
		id++;
	}
	return id;
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	const struct conf *conf;
	const struct log_settings *set;
	struct pool *pool;
	struct err err;
	int status;

	if (argc != 2 || *argv[1] == '\0' || strlen(argv[1]) > ID_MAX)
		return ctl_usage(&cmd_error);
	conf = ctl_conf(ctl);
	if (conf == NULL)
		return CTL_CONFIG;
	pool = pool_new();
	set = settings_get(conf, &scope_global, "", &log_settings_info, NULL,
			   pool, &err);
	status = set != NULL ? find(plain_id(argv[1]), set, pool) :
		ctl_fail(CTL_CONFIG, "%s", err.text);
	pool_free(&pool);
	return status;
}

const struct ctl_command cmd_error = {
	"error", "ID",
	"Show what the log says about the id at the end of a 4xx reply.", run
};
