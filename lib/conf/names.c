/*
 * Kinds of sections and the names inside of them; see names.h.
 */
#include "conf/names.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "conf/known.h"
#include "conf/settings.h"
#include "core/str.h"

static const struct section_kind kinds[] = {
	{ "", SHAPE_FREE, known_settings },
	{ "dict", SHAPE_FREE, NULL },
	{ "event_exporter", SHAPE_NAMED, known_event_exporter },
	{ "local", SHAPE_FILTER, NULL },
	{ "local_name", SHAPE_FILTER, NULL },
	{ "metric", SHAPE_NAMED, known_metric },
	{ "namespace", SHAPE_COUNTED, known_namespace },
	{ "namespace/mailbox", SHAPE_NAMED, known_mailbox },
	{ "passdb", SHAPE_LISTED, known_passdb },
	{ "plugin", SHAPE_FREE, NULL },
	{ "protocol", SHAPE_FILTER, NULL },
	{ "remote", SHAPE_FILTER, NULL },
	{ "service", SHAPE_NAMED, known_service },
	{ "service/fifo_listener", SHAPE_NAMED, known_file_listener },
	{ "service/inet_listener", SHAPE_COUNTED, known_inet_listener },
	{ "service/unix_listener", SHAPE_NAMED, known_file_listener },
	{ "userdb", SHAPE_LISTED, known_userdb },
};

enum { KIND_COUNT = sizeof(kinds) / sizeof(*kinds) };

static const struct setting_def free_key = { SETTING_STR, "", "", 0, NULL };

const struct section_kind *
section_kind_find(const char *path)
{
	for (size_t i = 0; i < KIND_COUNT; i++) {
		if (strcmp(kinds[i].path, path) == 0)
			return &kinds[i];
	}
	return NULL;
}

const struct section_kind *
section_kind_child(const struct section_kind *parent, const char *name)
{
	size_t len = strlen(parent->path);

	if (strchr(name, '/') != NULL)
		return NULL;
	if (len == 0)
		return *name != '\0' ? section_kind_find(name) : NULL;
	for (size_t i = 0; i < KIND_COUNT; i++) {
		if (strncmp(kinds[i].path, parent->path, len) == 0 &&
		    kinds[i].path[len] == '/' &&
		    strcmp(kinds[i].path + len + 1, name) == 0)
			return &kinds[i];
	}
	return NULL;
}

const struct section_kind *
section_kind_at(const struct section_kind *parent, size_t n)
{
	for (size_t i = 1; i < KIND_COUNT; i++) {
		const char *name = section_kind_name(&kinds[i]);

		if (kinds[i].shape != SHAPE_FILTER &&
		    section_kind_child(parent, name) == &kinds[i] && n-- == 0)
			return &kinds[i];
	}
	return NULL;
}

const char *
section_kind_name(const struct section_kind *kind)
{
	const char *slash = strrchr(kind->path, '/');

	return slash != NULL ? slash + 1 : kind->path;
}

static const struct setting_def *
known_find(const struct setting_def *known, const char *name)
{
	for (; known != NULL && known->name != NULL; known++) {
		if (known->name[0] == name[0] &&
		    strcmp(known->name, name) == 0)
			return known;
	}
	return NULL;
}

