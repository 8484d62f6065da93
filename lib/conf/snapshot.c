/*
 * The snapshot's text and its way through a memfd; see snapshot.h. Lines:
 *
 *	loft-settings 1			what this is; always first
 *	file PATH			where it came from
 *	filter N PARENT KIND VALUE	a block; 0 is no block
 *	set N PATH=VALUE		an entry in block N
 *	over N PATH=VALUE		one that is above all blocks
 *
 * `\` begins an escape in all words: \n, \e for '=', \\. A line of another
 * kind comes from a newer program and is passed over.
 */
#include "conf/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf-private.h"
#include "conf/conf.h"
#include "conf/settings.h"
#include "conf/view.h"
#include "core/err.h"
#include "core/num.h"
#include "core/pool.h"
#include "core/str.h"
#include "core/write.h"

static const char header[] = "loft-settings 1\n";

enum { SNAPSHOT_MAX = 256 << 20 };

static void
append_escaped(struct str *s, const char *text, bool is_path)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			str_append(s, "\\n");
		else if (*text == '\\')
			str_append(s, "\\\\");
		else if (*text == '=' && is_path)
			str_append(s, "\\e");
		else
			str_append_c(s, *text);
	}
}

/* In place. */
static char *
unescape(char *text)
{
	char *to = text;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0') {
			p++;
			*to++ = *p == 'n' ? '\n' : *p == 'e' ? '=' : *p;
		} else {
			*to++ = *p;
		}
	}
	*to = '\0';
	return text;
}

static bool
is_kind(const char *path, const char *kind)
{
	size_t len = strcspn(path, "/");

	return strlen(kind) == len && memcmp(path, kind, len) == 0;
}

static bool
section_is_for(const char *path, const struct settings_info *const *modules)
{
	if (is_kind(path, "service"))
		return true;
	for (; *modules != NULL; modules++) {
		for (const struct settings_row *row = all_section_users;
		     row->info != NULL; row++) {
			if (row->info == *modules && is_kind(path, row->kind))
				return true;
		}
	}
	return false;
}

static bool
is_for(const struct conf_entry *entry,
       const struct settings_info *const *modules)
{
	if (modules == NULL)
		return true;
	if (strchr(entry->path, '/') != NULL)
		return section_is_for(entry->path, modules);
	for (; *modules != NULL; modules++) {
		if (settings_find(*modules, entry->path) != NULL)
			return true;
	}
	return false;
}

static unsigned
filter_number(const struct conf_filter *filter)
{
	return filter != NULL ? filter->number : 0;
}

static void
append_filters(const struct conf *conf, struct str *text)
{
	/* parents stand in front of their children */
	for (const struct conf_filter *f = conf->filters; f != NULL;
	     f = f->next) {
		str_printf(text, "filter %u %u %s ", f->number,
			   filter_number(f->parent),
			   conf_filter_word(f->kind));
		append_escaped(text, f->value, false);
		str_append_c(text, '\n');
	}
}

static int
append_entry(const struct conf *conf, const struct conf_entry *entry,
	     bool read_files, struct str *text, struct pool *pool,
	     struct err *err)
{
	const char *value = entry->value;

	if (str_begins(entry->path, "ssl_")) {
		if (read_files)
			value = conf_read_value(value, pool, err);
	} else if (!is_kind(entry->path, "plugin") &&
		   !view_is_unused(conf, entry)) {
		/* plugin has keys of Dovecot's plugins that aren't ours */
		value = conf_read_line(value, pool, err);
	}
	if (value == NULL)
		return err_prefix(err, "%s line %u: %s", entry->file,
				  entry->line, entry->path);
	str_printf(text, "%s %u ", entry->override ? "over" : "set",
		   filter_number(entry->filter));
	append_escaped(text, entry->path, true);
	str_append_c(text, '=');
	append_escaped(text, value, false);
	str_append_c(text, '\n');
	return 0;
}

static int
build(const struct conf *conf, const struct settings_info *const *modules,
      bool read_files, struct str *text, struct err *err)
{
	struct pool *pool = pool_new();
	int ret = 0;

	str_append(text, header);
	str_append(text, "file ");
	append_escaped(text, conf->file, false);
	str_append_c(text, '\n');
	append_filters(conf, text);
	for (size_t i = 0; i < conf->count && ret == 0; i++) {
		if (is_for(conf->entries[i], modules))
			ret = append_entry(conf, conf->entries[i], read_files,
					   text, pool, err);
	}
	pool_free(&pool);
	return ret;
}

static int
fill(int fd, const struct str *text, struct err *err)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE |
		F_SEAL_SEAL;

	if (write_all(fd, text->data, text->len) < 0)
		return err_sys(err, "write(settings)");
	if (lseek(fd, 0, SEEK_SET) != 0)
		return err_sys(err, "lseek(settings)");
	if (fcntl(fd, F_ADD_SEALS, seals) != 0)
		return err_sys(err, "fcntl(settings, F_ADD_SEALS)");
	return 0;
}

