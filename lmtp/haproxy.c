/*
 * Clients behind a proxy; see haproxy.h. This comes before everything that
 * depends on the client's address.
 */
#include "lmtp/haproxy.h"

#include <stddef.h>

#include "conf/scope.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/ip.h"
#include "core/log.h"
#include "core/pool.h"
#include "io/haproxy.h"
#include "service/haproxy-settings.h"
#include "service/service.h"
#include "service/status.h"

/* Asked before the client's address is known, so these serve all clients. */
static struct {
	struct pool *pool;	/* of set */
	const struct haproxy_settings *set;
} proxy;

int
lmtp_haproxy_init(const struct conf *conf, struct err *err)
{
	const struct scope scope = { .protocol = "lmtp" };

	proxy.pool = pool_new();
	proxy.set = settings_get(conf, &scope, "", &haproxy_settings_info,
				 NULL, proxy.pool, err);
	return proxy.set != NULL ? 0 : -1;
}

static bool
goes_on(void)
{
	return service_called() < SERVICE_STOP;
}

bool
lmtp_haproxy_accept(struct service_client *client)
{
	const struct haproxy_settings *set = proxy.set;
	char peer[IP_TEXT_MAX];
	struct haproxy h;
	struct err err;

	(void)ip_text(&client->remote, peer);
	status_set(STATUS_SESSION, NULL, peer, "PROXY");
	if (!ip_in_list(&client->remote, set->haproxy_trusted_networks)) {
		log_error(&log_process, "haproxy: Client not trusted (rip=%s)",
			  peer);
		return false;
	}
	if (haproxy_read(client->fd_in,
			 deadline_in((int64_t)set->haproxy_timeout * 1000),
			 goes_on, &h, &err) < 0) {
		log_error(&log_process, "haproxy: %s (rip=%s)", err.text,
			  peer);
		return false;
	}
	if (h.proxied) {
		client->remote = h.source;
		client->remote_port = h.source_port;
		client->local = h.dest;
		client->local_port = h.dest_port;
	}
	return true;
}
