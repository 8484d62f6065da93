/*
 * Reading a configuration, the parts that work together: reader.c reads the
 * files, syntax.c takes Dovecot's text and writes libconfuse's, grammar.c lets libconfuse parse
 * that and records the entries, check.c looks at the whole, load.c
 * (conf_load) calls them and collects what they complain about. For conf/
 * alone.
 */
#ifndef LOFT_CONF_LOAD_H
#define LOFT_CONF_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "core/str.h"

struct conf;
struct conf_filter;
struct section_kind;
struct setting_def;

enum {
	LOAD_NOTES_MAX = 100,		/* told; all are counted */
	LOAD_FILE_MAX = 16 << 20,	/* octets of one file */
	LOAD_TOTAL_MAX = 64 << 20,	/* and of all */
	LOAD_STATEMENT_MAX = 256 << 10,	/* a line with its continuations */
	LOAD_INCLUDE_DEPTH = 32,
	LOAD_SECTION_DEPTH = 16,
};

/* What libconfuse may meet in one kind of place: the settings that were
   seen there. Only these become cfg_opt_t rows, so that the grammar costs
   what the text is long, not what Dovecot is large. */
struct grammar_node {
	const char *word;		/* "service"; NULL for the file */
	const struct section_kind *kind;
	struct grammar_node *children, *next;
	unsigned child_count;
	const struct setting_def **defs;
	unsigned def_count, def_size;
};

/* A section of the text, also a block that only filters. Its number is its
   title in libconfuse's text. */
struct load_section {
	struct load_section *parent;
	const struct section_kind *kind;
	const char *path;		/* "service/lmtp"; "" in filters */
	const struct conf_filter *filter;
	struct grammar_node *node;
	const char *opening;		/* "service lmtp {", for messages */
	const char *file;
	unsigned line;
	unsigned depth;
	bool refused;			/* one of its values was an error */
};

/* A line of libconfuse's text: whence it came. */
struct load_line {
	const char *file;
	unsigned line;
	bool quoted;			/* no $names in there */
};

/* What is wrong somewhere. */
struct load_note {
	const char *text;		/* the whole line */
	unsigned file;			/* in the order of reading */
	unsigned line;
};

struct load_notes {
	struct load_note *notes;
	unsigned count, size;		/* count goes on beyond the last */
};

struct load {
	struct conf *conf;
	struct load_notes errors, warnings;
	unsigned file_count;
	struct str text;		/* for libconfuse */
	struct load_line *lines;	/* [0] is for its line 1 */
	size_t line_count, line_size;
	const char **files;		/* as they were opened */
	size_t file_size;
	struct load_section **sections;	/* [0] is the file itself */
	size_t section_count, section_size;
	unsigned counted;		/* unnamed sections so far */
	size_t octets;			/* read so far */
};

/* `file` is the very pointer that load_file_name() gave, or another name. */
void load_error(struct load *load, const char *file, unsigned line,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void load_warning(struct load *load, const char *file, unsigned line,
		  const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* A name for messages about a file that is being read from now on. */
const char *load_file_name(struct load *load, const char *file);

/* Read file and its includes into load->text. */
void syntax_read(struct load *load, const char *file);

/* A new section; the first one made is the file. Grammar nodes are shared by
   sections of one kind at one place. */
struct load_section *grammar_section(struct load *load,
				     struct load_section *parent,
				     const struct section_kind *kind);

/* Make sure that the node has this setting, and write the line for it. The
   other writes a key that has no row: `plugin` and "service/lmtp/user". */
void grammar_setting(struct load *load, struct load_section *section,
		     const struct setting_def *def, const char *value,
		     const struct load_line *from);
void grammar_free_key(struct load *load, const char *key, const char *value,
		      const struct load_line *from);
void grammar_open(struct load *load, const struct load_section *section,
		  const struct load_line *from);
void grammar_close(struct load *load, const struct load_line *from);

/* Let libconfuse read load->text: entries, type errors. */
void grammar_parse(struct load *load);

/* What needs the whole text: errors and warnings. */
void check_all(struct load *load);

/* Write value with its $names expanded: `raw` keeps all but `$key` itself.
   False when a name is unknown (an error was told). */
bool expand_names(struct load *load, const struct load_section *section,
		  const char *path, const struct load_line *from,
		  const char *value, struct str *expanded, struct str *raw);

#endif
