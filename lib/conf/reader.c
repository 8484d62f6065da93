/*
 * Files of a configuration, and the statements in them; see reader.h.
 */
#include "conf/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char reader_blanks[] = " \t\r\f\v";

static void
trim_end(struct str *s)
{
	size_t len = s->len;

	while (len > 0 && strchr(reader_blanks, s->data[len - 1]) != NULL)
		len--;
	str_truncate(s, len);
}

/* Where a comment begins in a line; its length when there is none. A quote
   that isn't closed hides the rest of the line, but not of the next, as in
   Dovecot. */
static size_t
comment_start(const char *s)
{
	for (const char *p = s; *p != '\0'; p++) {
		if (*p == '#')
			return (size_t)(p - s);
		if (*p == '"' || *p == '\'') {
			char quote = *p++;

			while (*p != '\0' && *p != quote) {
				if (*p == '\\' && p[1] != '\0')
					p++;
				p++;
			}
			if (*p == '\0')
				break;
		}
	}
	return strlen(s);
}

/* Add the line at reader->at to the statement. False when it must not be
   used (the reason was told). */
static bool
take_line(struct reader *reader)
{
	const char *start = reader->at;
	size_t left = (size_t)(reader->end - start);
	const char *end = memchr(start, '\n', left);

	if (end == NULL)
		end = reader->end;
	reader->at = end < reader->end ? end + 1 : end;
	reader->line++;
	if (memchr(start, '\0', (size_t)(end - start)) != NULL) {
		load_error(reader->load, reader->file, reader->line,
			   "invalid NUL byte in this line");
		return false;
	}
	while (start < end && strchr(reader_blanks, *start) != NULL)
		start++;
	if (reader->statement.len + (size_t)(end - start) >
	    LOAD_STATEMENT_MAX) {
		load_error(reader->load, reader->file, reader->line,
			   "invalid: this line is longer than %u octets",
			   (unsigned)LOAD_STATEMENT_MAX);
		return false;
	}
	str_append_n(&reader->statement, start, (size_t)(end - start));
	trim_end(&reader->statement);
	return true;
}

/* The comment of the line that was added at `start` goes; true when the
   statement has no end yet. */
static bool
goes_on(struct reader *reader, size_t start)
{
	struct str *s = &reader->statement;
	size_t comment;

	if (start > s->len)
		start = s->len;
	comment = start + comment_start(str_c(s) + start);

	if (comment < s->len) {
		if (comment > 0 && strchr(reader_blanks, s->data[comment - 1]) == NULL)
			load_warning(reader->load, reader->file, reader->line,
				     "'#' begins a comment here: put a blank "
				     "before it, or the value in quotes");
		str_truncate(s, comment);
		trim_end(s);
		return false;
	}
	if (s->len == 0 || s->data[s->len - 1] != '\\')
		return false;
	str_truncate(s, s->len - 1);
	trim_end(s);
	str_append_c(s, ' ');
	return true;
}

static bool
next_statement(struct reader *reader)
{
	while (reader->at < reader->end) {
		bool usable = true, more = true;

		str_reset(&reader->statement);
		reader->start = reader->line + 1;
		while (more && reader->at < reader->end) {
			size_t start = reader->statement.len;

			usable = take_line(reader) && usable;
			more = goes_on(reader, start);
		}
		trim_end(&reader->statement);
		if (usable && reader->statement.len > 0)
			return true;
	}
	return false;
}

static bool
is_open_already(const struct reader *reader, const struct stat *st)
{
	for (; reader != NULL; reader = reader->parent) {
		if (reader->dev == st->st_dev && reader->ino == st->st_ino)
			return true;
	}
	return false;
}

/* The whole file; false with a reason in *why. */
static bool
slurp(struct load *load, int fd, const struct stat *st, struct str *text,
      const char **why)
{
	/* one octet more tells that there are no more */
	size_t chunk = st->st_size > 0 && st->st_size < 65536 ?
		(size_t)st->st_size + 1 : 65536;
	ssize_t n;

	while ((n = read(fd, str_reserve(text, chunk), chunk)) > 0) {
		text->len += (size_t)n;
		load->octets += (size_t)n;
		if (text->len > LOAD_FILE_MAX ||
		    load->octets > LOAD_TOTAL_MAX) {
			*why = "invalid: too large";
			return false;
		}
	}
	if (n < 0)
		*why = strerror(errno);
	return n == 0;
}

/* Told at the line that includes the file, if there is one. */
static void
cannot_read(struct reader *reader, const char *file, const char *why)
{
	if (reader->parent == NULL)
		load_error(reader->load, file, 0, "can't read: %s", why);
	else
		load_error(reader->load, reader->parent->file,
			   reader->parent->start, "can't read %s: %s", file,
			   why);
}

static void
read_statements(struct reader *reader, const struct str *text)
{
	reader->at = str_c(text);
	reader->end = reader->at + text->len;
	if (text->len >= 3 && memcmp(text->data, "\xef\xbb\xbf", 3) == 0)
		reader->at += 3;	/* a byte order mark */
	while (next_statement(reader))
		syntax_statement(reader);
	syntax_end(reader);
	str_free(&reader->statement);
}

/* Open a file that is to be read: no terminal, no waiting for a writer. */
static int
open_source(const char *file, struct stat *st, const char **why)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int flags;

	if (fd < 0 || fstat(fd, st) != 0) {
		*why = strerror(errno);
	} else if (S_ISDIR(st->st_mode)) {
		*why = "is a directory";
	} else if (S_ISREG(st->st_mode)) {
		return fd;
	} else {
		flags = fcntl(fd, F_GETFL);
		if (flags >= 0 &&
		    fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == 0)
			return fd;
		*why = strerror(errno);
	}
	if (fd >= 0)
		(void)close(fd);	/* it was only looked at */
	return -1;
}

void
reader_file(struct load *load, struct reader *parent,
	    struct load_section *section, const char *file, bool must)
{
	struct reader reader = {
		.load = load, .parent = parent, .section = section,
		.outer = section, .depth = parent ? parent->depth + 1 : 0,
	};
	struct str text = STR_INIT;
	struct stat st = { 0 };
	const char *why = NULL;
	int fd = open_source(file, &st, &why);

	if (fd < 0) {
		/* a directory among the matches is passed over, as ever */
		if (parent == NULL || (must && !S_ISDIR(st.st_mode)))
			cannot_read(&reader, file, why);
		return;
	}
	reader.file = load_file_name(load, file);
	reader.dev = st.st_dev;
	reader.ino = st.st_ino;
	if (is_open_already(parent, &st))
		load_error(load, parent->file, parent->start,
			   "invalid: recursive !include of %s", file);
	else if (reader.depth > LOAD_INCLUDE_DEPTH)
		load_error(load, parent->file, parent->start,
			   "invalid: !include is nested more than %u deep",
			   (unsigned)LOAD_INCLUDE_DEPTH);
	else if (!slurp(load, fd, &st, &text, &why))
		cannot_read(&reader, file, why);
	else
		read_statements(&reader, &text);
	(void)close(fd);	/* nothing was written */
	str_free(&text);
}