/* The long list is sorted; the short ones aren't worth the search. */
static const struct setting_def *
known_bsearch(const char *name)
{
	size_t low = 0, high = known_settings_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int cmp = strcmp(name, known_settings[mid].name);

		if (cmp == 0)
			return &known_settings[mid];
		if (cmp < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

static const struct setting_def *
declared_find(const struct section_kind *kind, const char *name)
{
	for (const struct settings_row *row = all_settings; row->info != NULL;
	     row++) {
		const struct setting_def *def;

		if (strcmp(row->kind, kind->path) != 0)
			continue;
		def = settings_find(row->info, name);
		if (def != NULL)
			return def;
	}
	return NULL;
}

const struct setting_def *
section_setting(const struct section_kind *kind, const char *name,
		bool *ours_r)
{
	const struct setting_def *def;

	if (kind->shape == SHAPE_FREE && kind->path[0] != '\0') {
		if (ours_r != NULL)
			*ours_r = true;
		return &free_key;
	}
	def = declared_find(kind, name);
	if (ours_r != NULL)
		*ours_r = def != NULL;
	if (def != NULL)
		return def;
	return kind->path[0] == '\0' ? known_bsearch(name) :
		known_find(kind->known, name);
}

/* The next row of the modules' tables; NULL when they are through. */
static const struct setting_def *
next_declared(struct setting_iter *iter)
{
	if (iter->row == NULL)
		iter->row = all_settings;
	for (; iter->row->info != NULL; iter->row++, iter->def = NULL) {
		if (strcmp(iter->row->kind, iter->kind->path) != 0)
			continue;
		iter->def = iter->def == NULL ? iter->row->info->defs() :
			iter->def + 1;
		/* the first table that declares a name counts */
		while (iter->def->name != NULL &&
		       declared_find(iter->kind, iter->def->name) != iter->def)
			iter->def++;
		if (iter->def->name != NULL)
			return iter->def;
	}
	return NULL;
}

const struct setting_def *
setting_iter_next(struct setting_iter *iter)
{
	if (!iter->in_known && next_declared(iter) != NULL) {
		iter->ours = true;
		return iter->def;
	}
	iter->ours = false;
	iter->def = iter->in_known ? iter->def + 1 : iter->kind->known;
	iter->in_known = true;
	while (iter->def != NULL && iter->def->name != NULL &&
	       declared_find(iter->kind, iter->def->name) != NULL)
		iter->def++;
	return iter->def != NULL && iter->def->name != NULL ? iter->def : NULL;
}

static const struct setting_def *
find_by_path(const char *path, bool *ours_r)
{
	const struct section_kind *kind = &kinds[0];

	for (;;) {
		size_t len = strcspn(path, "/");
		char word[64];

		if (path[len] == '\0')
			return section_setting(kind, path, ours_r);
		if (len >= sizeof(word))
			return NULL;
		memcpy(word, path, len);
		word[len] = '\0';
		kind = section_kind_child(kind, word);
		if (kind == NULL || kind->shape == SHAPE_FILTER)
			return NULL;
		path += len + 1;
		if (kind->shape == SHAPE_FREE)
			continue;
		path += strcspn(path, "/");
		if (*path++ == '\0')
			return NULL;
	}
}

const struct setting_def *
setting_by_path(const char *path)
{
	return find_by_path(path, NULL);
}

bool
setting_is_ours(const char *path)
{
	bool ours;

	return find_by_path(path, &ours) != NULL && ours;
}

bool
setting_is_secret(const char *path)
{
	static const char *const endings[] = {
		"_key", "ssl_dh", "_password", "_nonce", "_secret", NULL
	};

	for (int i = 0; endings[i] != NULL; i++) {
		if (str_ends(path, endings[i]))
			return true;
	}
	return false;
}

/* Edit distance (a swap of neighbours counts once, capitals don't), up to
   `max`. */
static unsigned
distance(const char *a, const char *b, unsigned max)
{
	enum { LONGEST = 64 };
	unsigned rows[3][LONGEST + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > LONGEST || lb > LONGEST ||
	    (la > lb ? la - lb : lb - la) > max)
		return max + 1;
	for (size_t j = 0; j <= lb; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned *now = rows[i % 3], *prev = rows[(i + 2) % 3];
		unsigned *before = rows[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned best = prev[j - 1] +
				(tolower((unsigned char)a[i - 1]) !=
				 tolower((unsigned char)b[j - 1]));

			if (prev[j] + 1 < best)
				best = prev[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
	}
	return rows[la % 3][lb];
}

struct nearest {
	const char *name;
	unsigned distance;	/* what a candidate must be below */
};

static void
nearest_try(struct nearest *near, const char *name, const char *candidate)
{
	unsigned d = distance(name, candidate, near->distance);

	if (d < near->distance) {
		near->distance = d;
		near->name = candidate;
	}
}

static const char *
nearest_name(const struct section_kind *kind, const char *name)
{
	struct nearest near = { NULL, (unsigned)(strlen(name) / 3 + 2) };
	struct setting_iter iter = { .kind = kind };
	const struct setting_def *def;

	if (near.distance > 5)
		near.distance = 5;
	while ((def = setting_iter_next(&iter)) != NULL)
		nearest_try(&near, name, def->name);
	for (size_t i = 1; i < KIND_COUNT; i++) {
		const char *child = section_kind_name(&kinds[i]);

		if (section_kind_child(kind, child) == &kinds[i])
			nearest_try(&near, name, child);
	}
	return near.name;
}

/* The kind of section in which such a name stands; NULL for none. */
static const struct section_kind *
home_of(const struct section_kind *kind, const char *name)
{
	for (size_t i = 0; i < KIND_COUNT; i++) {
		const struct section_kind *other = &kinds[i];

		if (other == kind || other->shape == SHAPE_FILTER)
			continue;
		if (section_kind_child(other, name) != NULL)
			return other;
		if ((other->shape != SHAPE_FREE || other == &kinds[0]) &&
		    section_setting(other, name, NULL) != NULL)
			return other;
	}
	return NULL;
}

static void
append_home(const struct section_kind *home, struct str *text)
{
	if (home->path[0] == '\0') {
		str_append(text, "; it belongs outside of sections");
		return;
	}
	str_append(text, "; it belongs inside of ");
	for (const char *p = home->path; *p != '\0'; p++) {
		if (*p == '/')
			str_append(text, " { ");
		else
			str_append_c(text, *p);
	}
	str_append(text, " { }");
	if (strchr(home->path, '/') != NULL)
		str_append(text, " }");
}

/* What Dovecot 2.4 has instead of 2.3's settings, where people copy it. */
static bool
is_dovecot_24(const char *name)
{
	static const char *const names[] = {
		"dovecot_config_version", "dovecot_storage_version",
		"mail_driver", "mail_path", "mail_inbox_path",
		"mail_index_path", "mail_control_path", "passdb_static",
		"userdb_static", "ssl_server_cert_file",
		"ssl_server_key_file", "auth_allow_cleartext", "quota",
		"sieve_script", NULL
	};

	for (int i = 0; names[i] != NULL; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

void
names_hint(const struct section_kind *kind, const char *name,
	   struct str *text)
{
	const struct section_kind *home = home_of(kind, name);
	const char *near;

	if (section_kind_child(kind, name) != NULL) {
		str_printf(text, "; that is a section: %s … {", name);
		return;
	}
	if ((kind->path[0] == '\0' || kind->shape != SHAPE_FREE) &&
	    section_setting(kind, name, NULL) != NULL) {
		str_printf(text, "; that is a setting: %s = …", name);
		return;
	}
	if (home != NULL) {
		append_home(home, text);
		return;
	}
	if (kind->path[0] == '\0' && is_dovecot_24(name)) {
		str_append(text, "; this is Dovecot 2.4's language, Loft "
			   "reads 2.3's");
		return;
	}
	if (kind->path[0] == '\0' && strcmp(name, "auth") == 0) {
		str_append(text, "; this is Dovecot 1's language, Loft reads "
			   "2.3's");
		return;
	}
	near = nearest_name(kind, name);
	if (near != NULL)
		str_printf(text, "; did you mean '%s'?", near);
}

bool
names_mail_plugin(const char *name, size_t len)
{
	for (const char *const *here = known_mail_plugins; *here != NULL;
	     here++) {
		if (strlen(*here) == len && memcmp(*here, name, len) == 0)
			return true;
	}
	return false;
}
