/*
 * libconfuse's side of reading a configuration: its text is written here line
 * by line, its grammar made from the settings that were seen, and its
 * callbacks check each value by type and record it; see load.h.
 *
 * Values go through callbacks that never fail, because libconfuse stops at
 * the first error; what stands in `plugin { }` is a function call
 * set('key', 'value'), because it would complain about keys it doesn't know;
 * each section's title is its number, because a repeated title would replace
 * the earlier section.
 */
#include "conf/load.h"

#include <confuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf-private.h"
#include "conf/names.h"
#include "conf/settings.h"
#include "core/err.h"
#include "core/log.h"
#include "core/num.h"
#include "core/pool.h"

/* libconfuse hands its callbacks nothing of the caller's. */
static struct load *loading;

static struct grammar_node *
node_child(struct load *load, struct grammar_node *parent, const char *word,
	   const struct section_kind *kind)
{
	struct grammar_node *node;

	for (node = parent->children; node != NULL; node = node->next) {
		if (strcmp(node->word, word) == 0)
			return node;
	}
	node = pool_new_obj(load->conf->pool, struct grammar_node);
	node->word = word;
	node->kind = kind;
	node->next = parent->children;
	parent->children = node;
	parent->child_count++;
	return node;
}

struct load_section *
grammar_section(struct load *load, struct load_section *parent,
		const struct section_kind *kind)
{
	struct pool *pool = load->conf->pool;
	struct load_section *section = pool_new_obj(pool, struct load_section);

	section->parent = parent;
	section->kind = kind;
	section->path = "";
	if (parent == NULL) {
		section->node = pool_new_obj(pool, struct grammar_node);
		section->node->kind = kind;
	} else {
		section->node = node_child(load, parent->node,
					   section_kind_name(kind), kind);
		section->depth = parent->depth + 1;
	}
	if (load->section_count == load->section_size) {
		load->section_size = load->section_size * 2 + 32;
		load->sections = mem_realloc(load->sections,
					     load->section_size *
					     sizeof(struct load_section *));
	}
	load->sections[load->section_count++] = section;
	return section;
}

/* End a line of libconfuse's text and remember where it came from. */
static void
end_line(struct load *load, const struct load_line *from)
{
	str_append_c(&load->text, '\n');
	if (load->line_count == load->line_size) {
		load->line_size = load->line_size * 2 + 128;
		load->lines = mem_realloc(load->lines, load->line_size *
					  sizeof(struct load_line));
	}
	load->lines[load->line_count++] = *from;
}

/* Single quotes: double ones would expand ${HOME}. */
static void
append_quoted(struct str *text, const char *value)
{
	str_append_c(text, '\'');
	for (;;) {
		size_t len = strcspn(value, "\\'");

		str_append_n(text, value, len);
		value += len;
		if (*value == '\0')
			break;
		str_append_c(text, '\\');
		str_append_c(text, *value++);
	}
	str_append_c(text, '\'');
}

static void
node_add(struct grammar_node *node, const struct setting_def *def,
	 struct pool *pool)
{
	for (unsigned i = 0; i < node->def_count; i++) {
		if (node->defs[i] == def)
			return;
	}
	if (node->def_count == node->def_size) {
		unsigned size = node->def_size * 2 + 8;
		const struct setting_def **defs =
			pool_new_array(pool, const struct setting_def *, size);

		for (unsigned i = 0; i < node->def_count; i++)
			defs[i] = node->defs[i];
		node->defs = defs;
		node->def_size = size;
	}
	node->defs[node->def_count++] = def;
}

void
grammar_setting(struct load *load, struct load_section *section,
		const struct setting_def *def, const char *value,
		const struct load_line *from)
{
	node_add(section->node, def, load->conf->pool);
	str_append(&load->text, def->name);
	str_append(&load->text, " = ");
	append_quoted(&load->text, value);
	end_line(load, from);
}

void
grammar_free_key(struct load *load, const char *key, const char *value,
		 const struct load_line *from)
{
	str_append(&load->text, "set(");
	append_quoted(&load->text, key);
	str_append(&load->text, ", ");
	append_quoted(&load->text, value);
	str_append_c(&load->text, ')');
	end_line(load, from);
}

void
grammar_open(struct load *load, const struct load_section *section,
	     const struct load_line *from)
{
	size_t number = load->section_count;

	while (load->sections[--number] != section)
		ASSERT(number > 0);
	str_printf(&load->text, "%s '%zu' {", section->node->word, number);
	end_line(load, from);
}

void
grammar_close(struct load *load, const struct load_line *from)
{
	str_append_c(&load->text, '}');
	end_line(load, from);
}

/* The section libconfuse is in: its title is the number. */
static struct load_section *
section_of(const cfg_t *cfg)
{
	uint64_t number = 0;

	if (cfg->title != NULL && (!num_u64(cfg->title, &number) ||
				   number >= loading->section_count))
		log_panic(__FILE__, __LINE__, __func__, "section number");
	return loading->sections[number];
}

