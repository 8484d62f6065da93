/*
 * Dovecot's configuration text, statement by statement: settings, quotes,
 * sections, !include. Names are checked here and braces counted; what is in
 * order goes on to grammar.c in libconfuse's form. An error is told and
 * reading goes on.
 */
#include "conf/load.h"

#include <errno.h>
#include <glob.h>
#include <string.h>

#include "conf/conf-private.h"
#include "conf/conf.h"
#include "conf/names.h"
#include "conf/old.h"
#include "conf/reader.h"
#include "conf/settings.h"
#include "core/pool.h"

#define reader_error(reader, ...) \
	load_error((reader)->load, (reader)->file, (reader)->start, __VA_ARGS__)
#define reader_warning(reader, ...) \
	load_warning((reader)->load, (reader)->file, (reader)->start, \
		     __VA_ARGS__)

static char *
skip_blanks(char *p)
{
	return p + strspn(p, reader_blanks);
}

/* Take the quotes off in place where the whole text is quoted; a backslash
   makes the next character plain. */
static bool
unquote(char *text)
{
	size_t len = strlen(text);
	char *to = text;

	if (len < 2 || (text[0] != '"' && text[0] != '\'') ||
	    text[len - 1] != text[0])
		return false;
	text[len - 1] = '\0';
	for (const char *p = text + 1; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		*to++ = *p;
	}
	*to = '\0';
	return true;
}

static struct load_line
line_here(const struct reader *reader)
{
	return (struct load_line){
		.file = reader->file, .line = reader->start,
	};
}

static void
unknown_setting(struct reader *reader, const char *key)
{
	const struct section_kind *kind = reader->section->kind;
	struct str hint = STR_INIT;

	if (reader->load->errors.count < LOAD_NOTES_MAX)
		names_hint(kind, key, &hint);
	if (kind->path[0] != '\0')
		reader_error(reader, "unknown setting '%s' in %s%s", key,
			     kind->path, str_c(&hint));
	else
		reader_error(reader, "unknown setting '%s'%s", key,
			     str_c(&hint));
	str_free(&hint);
}

static void
read_setting(struct reader *reader, const char *key, char *value)
{
	struct load_section *section = reader->section;
	struct load_line from = line_here(reader);
	const struct setting_def *def;

	if (value[0] == '<') {
		char *path = skip_blanks(value + 1);

		memmove(value + 1, path, strlen(path) + 1);
		from.quoted = true;
	} else {
		from.quoted = unquote(value);
	}
	if (old_setting(reader, key, value, &from))
		return;
	if (strchr(key, '/') != NULL) {
		def = section->path[0] == '\0' ? setting_by_path(key) : NULL;
	} else {
		def = section_setting(section->kind, key, NULL);
	}
	if (def == NULL)
		unknown_setting(reader, key);
	else if (strchr(key, '/') != NULL || def->name[0] == '\0')
		grammar_free_key(reader->load, key, value, &from);
	else
		grammar_setting(reader->load, section, def, value, &from);
}

/* What can't be used was told; its content would only cause noise. */
static void
skip_section(struct reader *reader)
{
	reader->skip = 1;
	reader->skip_line = reader->start;
}

static bool
filter_kind_of(const char *word, enum conf_filter_kind *kind_r)
{
	for (int i = FILTER_PROTOCOL; i <= FILTER_LOCAL_NAME; i++) {
		if (strcmp(conf_filter_word((enum conf_filter_kind)i),
			   word) == 0) {
			*kind_r = (enum conf_filter_kind)i;
			return true;
		}
	}
	return false;
}

static bool
open_filter(struct reader *reader, struct load_section *section,
	    const char *word, const char *title)
{
	const struct conf_filter *outer = reader->section->filter;
	struct str why = STR_INIT;
	enum conf_filter_kind kind;
	bool ok;

	if (!filter_kind_of(word, &kind))
		return false;
	for (const struct conf_filter *f = outer; f != NULL; f = f->parent) {
		if (f->kind == FILTER_PROTOCOL && kind == FILTER_PROTOCOL) {
			reader_error(reader, "invalid: a protocol block inside "
				     "of a protocol block");
			return false;
		}
	}
	if (title[0] == '\0')
		str_printf(&why, "missing name after '%s'", word);
	else
		section->filter = conf_filter_get(reader->load->conf, outer,
						  kind, title, &why);
	ok = section->filter != outer && section->filter != NULL;
	if (!ok)
		reader_error(reader, "%s", str_c(&why));
	str_free(&why);
	section->kind = reader->section->kind;
	return ok;
}

