/*
 * conf_load(): from a file name to a configuration or a list of errors; see
 * load.h for who does what.
 */
#include "conf/load.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf-private.h"
#include "conf/conf.h"
#include "core/pool.h"

const char *
load_file_name(struct load *load, const char *file)
{
	const char *name = pool_strdup(load->conf->pool, file);

	if (load->file_count == load->file_size) {
		load->file_size = load->file_size * 2 + 16;
		load->files = mem_realloc(load->files, load->file_size *
					  sizeof(*load->files));
	}
	load->files[load->file_count++] = name;
	return name;
}

static unsigned
file_number(const struct load *load, const char *file)
{
	for (unsigned i = 0; i < load->file_count; i++) {
		if (load->files[i] == file)
			return i;
	}
	return 0;
}

static void
complain(struct load *load, struct load_notes *notes, const char *file,
	 unsigned line, const char *fmt, va_list ap)
{
	struct pool *pool = load->conf->pool;
	const char *text;

	if (notes->count++ >= LOAD_NOTES_MAX)
		return;
	text = pool_vprintf(pool, fmt, ap);
	text = line > 0 ?
		pool_printf(pool, "%s line %u: %s", file, line, text) :
		pool_printf(pool, "%s: %s", file, text);
	if (notes->count > notes->size) {
		notes->size = notes->size * 2 + 8;
		notes->notes = mem_realloc(notes->notes, notes->size *
					   sizeof(*notes->notes));
	}
	notes->notes[notes->count - 1] = (struct load_note){
		.text = text, .file = file_number(load, file), .line = line,
	};
}

void
load_error(struct load *load, const char *file, unsigned line,
	   const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(load, &load->errors, file, line, fmt, ap);
	va_end(ap);
}

void
load_warning(struct load *load, const char *file, unsigned line,
	     const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(load, &load->warnings, file, line, fmt, ap);
	va_end(ap);
}

/* Is a's place behind b's? */
static bool
is_behind(const struct load_note *a, const struct load_note *b)
{
	return a->file != b->file ? a->file > b->file : a->line > b->line;
}

/* Tell them in the order of the text, whoever found them. */
static void
tell(struct load_notes *notes, const char *file, const char *what,
     struct str *to)
{
	unsigned told = notes->count < LOAD_NOTES_MAX ? notes->count :
		LOAD_NOTES_MAX;

	for (unsigned i = 1; i < told; i++) {
		struct load_note note = notes->notes[i];
		unsigned at = i;

		for (; at > 0 && is_behind(&notes->notes[at - 1], &note); at--)
			notes->notes[at] = notes->notes[at - 1];
		notes->notes[at] = note;
	}
	for (unsigned i = 0; i < told; i++)
		str_printf(to, "%s\n", notes->notes[i].text);
	if (notes->count > told)
		str_printf(to, "%s: %u more %s\n", file, notes->count - told,
			   what);
	free(notes->notes);
}

static void
load_free(struct load *load)
{
	str_free(&load->text);
	free(load->lines);
	free(load->files);
	free(load->sections);
}

int
conf_load(const char *file, struct conf **conf_r, struct str *errors,
	  struct str *warnings)
{
	struct conf *conf = conf_new(file);
	struct load load = { .conf = conf };

	syntax_read(&load, conf->file);
	grammar_parse(&load);
	check_all(&load);
	tell(&load.errors, file, "errors", errors);
	tell(&load.warnings, file, "warnings", warnings);
	load_free(&load);
	if (load.errors.count > 0) {
		conf_free(&conf);
		return -1;
	}
	conf_sort(conf);
	*conf_r = conf;
	return 0;
}