/* A value libconfuse read: check it, expand it, keep it. */
static void
record(const cfg_t *cfg, struct load_section *section,
       const struct setting_def *def, const char *key, const char *value)
{
	struct pool *pool = loading->conf->pool;
	size_t line = (size_t)cfg->line - 1;
	struct str expanded = STR_INIT, raw = STR_INIT;
	const struct load_line *from;
	const char *path;
	struct err err;

	ASSERT(line < loading->line_count);
	from = &loading->lines[line];
	path = section->path[0] == '\0' ? pool_strdup(pool, key) :
		pool_printf(pool, "%s/%s", section->path, key);
	if (from->quoted || strchr(value, '$') == NULL) {
		str_append(&expanded, value);
		str_append(&raw, value);
	} else if (!expand_names(loading, section, path, from, value,
				 &expanded, &raw)) {
		section->refused = true;
		goto out;
	}
	if (str_c(&expanded)[0] != '<' &&
	    !setting_check(def, str_c(&expanded), &err)) {
		load_error(loading, from->file, from->line, "%s", err.text);
		section->refused = true;
		goto out;
	}

	struct conf_entry *entry =
		conf_add(loading->conf, section->filter, path,
			 pool_memdup(pool, str_c(&expanded), expanded.len),
			 from->file, from->line);

	if (strcmp(str_c(&raw), entry->value) != 0)
		entry->raw = pool_memdup(pool, str_c(&raw), raw.len);
	entry->appended = !from->quoted && strcmp(value, str_c(&raw)) != 0;
	if (def->type == SETTING_MODE && value[0] != '0')
		load_warning(loading, from->file, from->line,
			     "%s = %s is octal and lacks its leading 0",
			     def->name, value);
out:
	str_free(&expanded);
	str_free(&raw);
}

/* libconfuse: `name = 'value'`. Its rows stand in the order of node->defs. */
static int
on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct load_section *section = section_of(cfg);
	size_t row = (size_t)(opt - cfg->opts);

	ASSERT(row < section->node->def_count);
	record(cfg, section, section->node->defs[row], opt->name, value);
	*(void **)result = NULL;
	return 0;
}

/* libconfuse: `set('key', 'value')`. */
static int
on_free_key(cfg_t *cfg, cfg_opt_t *opt, int argc, const char **argv)
{
	struct load_section *section = section_of(cfg);
	const struct setting_def *def;

	ASSERT(argc == 2);
	def = section->kind->path[0] == '\0' || section->path[0] == '\0' ?
		setting_by_path(argv[0]) :
		section_setting(section->kind, argv[0], NULL);
	ASSERT(def != NULL);
	record(cfg, section, def, argv[0], argv[1]);
	return 0;
}

static cfg_opt_t *
node_opts(struct load *load, const struct grammar_node *node)
{
	cfg_opt_t *opts = pool_new_array(load->conf->pool, cfg_opt_t,
					 node->def_count + node->child_count +
					 2);
	cfg_opt_t *opt = opts;

	for (unsigned i = 0; i < node->def_count; i++) {
		*opt++ = (cfg_opt_t)CFG_PTR_CB(node->defs[i]->name, NULL,
					       CFGF_NODEFAULT, on_value, NULL);
	}
	*opt++ = (cfg_opt_t)CFG_FUNC("set", on_free_key);
	for (const struct grammar_node *child = node->children; child != NULL;
	     child = child->next) {
		*opt++ = (cfg_opt_t)CFG_SEC(child->word,
					    node_opts(load, child),
					    CFGF_MULTI | CFGF_TITLE);
	}
	*opt = (cfg_opt_t)CFG_END();
	return opts;
}

/* Errors are told by us, with the operator's line. */
static void
be_quiet(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[256];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	if (loading->errors.count == 0) {
		size_t line = (size_t)(cfg != NULL ? cfg->line : 0);
		bool known = line > 0 && line <= loading->line_count;

		load_error(loading, known ? loading->lines[line - 1].file :
			   loading->conf->file,
			   known ? loading->lines[line - 1].line : 0,
			   "invalid: %s", text);
	}
}

void
grammar_parse(struct load *load)
{
	cfg_t *cfg;

	if (load->text.len == 0)
		return;
	loading = load;
	cfg = cfg_init(node_opts(load, load->sections[0]->node), CFGF_NONE);
	if (cfg == NULL)
		log_die_oom(load->text.len);
	(void)cfg_set_error_function(cfg, be_quiet);
	if (cfg_parse_buf(cfg, str_c(&load->text)) != CFG_SUCCESS &&
	    load->errors.count == 0)
		load_error(load, load->conf->file, 0,
			   "invalid: libconfuse can't read it");
	(void)cfg_free(cfg);
	loading = NULL;
}
