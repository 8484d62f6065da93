/*
 * Old names of settings; see old.h. Dovecot 2.3 translates them as it reads,
 * so that what was written for 2.2 or before still runs; the same is done
 * here. What belongs to other jobs (login processes, imap) goes to the
 * sections where it stands today, where nothing reads it.
 */
#include "conf/old.h"

#include <string.h>
#include <strings.h>

#include "conf/conf-private.h"
#include "conf/names.h"
#include "conf/reader.h"
#include "conf/settings.h"
#include "core/num.h"
#include "core/pool.h"

/* How a value is written today; NULL when it can't be told. */
typedef const char *old_value_fn(const char *value, struct pool *pool);

struct old_name {
	const char *kind;	/* the section it stands in */
	const char *name;
	const char *now[2];	/* the path today, or both; NULL: no longer */
	old_value_fn *value;	/* NULL: as it was */
};

static const char *
of_file(const char *value, struct pool *pool)
{
	return *value == '\0' ? value : pool_printf(pool, "<%s", value);
}

static const char *
megabytes(const char *value, struct pool *pool)
{
	return pool_printf(pool, "%s M", value);
}

static const char *
not_disabled(const char *value, struct pool *pool)
{
	(void)pool;
	return strcasecmp(value, "yes") == 0 ? "no" :
		strcasecmp(value, "no") == 0 ? "yes" : value;
}

static const char *
fsync_when(const char *value, struct pool *pool)
{
	(void)pool;
	return strcasecmp(value, "yes") == 0 ? "never" :
		strcasecmp(value, "no") == 0 ? "optimized" : value;
}

static const char *
service_count(const char *value, struct pool *pool)
{
	(void)pool;
	return strcmp(value, "no") == 0 ? "0" : "1";
}

static const char *
login_dir(const char *value, struct pool *pool)
{
	(void)pool;
	return strcmp(value, "no") == 0 ? "" : "login";
}

/* "!SSLv3 !TLSv1": the first that is left is the least one. */
static const char *
least_protocol(const char *value, struct pool *pool)
{
	static const char *const known[] = {
		"SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", NULL
	};
	unsigned wanted = 0, refused = 0, left;
	char *words = pool_strdup(pool, value), *save;

	for (char *word = strtok_r(words, ", ", &save); word != NULL;
	     word = strtok_r(NULL, ", ", &save)) {
		bool no = *word == '!';
		int i = 0;

		while (known[i] != NULL && strcmp(known[i], word + no) != 0)
			i++;
		if (known[i] == NULL)
			return NULL;
		*(no ? &refused : &wanted) |= 1u << i;
	}
	left = (wanted != 0 ? wanted : 15) & ~refused;
	return left == 0 ? NULL : known[__builtin_ctz(left)];
}

#define LOGIN(key) { "service/imap-login/" key, "service/pop3-login/" key }
#define MAIL(key) { "service/imap/" key, "service/pop3/" key }

static const struct old_name names[] = {
	{ "", "auth_chroot", { "service/auth/chroot" }, NULL },
	{ "", "auth_count", { NULL }, NULL },
	{ "", "auth_executable", { "service/auth/executable" }, NULL },
	{ "", "auth_process_size", { "service/auth/vsz_limit" }, megabytes },
	{ "", "auth_user", { "service/auth/user" }, NULL },
	{ "", "dbox_rotate_days", { NULL }, NULL },
	{ "", "dbox_rotate_min_size", { NULL }, NULL },
	{ "", "dbox_rotate_size", { "mdbox_rotate_size" }, NULL },
	{ "", "director_consistent_hashing", { NULL }, NULL },
	{ "", "doveadm_proxy_port", { "doveadm_port" }, NULL },
	{ "", "fsync_disable", { "mail_fsync" }, fsync_when },
	{ "", "license_checksum", { NULL }, NULL },
	{ "", "login_chroot", LOGIN("chroot"), login_dir },
	{ "", "login_dir", { NULL }, NULL },
	{ "", "login_executable", LOGIN("executable"), NULL },
	{ "", "login_max_connections", LOGIN("client_limit"), NULL },
	{ "", "login_max_processes_count", LOGIN("process_limit"), NULL },
	{ "", "login_process_per_connection", LOGIN("service_count"),
	  service_count },
	{ "", "login_process_size", LOGIN("vsz_limit"), megabytes },
	{ "", "login_processes_count", LOGIN("process_min_avail"), NULL },
	{ "", "login_user", LOGIN("user"), NULL },
	{ "", "mail_drop_priv_before_exec", MAIL("drop_priv_before_exec"),
	  NULL },
	{ "", "mail_executable", MAIL("executable"), NULL },
	{ "", "mail_log_max_lines_per_sec", { NULL }, NULL },
	{ "", "mail_process_size", MAIL("vsz_limit"), megabytes },
	{ "", "maildir_copy_preserve_filename", { NULL }, NULL },
	{ "", "max_mail_processes", MAIL("process_limit"), NULL },
	{ "", "sieve", { "plugin/sieve" }, NULL },
	{ "", "sieve_storage", { "plugin/sieve_storage" }, NULL },
	{ "", "ssl_ca_file", { "ssl_ca" }, of_file },
	{ "", "ssl_cert_file", { "ssl_cert" }, of_file },
	{ "", "ssl_dh_parameters_length", { NULL }, NULL },
	{ "", "ssl_disable", { "ssl" }, not_disabled },
	{ "", "ssl_key_file", { "ssl_key" }, of_file },
	{ "", "ssl_listen", { NULL }, NULL },
	{ "", "ssl_parameters_regenerate", { NULL }, NULL },
	{ "", "ssl_protocols", { "ssl_min_protocol" }, least_protocol },
	{ "namespace", "mail_location", { "location" }, NULL },
	{ NULL, NULL, { NULL }, NULL }
};