/* Of two passdbs with one name, one is a mistake. */
static bool
is_listed(const struct conf *conf, const struct conf_filter *filter,
	  const char *above, const char *title)
{
	size_t len = strlen(above);

	for (size_t i = 0; i < conf->count; i++) {
		const struct conf_entry *entry = conf->entries[i];

		if (entry->filter == filter &&
		    strncmp(entry->path, above, len) == 0 &&
		    str_ends(entry->path, "/name") &&
		    strcmp(entry->value, title) == 0)
			return true;
	}
	return false;
}

/* The path of what stands in a new section, and a mark that it is there. */
static void
name_section(struct reader *reader, struct load_section *section,
	     const char *word, const char *title)
{
	struct conf *conf = reader->load->conf;
	const char *above = reader->section->path;
	const char *slash = above[0] != '\0' ? "/" : "";
	enum section_shape shape = section->kind->shape;
	const char *name = title;

	section->filter = reader->section->filter;
	section->path = pool_printf(conf->pool, "%s%s%s", above, slash, word);
	if (shape == SHAPE_FREE)
		return;
	if (shape == SHAPE_LISTED && title[0] != '\0' &&
	    is_listed(conf, section->filter, section->path, title))
		reader_error(reader, "invalid: there is a %s '%s' already",
			     word, title);
	if (shape == SHAPE_LISTED ||
	    (shape == SHAPE_COUNTED && title[0] == '\0'))
		name = pool_printf(conf->pool, "%u", reader->load->counted++);
	section->path = pool_printf(conf->pool, "%s/%s", section->path,
				    conf_escape_name(name, conf->pool));
	(void)conf_add(conf, section->filter,
		       pool_printf(conf->pool, "%s/", section->path), "",
		       reader->file, reader->start);
	if (shape == SHAPE_LISTED && title[0] != '\0')
		(void)conf_add(conf, section->filter,
			       pool_printf(conf->pool, "%s/name",
					   section->path),
			       pool_strdup(conf->pool, title), reader->file,
			       reader->start);
}

static bool
section_fits(struct reader *reader, const struct section_kind *kind,
	     const char *word, const char *title)
{
	if (kind == NULL) {
		struct str hint = STR_INIT;

		if (reader->load->errors.count < LOAD_NOTES_MAX)
			names_hint(reader->section->kind, word, &hint);
		reader_error(reader, "unknown section '%s'%s", word,
			     str_c(&hint));
		str_free(&hint);
		return false;
	}
	if (reader->section->depth >= LOAD_SECTION_DEPTH) {
		reader_error(reader, "invalid: sections are nested more than "
			     "%u deep", (unsigned)LOAD_SECTION_DEPTH);
		return false;
	}
	if (kind->shape == SHAPE_NAMED && title[0] == '\0') {
		reader_error(reader, "missing name after '%s'", word);
		return false;
	}
	return true;
}

static void
open_section(struct reader *reader, const char *word, const char *title)
{
	const struct section_kind *kind =
		section_kind_child(reader->section->kind, word);
	struct load_line from = line_here(reader);
	struct load_section *section;

	if (!section_fits(reader, kind, word, title)) {
		skip_section(reader);
		return;
	}
	section = grammar_section(reader->load, reader->section, kind);
	section->file = reader->file;
	section->line = reader->start;
	section->opening = pool_printf(reader->load->conf->pool,
				       title[0] != '\0' ? "%s %s {" : "%s%s {",
				       word, title);
	section->filter = reader->section->filter;
	if (kind->shape != SHAPE_FILTER) {
		name_section(reader, section, word, title);
	} else if (!open_filter(reader, section, word, title)) {
		skip_section(reader);
		return;
	}
	grammar_open(reader->load, section, &from);
	reader->section = section;
}

static void
close_section(struct reader *reader, const char *rest)
{
	struct load_line from = line_here(reader);

	if (*rest != '\0')
		reader_error(reader, "invalid text after '}': %s", rest);
	if (reader->section == reader->outer) {
		reader_error(reader, "invalid '}': no section is open here");
		return;
	}
	grammar_close(reader->load, &from);
	reader->section = reader->section->parent;
}

