/*
 * Listeners as the configuration describes them: sections into struct
 * listener, addresses and names resolved, nothing opened.
 */
#include "master/listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/scope.h"
#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "master/master-settings.h"
#include "master/master.h"
#include "service/priv.h"
#include "service/process-settings.h"
#include "service/service-settings.h"
#include "service/users.h"

static const char *
section_of(const struct service *service, const char *kind, const char *name)
{
	struct pool *pool = service->generation->pool;

	return pool_printf(pool, "service/%s/%s/%s",
			   conf_escape_name(service->name, pool), kind,
			   conf_escape_name(name, pool));
}

/* "FILE line N: " of a setting in this section, of the section itself where
   key is "". */
static const char *
where(const struct generation *gen, const char *section, const char *key)
{
	return conf_where(gen->conf, &scope_global,
			  pool_printf(gen->pool, "%s/%s", section, key),
			  gen->pool);
}

static struct listener *
listener_add(struct service *service, enum listener_kind kind,
	     const char *section, const char *name)
{
	struct listener *l = pool_new_obj(service->generation->pool,
					  struct listener);

	l->service = service;
	l->kind = kind;
	l->name = name;
	l->where = where(service->generation, section, "");
	l->fd = -1;
	TAILQ_INSERT_TAIL(&service->listeners, l, link);
	service->listener_count++;
	return l;
}

/* Give the listener its key; a second one of that key is dropped, and told
   when it belongs to another. */
static void
set_key(struct listener *l, const char *key, struct str *errors)
{
	struct service *service = l->service;
	const struct listener *other = listeners_find(service->generation, key);

	/* This service isn't part of the generation yet. */
	if (other == NULL)
		other = listeners_find_in(service, key);
	if (other == NULL) {
		l->key = key;
		return;
	}
	if (other->service != service || strcmp(other->name, l->name) != 0)
		str_printf(errors, "%sservice(%s): listener %s: %s is already "
			   "the address of listener %s of service(%s)\n",
			   l->where, service->name, l->name, key, other->name,
			   other->service->name);
	TAILQ_REMOVE(&service->listeners, l, link);
	service->listener_count--;
}

/* Only root can give a socket away. As in Dovecot, a user alone doesn't
   choose the group. What is wrong with either is told. */
static bool
find_owner(const struct generation *gen, const char *section,
	   const struct unix_listener_settings *set, const char *what,
	   struct listener *l, struct str *errors)
{
	bool root = geteuid() == 0, ok = true;
	struct priv_ids user = { 0 }, group = { 0 };
	struct err err;

	/* Group 0: a uid without a name has no group of its own. */
	if (users_find(gen->conf, root ? set->user : "",
		       root && *set->user != '\0' ? "0" : "", gen->pool,
		       &user, &err) < 0) {
		users_tell(where(gen, section, "user"), what, set->user, &err,
			   errors);
		ok = false;
	}
	if (users_find(gen->conf, "", root ? set->group : "", gen->pool,
		       &group, &err) < 0) {
		users_tell(where(gen, section, "group"), what, set->group,
			   &err, errors);
		ok = false;
	}
	l->uid = user.uid;
	l->gid = group.gid;
	return ok;
}

static void
configure_path(struct service *service, enum listener_kind kind,
	       const char *name, struct str *errors)
{
	const struct generation *gen = service->generation;
	const char *section = section_of(service, kind == LISTENER_FIFO ?
					 "fifo_listener" : "unix_listener",
					 name);
	struct err err;
	const struct unix_listener_settings *set = settings_get(gen->conf,
		&scope_global, section, &unix_listener_settings_info, NULL,
		gen->pool, &err);
	struct listener owner = { 0 }, *l;

	if (set == NULL) {
		str_printf(errors, "%s: %s\n", section, err.text);
		return;
	}
	if (set->mode == 0)
		return;
	if (!find_owner(gen, section, set,
			pool_printf(gen->pool, "service(%s): unix_listener %s",
				    service->name, name), &owner, errors))
		return;
	l = listener_add(service, kind, section, name);
	l->mode = set->mode & 0777;
	l->uid = owner.uid;
	l->gid = owner.gid;
	l->path = *name == '/' ? name : pool_printf(gen->pool, "%s/%s",
		gen->process->base_dir, name);
	if (kind == LISTENER_UNIX && strlen(l->path) >=
	    sizeof(((struct sockaddr_un *)0)->sun_path))
		str_printf(errors, "%sservice(%s): unix_listener %s: the path "
			   "is too long (%zu octets, %zu at most)\n",
			   l->where, service->name, name, strlen(l->path),
			   sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
	set_key(l, pool_printf(gen->pool, "%s:%s", kind == LISTENER_FIFO ?
			       "fifo" : "unix", l->path), errors);
}

int
listen_addresses(const char *word, unsigned port,
		 void (*found)(void *arg, const struct sockaddr *sa,
			       unsigned len), void *arg, struct err *err)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
	};
	char service[16], name[256];
	struct addrinfo *list;
	size_t len = strlen(word);
	int error;

	(void)snprintf(service, sizeof(service), "%u", port);
	if (len > 2 && word[0] == '[' && word[len - 1] == ']')
		(void)snprintf(name, sizeof(name), "%.*s", (int)len - 2,
			       word + 1);
	else
		(void)snprintf(name, sizeof(name), "%s",
			       strcmp(word, "*") == 0 ? "0.0.0.0" : word);
	error = getaddrinfo(name, service, &hints, &list);
	if (error != 0)
		return err_set(err, ERR_CONFIG, "address %s: %s", word,
			       error == EAI_SYSTEM ? strerror(errno) :
			       gai_strerror(error));
	for (struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next)
		found(arg, ai->ai_addr, ai->ai_addrlen);
	freeaddrinfo(list);
	return 0;
}