static const struct old_name *
find(const struct reader *reader, const char *key, struct pool *pool)
{
	static const char compress[] = "mail_cache_compress_";
	const char *kind = reader->section->kind->path;
	struct old_name *purge;

	for (const struct old_name *old = names; old->name != NULL; old++) {
		if (strcmp(old->name, key) == 0 && strcmp(old->kind, kind) == 0)
			return old;
	}
	if (kind[0] != '\0' || strncmp(key, compress, strlen(compress)) != 0)
		return NULL;
	purge = pool_new_obj(pool, struct old_name);
	purge->now[0] = pool_printf(pool, "mail_cache_purge_%s",
				    key + strlen(compress));
	return setting_by_path(purge->now[0]) != NULL ? purge : NULL;
}

/* Write it as if it had stood there under this name. */
static void
write_as(struct reader *reader, const char *name, const char *value,
	 const struct load_line *from)
{
	struct load_section *section = reader->section;
	const struct setting_def *def =
		section_setting(section->kind, name, NULL);

	if (strchr(name, '/') == NULL)
		grammar_setting(reader->load, section, def, value, from);
	else
		grammar_free_key(reader->load, name, value, from);
}

static bool
rename_it(struct reader *reader, const struct old_name *old, const char *key,
	  const char *value, const struct load_line *from)
{
	struct pool *pool = reader->load->conf->pool;
	const char *now = old->now[0];

	if (now != NULL && *value != '<' && old->value != NULL)
		value = old->value(value, pool);
	if (now == NULL || value == NULL)
		load_warning(reader->load, from->file, from->line,
			     "%s is obsolete and has no effect%s%s", key,
			     now != NULL ? ": set " : "",
			     now != NULL ? now : "");
	else
		load_warning(reader->load, from->file, from->line,
			     "%s is obsolete: it is %s today", key, now);
	for (int i = 0; i < 2 && value != NULL && old->now[i] != NULL; i++)
		write_as(reader, old->now[i], value, from);
	return true;
}

/* "imaps" is part of imap since 2.0, and managesieve is called sieve. */
static const char *
protocols_now(const char *value, struct pool *pool)
{
	static const char *const pairs[][2] = {
		{ "imaps", "imap" }, { "pop3s", "pop3" },
		{ "managesieve", "sieve" }
	};
	struct str words = STR_INIT;
	const char *result;
	bool changed = false;

	for (const char *p = value + strspn(value, " "); *p != '\0';
	     p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");
		const char *word = pool_strndup(pool, p, len);

		for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
			if (strcmp(word, pairs[i][0]) == 0) {
				word = pairs[i][1];
				changed = true;
			}
		}
		if (strstr(pool_printf(pool, " %s ", str_c(&words)),
			   pool_printf(pool, " %s ", word)) == NULL)
			str_printf(&words, "%s%s", words.len > 0 ? " " : "",
				   word);
		p += len;
	}
	result = changed ? pool_strdup(pool, str_c(&words)) : value;
	str_free(&words);
	return result;
}

/* The octets of "addr:port" before the port; all where there is none. */
static size_t
without_port(const char *word, size_t len)
{
	const char *colon = memrchr(word, ':', len);
	uint64_t port;

	if (colon == NULL || colon == word ||
	    !num_u64_n(colon + 1, len - (size_t)(colon + 1 - word), &port) ||
	    (word[0] != '[' && memchr(word, ':', (size_t)(colon - word))) ||
	    (word[0] == '[' && colon[-1] != ']'))
		return len;
	return (size_t)(colon - word);
}

/* Ports went to the inet_listeners of the services. */
static const char *
listen_now(const char *value, struct pool *pool)
{
	struct str words = STR_INIT;
	const char *result;

	for (const char *p = value; *p != '\0';) {
		size_t blanks = strspn(p, ", "), len;

		str_append_n(&words, p, blanks);
		p += blanks;
		len = strcspn(p, ", ");
		str_append_n(&words, p, without_port(p, len));
		p += len;
	}
	result = pool_strdup(pool, str_c(&words));
	str_free(&words);
	return result;
}

/* It counted megabytes once. */
static const char *
cache_size_now(const char *value, struct pool *pool)
{
	uint64_t n;

	return num_u64(value, &n) && n > 0 && n < 1024 ?
		pool_printf(pool, "%sM", value) : value;
}

bool
old_setting(struct reader *reader, const char *key, const char *value,
	    const struct load_line *from)
{
	static const struct old_name values[] = {
		{ "", "auth_cache_size", { NULL }, cache_size_now },
		{ "", "listen", { NULL }, listen_now },
		{ "", "protocols", { NULL }, protocols_now },
	};
	struct pool *pool = reader->load->conf->pool;
	const struct old_name *old = find(reader, key, pool);

	if (old != NULL)
		return rename_it(reader, old, key, value, from);
	if (reader->section->kind->path[0] != '\0' || *value == '<')
		return false;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		const char *now;

		if (strcmp(values[i].name, key) != 0)
			continue;
		now = values[i].value(value, pool);
		if (strcmp(now, value) == 0)
			break;
		load_warning(reader->load, from->file, from->line,
			     "%s = %s is an old form: taken as %s", key, value,
			     now);
		write_as(reader, key, now, from);
		return true;
	}
	return false;
}