int
snapshot_write(const struct conf *conf,
	       const struct settings_info *const *modules, bool read_files,
	       struct err *err)
{
	struct str text = STR_INIT;
	int fd = -1;

	if (build(conf, modules, read_files, &text, err) == 0) {
		fd = memfd_create("loft-settings",
				  MFD_CLOEXEC | MFD_ALLOW_SEALING);
		if (fd < 0)
			(void)err_sys(err, "memfd_create(settings)");
	}
	if (fd >= 0 && fill(fd, &text, err) < 0) {
		(void)close(fd);	/* what failed is told already */
		fd = -1;
	}
	if (text.len > 0)	/* it may hold keys */
		explicit_bzero(text.data, text.len);
	str_free(&text);
	return fd;
}

/* The whole file from offset 0, wherever the shared offset stands. */
static int
slurp(int fd, struct str *text, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_sys(err, "fstat(settings)");
	if (!S_ISREG(st.st_mode) || st.st_size < 0 ||
	    st.st_size > SNAPSHOT_MAX)
		return err_set(err, ERR_CONFIG, "the settings snapshot is no "
			       "file of ours");
	while (text->len < (size_t)st.st_size) {
		size_t left = (size_t)st.st_size - text->len;
		ssize_t n = pread(fd, str_reserve(text, left), left,
				  (off_t)text->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_sys(err, "pread(settings)");
		text->len += (size_t)n;
	}
	if (text->data != NULL)
		text->data[text->len] = '\0';
	return 0;
}

/* Filters by their numbers; the list of the conf is in that order. */
static bool
filter_by_number(const struct conf *conf, uint32_t number,
		 const struct conf_filter **filter_r)
{
	const struct conf_filter *f = conf->filters;

	*filter_r = NULL;
	if (number == 0)
		return true;
	while (f != NULL && --number > 0)
		f = f->next;
	*filter_r = f;
	return f != NULL;
}

static bool
parse_filter(struct conf *conf, char *line)
{
	char *save, *number = strtok_r(line, " ", &save);
	char *parent = strtok_r(NULL, " ", &save);
	char *word = strtok_r(NULL, " ", &save);
	struct str why = STR_INIT;
	const struct conf_filter *filter = NULL;
	uint32_t n;

	if (number == NULL || parent == NULL || word == NULL ||
	    !num_u32(parent, &n) || !filter_by_number(conf, n, &filter))
		return false;
	for (int kind = FILTER_PROTOCOL; kind <= FILTER_LOCAL_NAME; kind++) {
		if (strcmp(conf_filter_word((enum conf_filter_kind)kind),
			   word) != 0)
			continue;
		filter = conf_filter_get(conf, filter,
					 (enum conf_filter_kind)kind,
					 unescape(save), &why);
		str_free(&why);
		return filter != NULL;
	}
	return false;
}

static bool
parse_entry(struct conf *conf, char *line, bool override)
{
	char *space = strchr(line, ' '), *eq;
	const struct conf_filter *filter;
	uint32_t n;

	if (space == NULL)
		return false;
	*space = '\0';
	eq = strchr(space + 1, '=');
	if (eq == NULL || !num_u32(line, &n) ||
	    !filter_by_number(conf, n, &filter))
		return false;
	*eq = '\0';
	conf_add(conf, filter, unescape(space + 1), unescape(eq + 1),
		 conf->file, 0)->override = override;
	return true;
}

static bool
parse_line(struct conf *conf, char *line)
{
	if (str_begins(line, "file ")) {
		conf->file = unescape(line + 5);
		return true;
	}
	if (str_begins(line, "filter "))
		return parse_filter(conf, line + 7);
	if (str_begins(line, "set "))
		return parse_entry(conf, line + 4, false);
	if (str_begins(line, "over "))
		return parse_entry(conf, line + 5, true);
	return true;
}

static int
parse(struct conf *conf, char *text, struct err *err)
{
	char *next;

	if (!str_begins(text, header))
		return err_set(err, ERR_CONFIG, "the settings snapshot has no "
			       "header");
	for (text += strlen(header); *text != '\0'; text = next) {
		next = text + strcspn(text, "\n");
		if (*next != '\0')
			*next++ = '\0';
		if (!parse_line(conf, text))
			return err_set(err, ERR_CONFIG, "the settings "
				       "snapshot is damaged");
	}
	return 0;
}

int
snapshot_read(int fd, struct conf **conf_r, struct err *err)
{
	struct str text = STR_INIT;
	struct conf *conf;

	if (slurp(fd, &text, err) < 0) {
		str_free(&text);
		return -1;
	}
	conf = conf_new("");
	conf->files_read = true;
	/* entries point into this copy */
	if (parse(conf, pool_memdup(conf->pool, str_c(&text), text.len),
		  err) < 0)
		conf_free(&conf);
	if (text.len > 0)
		explicit_bzero(text.data, text.len);
	str_free(&text);
	if (conf == NULL)
		return -1;
	conf_sort(conf);
	*conf_r = conf;
	return 0;
}
