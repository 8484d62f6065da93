/*
 * Scopes and the blocks that name them; see scope.h. A filter counts when
 * all of its chain fits; of two that fit the more specific one wins: first
 * by local name, then by the length of the local and of the remote network,
 * then by protocol, where a name says more than `!name`.
 */
#include "conf/scope.h"

#include <netdb.h>
#include <string.h>
#include <strings.h>

#include "conf/conf-private.h"
#include "core/pool.h"
#include "core/str.h"

const struct scope scope_global = { 0 };

const char *
conf_filter_word(enum conf_filter_kind kind)
{
	static const char *const words[] = {
		[FILTER_PROTOCOL] = "protocol", [FILTER_LOCAL] = "local",
		[FILTER_REMOTE] = "remote", [FILTER_LOCAL_NAME] = "local_name"
	};

	return words[kind];
}

/* The addresses of a host name, as Dovecot looks them up too. */
static bool
resolve(struct conf *conf, struct conf_filter *filter)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
	struct ip_net *nets;
	unsigned count = 0;

	if (getaddrinfo(filter->value, NULL, &hints, &list) != 0)
		return false;
	for (struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next)
		count++;
	nets = pool_new_array(conf->pool, struct ip_net, count);
	for (struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next) {
		nets[filter->net_count].ip = ip_from_sockaddr(ai->ai_addr,
							      NULL);
		nets[filter->net_count++].bits = 128;
	}
	freeaddrinfo(list);
	filter->nets = nets;
	return filter->net_count > 0;
}

static bool
filter_nets(struct conf *conf, struct conf_filter *filter, struct str *why)
{
	struct ip_net *net = pool_new_obj(conf->pool, struct ip_net);

	if (ip_net_parse(filter->value, net)) {
		filter->nets = net;
		filter->net_count = 1;
		return true;
	}
	if (filter->value[0] != '\0' && strchr(filter->value, '/') == NULL &&
	    resolve(conf, filter))
		return true;
	str_printf(why, "invalid address or network '%s'", filter->value);
	return false;
}

const struct conf_filter *
conf_filter_get(struct conf *conf, const struct conf_filter *parent,
		enum conf_filter_kind kind, const char *value,
		struct str *why)
{
	const char *key = pool_printf(conf->pool, "%u %d %s",
				      parent != NULL ? parent->number : 0,
				      (int)kind, value);
	struct conf_filter *filter;

	HASH_FIND_STR(conf->filters_by_key, key, filter);
	if (filter != NULL)
		return filter;
	filter = pool_new_obj(conf->pool, struct conf_filter);
	filter->parent = parent;
	filter->kind = kind;
	filter->value = pool_strdup(conf->pool, value);
	if ((kind == FILTER_LOCAL || kind == FILTER_REMOTE) &&
	    !filter_nets(conf, filter, why))
		return NULL;
	filter->key = key;
	filter->number = HASH_COUNT(conf->filters_by_key) + 1;
	HASH_ADD_KEYPTR(hh, conf->filters_by_key, key, strlen(key), filter);
	*conf->filters_end = filter;
	conf->filters_end = &filter->next;
	return filter;
}

static bool
in_nets(const struct conf_filter *filter, const struct ip *ip)
{
	for (unsigned i = 0; i < filter->net_count; i++) {
		if (ip_in_net(ip, &filter->nets[i]))
			return true;
	}
	return false;
}

bool
conf_protocol_fits(const char *value, const char *protocol)
{
	if (value == NULL)
		return true;
	if (protocol == NULL)
		return false;
	if (value[0] == '!')
		return strcmp(value + 1, protocol) != 0;
	return strcmp(value, protocol) == 0;
}

/* One of several names, "*.example.com" for one label in front of it. */
static bool
name_match(const char *names, const char *name)
{
	size_t len;

	if (name == NULL)
		return false;
	for (;; names += len) {
		const char *word, *rest = name;

		names += strspn(names, " ,");
		len = strcspn(names, " ,");
		if (len == 0)
			return false;
		word = names;
		if (len > 2 && strncmp(word, "*.", 2) == 0) {
			rest = strchr(name, '.');
			if (rest == NULL)
				continue;
			word++;
		}
		if (strlen(rest) == len - (size_t)(word - names) &&
		    strncasecmp(word, rest, strlen(rest)) == 0)
			return true;
	}
}