struct inet_context {
	struct service *service;
	const char *section, *name;
	const struct inet_listener_settings *set;
	bool by_default;	/* the word stands in `listen` */
	struct str *errors;
};

static void
inet_found(void *arg, const struct sockaddr *sa, unsigned len)
{
	struct inet_context *ctx = arg;
	struct pool *pool = ctx->service->generation->pool;
	struct listener *l = listener_add(ctx->service, LISTENER_INET,
					  ctx->section, ctx->name);
	char host[NI_MAXHOST] = "?";

	if (len > sizeof(l->sa))
		len = sizeof(l->sa);
	memcpy(&l->sa, sa, len);
	l->sa_len = len;
	l->ssl = ctx->set->ssl;
	l->haproxy = ctx->set->haproxy;
	l->reuse_port = ctx->set->reuse_port;
	(void)getnameinfo(sa, len, host, sizeof(host), NULL, 0,
			  NI_NUMERICHOST);
	l->may_fail = ctx->by_default && strcmp(host, "::") == 0;
	set_key(l, pool_printf(pool, sa->sa_family == AF_INET6 ?
			       "inet:[%s]:%u" : "inet:%s:%u", host,
			       ctx->set->port), ctx->errors);
}

static void
configure_inet(struct service *service, const char *name, struct str *errors)
{
	struct generation *gen = service->generation;
	struct err err;
	const char *section = section_of(service, "inet_listener", name);
	const struct inet_listener_settings *set = settings_get(gen->conf,
		&scope_global, section, &inet_listener_settings_info, NULL,
		gen->pool, &err);
	struct inet_context ctx = {
		service, section, name, set, false, errors
	};
	char *words, *word;

	if (set == NULL) {
		str_printf(errors, "service(%s): inet_listener %s: %s\n",
			   service->name, name, err.text);
		return;
	}
	if (set->port == 0)
		return;
	ctx.by_default = *set->address == '\0';
	words = pool_strdup(gen->pool, ctx.by_default ? gen->set->listen :
			    set->address);
	while ((word = strsep(&words, ", \t")) != NULL) {
		if (*word != '\0' &&
		    listen_addresses(word, set->port, inet_found, &ctx,
				     &err) < 0)
			str_printf(errors, "%sservice(%s): inet_listener %s: "
				   "%s\n", ctx.by_default ?
				   conf_where(gen->conf, &scope_global,
					      "listen", gen->pool) :
				   where(gen, section, "address"),
				   service->name, name, err.text);
	}
}

static const char **
listener_names(const struct service *service, const char *kind)
{
	const struct generation *gen = service->generation;
	const char *path = pool_printf(gen->pool, "service/%s/%s",
		conf_escape_name(service->name, gen->pool), kind);
	const char **names = conf_names(gen->conf, &scope_global, path,
					gen->pool);

	for (const char **name = names; *name != NULL; name++)
		*name = conf_unescape_name(*name, gen->pool);
	return names;
}

/* Dovecot's processes write their statistics there; ours have no use for
   it. */
static bool
is_bound(const char *name)
{
	return strcmp(name, "stats-writer") != 0 &&
		strcmp(name, "stats-reader") != 0;
}

void
listeners_configure(struct service *service, struct str *errors)
{
	const char **names = listener_names(service, "unix_listener");

	for (; *names != NULL; names++) {
		if (is_bound(*names))
			configure_path(service, LISTENER_UNIX, *names,
				       errors);
	}
	names = listener_names(service, "fifo_listener");
	for (; *names != NULL; names++)
		configure_path(service, LISTENER_FIFO, *names, errors);
	names = listener_names(service, "inet_listener");
	for (; *names != NULL; names++)
		configure_inet(service, *names, errors);
}
