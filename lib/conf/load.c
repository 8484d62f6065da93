/*
 * conf_load(): from a file name to a configuration or a list of errors, and
 * the checks that need the whole text; see load.h for who does what.
 */
#include "conf/load.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf-private.h"
#include "conf/conf.h"
#include "conf/names.h"
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

/* passdb and userdb do nothing without a driver: somebody forgot it. */
static void
check_drivers(struct load *load)
{
	for (size_t i = 0; i < load->section_count; i++) {
		const struct load_section *section = load->sections[i];
		const char *word = section->kind->path;

		if (strcmp(word, "passdb") != 0 && strcmp(word, "userdb") != 0)
			continue;
		if (conf_last(load->conf, section->filter,
			      pool_printf(load->conf->pool, "%s/driver",
					  section->path)) == NULL &&
		    !section->refused)
			load_error(load, section->file, section->line,
				   "%s: missing driver", word);
	}
}

/* Does an entry for this filter count for deliveries? `protocol imap` is
   nobody's business here. */
static bool
filter_is_ours(const struct conf_filter *filter)
{
	for (; filter != NULL; filter = filter->parent) {
		if (filter->kind == FILTER_PROTOCOL &&
		    filter->value[0] != '!' &&
		    strcmp(filter->value, "lmtp") != 0 &&
		    strcmp(filter->value, "lda") != 0)
			return false;
	}
	return true;
}

/* Is the word in a list of words with a blank after each? */
static bool
told_before(const struct str *told, const char *name, size_t len)
{
	const char *p = str_c(told);

	while (*p != '\0') {
		size_t word = strcspn(p, " ");

		if (word == len && memcmp(p, name, len) == 0)
			return true;
		p += word + 1;
	}
	return false;
}

static void
check_plugin_list(struct load *load, const struct conf_entry *entry,
		  struct str *told)
{
	static const char blanks[] = " \t,";
	const char *p = entry->value;
	size_t len;

	if (*p == '<')	/* the file is read when it is used */
		return;
	for (p += strspn(p, blanks); *p != '\0'; p += strspn(p, blanks)) {
		len = strcspn(p, blanks);
		if (!names_mail_plugin(p, len) && !told_before(told, p, len)) {
			str_printf(told, "%.*s ", (int)len, p);
			load_warning(load, entry->file, entry->line,
				     "mail_plugins: Loft has no plugin '%.*s', "
				     "mail is delivered without it",
				     (int)len, p);
		}
		p += len;
	}
}

/* Does a service of the operator's own speak it? */
static bool
service_speaks(const struct conf *conf, const char *protocol)
{
	for (size_t i = 0; i < conf->count; i++) {
		const struct conf_entry *entry = conf->entries[i];

		if (str_begins(entry->path, "service/") &&
		    str_ends(entry->path, "/protocol") &&
		    strcmp(entry->value, protocol) == 0)
			return true;
	}
	return false;
}

/* `protocols = lmpt` would quietly mean that nothing listens. */
static void
check_protocols(struct load *load, const struct conf_entry *entry)
{
	static const char known[] = " none imap imaps pop3 pop3s lmtp lda "
		"sieve managesieve submission doveadm ";
	char *words = pool_strdup(load->conf->pool, entry->value), *save;

	for (char *word = strtok_r(words, " \t,", &save); word != NULL;
	     word = strtok_r(NULL, " \t,", &save)) {
		const char *blanks = pool_printf(load->conf->pool, " %s ",
						 word);

		if (strstr(known, blanks) == NULL &&
		    !service_speaks(load->conf, word))
			load_error(load, entry->file, entry->line,
				   "protocols: unknown protocol '%s'", word);
	}
}

static void
check_workarounds(struct load *load, const struct conf_entry *entry)
{
	static const char known[] = " whitespace-before-path mailbox-for-path ";
	char *words = pool_strdup(load->conf->pool, entry->value), *save;

	for (char *word = strtok_r(words, " \t,", &save); word != NULL;
	     word = strtok_r(NULL, " \t,", &save)) {
		const char *blanks = pool_printf(load->conf->pool, " %s ",
						 word);

		if (strstr(known, blanks) == NULL)
			load_error(load, entry->file, entry->line,
				   "invalid word '%s' in %s (known:%s)", word,
				   entry->path, known);
	}
}

/* Mail can't be stored in these: better told before it comes. */
static void
check_format(struct load *load, const struct conf_entry *entry)
{
	static const char *const formats[] = {
		"sdbox", "mdbox", "dbox", "imapc", "pop3c", "cydir", NULL
	};
	size_t len = strcspn(entry->value, ":");

	for (int i = 0; formats[i] != NULL; i++) {
		if (strlen(formats[i]) == len &&
		    strncmp(entry->value, formats[i], len) == 0)
			load_warning(load, entry->file, entry->line,
				     "mail_location: Loft can't write %s, "
				     "mail for it is put off", formats[i]);
	}
}

static void
check_words(struct load *load)
{
	const struct conf *conf = load->conf;
	struct str told = STR_INIT;

	for (size_t i = 0; i < conf->count; i++) {
		const struct conf_entry *entry = conf->entries[i];

		if (strcmp(entry->path, "mail_plugins") == 0 &&
		    filter_is_ours(entry->filter))
			check_plugin_list(load, entry, &told);
		else if (strcmp(entry->path, "protocols") == 0 &&
			 entry->value[0] != '<')
			check_protocols(load, entry);
		else if (strcmp(entry->path, "mail_location") == 0 &&
			 filter_is_ours(entry->filter))
			check_format(load, entry);
		else if (strcmp(entry->path, "listen") == 0 &&
			 entry->value[0] == '\0')
			load_error(load, entry->file, entry->line,
				   "invalid: listen is empty");
		else if (strcmp(entry->path, "lmtp_client_workarounds") == 0)
			check_workarounds(load, entry);
	}
	str_free(&told);
}

/* `mail_plugins = x` after a block that said `mail_plugins = $mail_plugins y`
   no longer reaches into that block, which surprises people. */
static void
check_late_globals(struct load *load)
{
	const struct conf *conf = load->conf;

	for (size_t i = 0; i < conf->count; i++) {
		const struct conf_entry *inner = conf->entries[i];

		if (!inner->appended || inner->filter == NULL)
			continue;
		for (size_t j = i + 1; j < conf->count; j++) {
			const struct conf_entry *late = conf->entries[j];

			if (late->filter != inner->filter->parent ||
			    strcmp(late->path, inner->path) != 0)
				continue;
			load_warning(load, late->file, late->line,
				     "%s doesn't change the %s block that "
				     "used it before (%s line %u)",
				     late->path,
				     conf_filter_word(inner->filter->kind),
				     inner->file, inner->line);
		}
	}
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
	check_drivers(&load);
	check_words(&load);
	check_late_globals(&load);
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