/* `word {` or `word title {`; p points behind the word. */
static void
read_section(struct reader *reader, const char *word, char *p)
{
	char *title = p, *brace;

	if (*p == '"' || *p == '\'') {
		char quote = *p++;

		while (*p != '\0' && *p != quote) {
			if (*p == '\\' && p[1] != '\0')
				p++;
			p++;
		}
		brace = *p != '\0' ? skip_blanks(p + 1) : p;
		if (*p != '\0')
			p++;
	} else {
		if (*p != '{')
			p += strcspn(p, reader_blanks);
		brace = skip_blanks(p);
	}
	if (*brace != '{') {
		reader_error(reader, "missing '=' or '{' after '%s'", word);
		if (strchr(brace, '{') != NULL && strchr(brace, '}') == NULL)
			skip_section(reader);
		return;
	}
	if (*skip_blanks(brace + 1) != '\0') {
		reader_error(reader, "invalid text after '{': what is inside "
			     "of a section begins on the next line");
		/* `name { a = b }` closes itself */
		if (strchr(brace, '}') != NULL)
			return;
	}
	if (brace == title) {
		open_section(reader, word, "");
		return;
	}
	*p = '\0';
	(void)unquote(title);
	open_section(reader, word, title);
}

/* Inside of an unknown section only braces count. */
static void
skip_statement(struct reader *reader)
{
	const char *s = str_c(&reader->statement);
	size_t len = reader->statement.len;

	if (s[0] == '}')
		reader->skip--;
	else if (s[len - 1] == '{' && strchr(s, '=') == NULL)
		reader->skip++;
}

static int
no_glob_error(const char *path, int error)
{
	(void)path;
	(void)error;
	return 0;	/* what can't be read is told when nothing matches */
}

static void
include(struct reader *reader, const char *pattern, bool must)
{
	struct pool *pool = reader->load->conf->pool;
	const char *slash = strrchr(reader->file, '/');
	glob_t found;

	if (pattern[0] == '\0') {
		reader_error(reader, "missing file name after !include");
		return;
	}
	if (pattern[0] != '/' && slash != NULL)
		pattern = pool_printf(pool, "%.*s/%s",
				      (int)(slash - reader->file),
				      reader->file, pattern);
	switch (glob(pattern, GLOB_BRACE, no_glob_error, &found)) {
	case 0:
		for (size_t i = 0; i < found.gl_pathc; i++)
			reader_file(reader->load, reader, reader->section,
				    found.gl_pathv[i], must);
		globfree(&found);
		break;
	case GLOB_NOMATCH:
		if (must)
			reader_error(reader, "missing file: nothing matches "
				     "!include %s", pattern);
		break;
	default:
		reader_error(reader, "invalid: can't list !include %s: %s",
			     pattern, strerror(errno));
		break;
	}
}

void
syntax_statement(struct reader *reader)
{
	char *s = reader->statement.data;
	char *key = s, *end, *p;

	if (reader->skip > 0) {
		skip_statement(reader);
		return;
	}
	if (*s == '}') {
		close_section(reader, skip_blanks(s + 1));
		return;
	}
	if (*s == '{') {
		reader_error(reader, "invalid '{': it belongs on the line of "
			     "its section's name");
		skip_section(reader);
		return;
	}
	end = s + strcspn(s, " \t\r\f\v=");
	p = skip_blanks(end);
	if (*s == '!' && *p != '=') {
		*end = '\0';
		if (strcmp(s, "!include") == 0)
			include(reader, p, true);
		else if (strcmp(s, "!include_try") == 0)
			include(reader, p, false);
		else
			reader_error(reader, "unknown directive '%s'", s);
	} else if (end == s) {
		reader_error(reader, "missing name before '='");
	} else if (*p == '=') {
		*end = '\0';
		read_setting(reader, key, skip_blanks(p + 1));
	} else {
		if (*p != '\0')
			*end = '\0';
		read_section(reader, key, p);
	}
}

void
syntax_end(struct reader *reader)
{
	struct load_line from = line_here(reader);

	if (reader->skip > 0)
		load_error(reader->load, reader->file, reader->skip_line,
			   "missing '}' for the section that begins here");
	for (; reader->section != reader->outer;
	     reader->section = reader->section->parent) {
		load_error(reader->load, reader->file, reader->section->line,
			   "missing '}' for '%s' that begins here",
			   reader->section->opening);
		grammar_close(reader->load, &from);
	}
}

void
syntax_read(struct load *load, const char *file)
{
	const struct section_kind *root = section_kind_find("");
	struct load_section *section = grammar_section(load, NULL, root);

	reader_file(load, NULL, section, file, true);
}
