/*
 * What is wrong in a configuration whose statements are all in order by
 * themselves: the checks that look at words inside of values, or at several
 * settings together. For conf_load().
 */
#include "conf/load.h"

#include <string.h>
#include <strings.h>

#include "conf/conf-private.h"
#include "conf/names.h"
#include "conf/settings.h"
#include "core/ip.h"
#include "core/num.h"
#include "core/pool.h"

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

/* Better told before mail comes than with each message. */
static void
check_format(struct load *load, const struct conf_entry *entry)
{
	static const char known[] = " maildir mbox auto ";
	size_t len = strspn(entry->value, "abcdefghijklmnopqrstuvwxyz0123456789");
	const char *word = pool_printf(load->conf->pool, " %.*s ", (int)len,
				       entry->value);

	if (len > 0 && entry->value[len] == ':' && strstr(known, word) == NULL)
		load_warning(load, entry->file, entry->line,
			     "%s: Loft can't write%.*s, mail for it is put off",
			     entry->path, (int)len + 1, word);
}

static void
check_listen(struct load *load, const struct conf_entry *entry)
{
	if (entry->value[0] == '\0')
		load_error(load, entry->file, entry->line,
			   "invalid: listen is empty");
}

static void
check_mechanisms(struct load *load, const struct conf_entry *entry)
{
	char *words = pool_strdup(load->conf->pool, entry->value), *save;

	for (char *word = strtok_r(words, " \t,", &save); word != NULL;
	     word = strtok_r(NULL, " \t,", &save)) {
		if (strcasecmp(word, "plain") != 0 &&
		    strcasecmp(word, "login") != 0)
			load_warning(load, entry->file, entry->line,
				     "auth_mechanisms: Loft has no mechanism "
				     "'%s'", word);
	}
}

/* Who is let in must not be a misunderstanding; what only makes clients
   trusted may hold words that match nobody, as in Dovecot. */
static void
check_networks(struct load *load, const struct conf_entry *entry)
{
	char *words = pool_strdup(load->conf->pool, entry->value), *save;
	bool strict = strcmp(entry->path, "lmtp_trusted_ips") == 0;
	struct ip_net net;

	for (char *word = strtok_r(words, " \t,;", &save); word != NULL;
	     word = strtok_r(NULL, " \t,;", &save)) {
		if (ip_net_parse(word, &net))
			continue;
		if (strict)
			load_error(load, entry->file, entry->line,
				   "invalid network '%s' in %s", word,
				   entry->path);
		else
			load_warning(load, entry->file, entry->line,
				     "%s: '%s' is no network", entry->path,
				     word);
	}
}

/* What the values of single settings have to be beyond their types. */
static const struct {
	const char *path;
	bool ours;		/* only where it counts for deliveries */
	void (*check)(struct load *load, const struct conf_entry *entry);
} value_checks[] = {
	{ "auth_mechanisms", true, check_mechanisms },
	{ "haproxy_trusted_networks", true, check_networks },
	{ "listen", false, check_listen },
	{ "lmtp_client_workarounds", false, check_workarounds },
	{ "lmtp_trusted_ips", false, check_networks },
	{ "login_trusted_networks", true, check_networks },
	{ "mail_location", true, check_format },
	{ "protocols", false, check_protocols },
};

static void
check_values(struct load *load)
{
	const struct conf *conf = load->conf;
	struct str told = STR_INIT;

	for (size_t i = 0; i < conf->count; i++) {
		const struct conf_entry *entry = conf->entries[i];
		bool ours = filter_is_ours(entry->filter);

		if (entry->value[0] == '<')	/* read when it is used */
			continue;
		if (strcmp(entry->path, "mail_plugins") == 0 && ours)
			check_plugin_list(load, entry, &told);
		if (str_begins(entry->path, "namespace/") &&
		    str_ends(entry->path, "/location") && ours)
			check_format(load, entry);
		for (size_t c = 0; c < sizeof(value_checks) /
		     sizeof(*value_checks); c++) {
			if (strcmp(value_checks[c].path, entry->path) == 0 &&
			    (ours || !value_checks[c].ours))
				value_checks[c].check(load, entry);
		}
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

/* An empty range refuses everybody. */
static void
check_range(struct load *load, const char *first, const char *last)
{
	const struct conf_entry *low = conf_last(load->conf, NULL, first);
	const struct conf_entry *high = conf_last(load->conf, NULL, last);
	const char *from = low != NULL ? low->value :
		setting_by_path(first)->def;
	uint32_t a, b;

	if (high != NULL && num_u32(from, &a) && num_u32(high->value, &b) &&
	    b != 0 && a > b)
		load_error(load, high->file, high->line,
			   "invalid: %s is %u, which is above %s = %u", first,
			   (unsigned)a, last, (unsigned)b);
}

/* Such a listener is open, and serves nobody. */
static void
check_tls_listeners(struct load *load)
{
	const struct conf *conf = load->conf;
	const struct conf_entry *tls = NULL;

	for (size_t i = 0; i < conf->count; i++) {
		const struct conf_entry *entry = conf->entries[i];
		bool yes;

		if (strcmp(entry->path, "ssl_cert") == 0)
			return;
		if (str_begins(entry->path, "service/lmtp/inet_listener/") &&
		    str_ends(entry->path, "/ssl") &&
		    setting_parse_bool(entry->value, &yes) && yes)
			tls = entry;
	}
	if (tls != NULL)
		load_warning(load, tls->file, tls->line,
			     "the listener can't do TLS: ssl_cert is not set");
}

void
check_all(struct load *load)
{
	check_drivers(load);
	check_values(load);
	check_range(load, "first_valid_uid", "last_valid_uid");
	check_range(load, "first_valid_gid", "last_valid_gid");
	check_tls_listeners(load);
	check_late_globals(load);
}
