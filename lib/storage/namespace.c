/*
 * Namespaces: expanding one for a user, which of them a name belongs to, and
 * whether they go together (in Dovecot's words: its IMAP server would refuse
 * the same configuration).
 */
#include <string.h>
#include <strings.h>

#include "conf/vars.h"
#include "core/log.h"
#include "core/pool.h"
#include "storage/mail-settings.h"
#include "storage/mailbox-name.h"
#include "storage/storage-private.h"

/* A colon in his name would begin a parameter of mail_location, INBOX=
   perhaps. */
static int
check_colon(const char *user, const char *raw, const char *expanded,
	    struct err *err)
{
	if (strchr(user, ':') == NULL || strcmp(raw, expanded) == 0)
		return 0;
	return err_set(err, ERR_TEMP, "User name can't be used in "
		       "mail_location: %s", user);
}

static void
log_namespace(const struct logctx *log, const struct storage_ns *ns,
	      const char *location)
{
	const struct namespace_settings *set = ns->set;
	const struct location *loc = &ns->loc;

	if (*ns->name != '\0') {
		log_debug(log, "Namespace %s: type=%s, prefix=%s, sep=%s, "
			  "inbox=%s, hidden=%s, list=%s, subscriptions=%s "
			  "location=%s", ns->name, set->type, ns->prefix,
			  set->separator, set->inbox ? "yes" : "no",
			  set->hidden ? "yes" : "no", set->list,
			  set->subscriptions ? "yes" : "no", location);
	}
	if (loc->format->in_files && loc->inbox_is_default)
		log_debug(log, "mbox: INBOX defaulted to %s", loc->inbox);
	log_debug(log, "%s: root=%s, index=%s, indexpvt=, control=%s, "
		  "inbox=%s, alt=",
		  loc->layout == LAYOUT_FS ? "fs" : "maildir++", loc->root,
		  loc->index, loc->control, set->inbox ? loc->inbox : "");
}

/* "shared/%%u/": mail of others, whose homes we don't ask for. Such names are
   known, so that nothing is delivered under them into the user's own mail. */
static bool
is_template(const struct storage_ns *ns, const char *location)
{
	return strcmp(ns->set->type, "shared") == 0 &&
		(strchr(ns->prefix, '%') != NULL ||
		 strchr(location, '%') != NULL);
}

static void
close_namespace(struct storage_ns *ns, struct pool *pool)
{
	ns->prefix = pool_strndup(pool, ns->prefix, strcspn(ns->prefix, "%"));
	ns->sep = *ns->set->separator != '\0' ? *ns->set->separator : '/';
	ns->is_closed = true;
}

static int
open_location(const struct namespace_open *open, const char *raw,
	      const char *text, struct storage_ns *ns, struct err *err)
{
	if (check_colon(open->user->name, raw, text, err) < 0)
		return -1;
	if (location_parse(text, open->user, open->pool, &ns->loc, err) == 0)
		return 0;
	if (!ns->set->ignore_on_failure || ns->set->inbox)
		return -1;
	log_debug(open->log, "Ignoring namespace %s: %s", ns->name, err->text);
	close_namespace(ns, open->pool);
	return 0;
}

int
namespace_open(const struct namespace_open *open,
	       const struct ns_settings *from, struct storage_ns *ns,
	       struct err *err)
{
	const char *raw = *from->set->location != '\0' ?
		from->set->location : open->set->mail->mail_location;
	struct pool *pool = open->pool;
	const char *text;

	ns->set = from->set;
	ns->name = from->name;
	ns->autos = from->autos;
	ns->is_alias = from->is_alias;
	if (vars_expand(from->set->prefix, open->vars, pool, &ns->prefix,
			err) < 0 ||
	    vars_expand(raw, open->vars, pool, &text, err) < 0)
		return err_prefix(err, "mail_location");
	if (is_template(ns, text)) {
		close_namespace(ns, pool);
		return 0;
	}
	if (open_location(open, raw, text, ns, err) < 0)
		return -1;
	if (ns->is_closed)
		return 0;
	ns->sep = *from->set->separator != '\0' ? *from->set->separator :
		layout_separator(&ns->loc);
	log_namespace(open->log, ns, raw);
	return 0;
}

/* --- do they go together? --- */

static int
wrong(struct err *err, const char *why)
{
	return err_set(err, ERR_CONFIG, "namespace configuration error: %s",
		       why);
}

static int
check_prefix(const struct storage_ns *ns, struct err *err)
{
	size_t len = strlen(ns->prefix);

	if (strcmp(ns->set->list, "yes") != 0 || len == 0 ||
	    ns->prefix[len - 1] == ns->sep)
		return 0;
	return err_set(err, ERR_CONFIG, "namespace configuration error: "
		       "list=yes requires prefix=%s to end with separator %c",
		       ns->prefix, ns->sep);
}

/* Is there one of the same prefix before this one? */
static bool
is_duplicate(const struct storage *st, const struct storage_ns *ns)
{
	const struct storage_ns *other = st->namespaces;

	while (other < ns && strcmp(other->prefix, ns->prefix) != 0)
		other++;
	return other < ns;
}

int
namespaces_check(const struct storage *st, struct err *err)
{
	char sep = '\0';

	if (st->inbox == NULL)
		return wrong(err, "inbox=yes namespace missing");
	for (unsigned i = 0; i < st->namespace_count; i++) {
		const struct storage_ns *ns = &st->namespaces[i];

		if (ns->set->inbox && ns != st->inbox)
			return wrong(err, "There can be only one namespace "
				     "with inbox=yes");
		if (is_duplicate(st, ns))
			return err_set(err, ERR_CONFIG, "namespace "
				       "configuration error: Duplicate "
				       "namespace prefix: \"%s\"", ns->prefix);
		if (ns->is_closed)
			continue;
		if (check_prefix(ns, err) < 0)
			return -1;
		if (strcmp(ns->set->list, "no") == 0)
			continue;
		if (sep != '\0' && sep != ns->sep)
			return wrong(err, "All list=yes namespaces must use "
				     "the same separator");
		sep = ns->sep;
	}
	return 0;
}

/* --- names --- */

/* Do the first len octets agree? INBOX in front is the same in any case. */
static bool
begins_with(const char *name, const char *prefix, size_t len)
{
	if (len >= 5 && strncasecmp(prefix, "INBOX", 5) == 0 &&
	    strncasecmp(name, prefix, 5) == 0)
		return strncmp(name + 5, prefix + 5, len - 5) == 0;
	return strncmp(name, prefix, len) == 0;
}

const char *
namespace_rest(const struct storage_ns *ns, const char *name)
{
	size_t len = strlen(ns->prefix);

	return begins_with(name, ns->prefix, len) ? name + len : NULL;
}

static bool
is_bare_prefix(const struct storage_ns *ns, const char *name)
{
	size_t len = strlen(ns->prefix);

	return len > 1 && ns->prefix[len - 1] == ns->sep &&
		strlen(name) == len - 1 &&
		begins_with(name, ns->prefix, len - 1);
}

const struct storage_ns *
namespace_find(const struct storage *st, const char *name, const char **rest_r)
{
	const struct storage_ns *best = NULL;

	for (unsigned i = 0; i < st->namespace_count; i++) {
		const struct storage_ns *ns = &st->namespaces[i];
		const char *rest = namespace_rest(ns, name);

		if (ns != st->inbox && is_bare_prefix(ns, name))
			return NULL;
		if (rest != NULL && (best == NULL || strlen(ns->prefix) >
				     strlen(best->prefix))) {
			best = ns;
			*rest_r = rest;
		}
	}
	return best;
}
