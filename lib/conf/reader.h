/*
 * The files of a configuration: opened without waiting for anything, read
 * within bounds, and cut into statements, which are lines with their
 * continuations and without comments. syntax.c says what they mean. For
 * conf/ alone.
 */
#ifndef LOFT_CONF_READER_H
#define LOFT_CONF_READER_H

#include <sys/stat.h>

#include "conf/load.h"

/* One file being read. */
struct reader {
	struct load *load;
	struct reader *parent;		/* who includes it */
	const char *file;		/* lives as long as the conf */
	dev_t dev;
	ino_t ino;
	unsigned depth;
	const char *at, *end;
	unsigned line;			/* of `at` */
	unsigned start;			/* first line of the statement */
	struct load_section *section;
	struct load_section *outer;	/* where the file began */
	unsigned skip;			/* depth inside of an unknown section */
	unsigned skip_line;
	struct str statement;
};

extern const char reader_blanks[];

/* Read one file into a section, statement by statement. `parent` is the
   reader of the file whose current statement includes it, or NULL. What can't
   be read is an error only when it must. */
void reader_file(struct load *load, struct reader *parent,
		 struct load_section *section, const char *file, bool must);

/* syntax.c: take in reader->statement, which isn't empty; and complain about
   what the file opened and didn't close. */
void syntax_statement(struct reader *reader);
void syntax_end(struct reader *reader);

#endif