static bool
match_one(const struct conf_filter *filter, const struct scope *scope)
{
	switch (filter->kind) {
	case FILTER_PROTOCOL:
		return conf_protocol_fits(filter->value, scope->protocol);
	case FILTER_LOCAL:
		return in_nets(filter, &scope->local);
	case FILTER_REMOTE:
		return in_nets(filter, &scope->remote);
	case FILTER_LOCAL_NAME:
		return name_match(filter->value, scope->local_name);
	}
	return false;
}

bool
conf_filter_match(const struct conf_filter *filter, const struct scope *scope)
{
	for (; filter != NULL; filter = filter->parent) {
		if (!match_one(filter, scope))
			return false;
	}
	return true;
}

bool
conf_filter_may_match(const struct conf_filter *filter,
		      const struct scope *scope)
{
	for (; filter != NULL; filter = filter->parent) {
		bool named = filter->kind == FILTER_PROTOCOL ?
			scope->protocol != NULL :
			filter->kind == FILTER_LOCAL_NAME ?
			scope->local_name != NULL :
			filter->kind == FILTER_LOCAL ?
			ip_is_set(&scope->local) : ip_is_set(&scope->remote);

		if (named && !match_one(filter, scope))
			return false;
	}
	return true;
}

/* A name that a `local_name` block is for. */
static const char *
example_name(const char *names, struct pool *pool)
{
	size_t len;

	names += strspn(names, " ,");
	len = strcspn(names, " ,");
	return pool_printf(pool, "%s%.*s", *names == '*' ? "any" : "",
			   (int)len - (*names == '*'),
			   names + (*names == '*'));
}

static struct scope
example_scope(const struct conf_filter *filter, struct pool *pool)
{
	struct scope scope = { 0 };

	for (; filter != NULL; filter = filter->parent) {
		if (filter->kind == FILTER_PROTOCOL && *filter->value != '!')
			scope.protocol = filter->value;
		else if (filter->kind == FILTER_LOCAL && filter->net_count > 0)
			scope.local = filter->nets[0].ip;
		else if (filter->kind == FILTER_REMOTE &&
			 filter->net_count > 0)
			scope.remote = filter->nets[0].ip;
		else if (filter->kind == FILTER_LOCAL_NAME)
			scope.local_name = example_name(filter->value, pool);
	}
	return scope;
}

struct scope *
conf_scopes(const struct conf *conf, struct pool *pool, size_t *count_r)
{
	const struct conf_filter *filter;
	struct scope *scopes;
	size_t count = 0;

	for (filter = conf->filters; filter != NULL; filter = filter->next)
		count++;
	scopes = pool_new_array(pool, struct scope, count + 1);
	count = 0;
	for (filter = conf->filters; filter != NULL; filter = filter->next)
		scopes[count++] = example_scope(filter, pool);
	*count_r = count;
	return scopes;
}

struct rank {
	int names, local, remote, protocol;
};

static struct rank
filter_rank(const struct conf_filter *filter)
{
	struct rank rank = { 0, 0, 0, 0 };

	for (; filter != NULL; filter = filter->parent) {
		int bits = filter->net_count > 0 ?
			(int)filter->nets[0].bits + 1 : 0;

		switch (filter->kind) {
		case FILTER_PROTOCOL:
			rank.protocol += filter->value[0] == '!' ? 1 : 16;
			break;
		case FILTER_LOCAL:
			rank.local = bits > rank.local ? bits : rank.local;
			break;
		case FILTER_REMOTE:
			rank.remote = bits > rank.remote ? bits : rank.remote;
			break;
		case FILTER_LOCAL_NAME:
			rank.names += filter->value[0] == '*' ? 1 : 16;
			break;
		}
	}
	return rank;
}

int
conf_filter_cmp(const struct conf_filter *a, const struct conf_filter *b)
{
	struct rank ra, rb;

	if (a == b)
		return 0;
	ra = filter_rank(a);
	rb = filter_rank(b);
	if (ra.names != rb.names)
		return ra.names - rb.names;
	if (ra.local != rb.local)
		return ra.local - rb.local;
	if (ra.remote != rb.remote)
		return ra.remote - rb.remote;
	return ra.protocol - rb.protocol;
}
