/*
 * A look at the listeners; see listeners.h. The sockets themselves say where
 * they are bound, whatever names and defaults led there.
 */
#include "lmtp/listeners.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "core/ip.h"
#include "core/log.h"
#include "lmtp/lmtp-settings.h"
#include "service/inherit.h"

/* Do only this host's own processes, or proxies we trust, get there? */
static bool
is_private(const struct service_listener *listener, struct ip *ip_r,
	   in_port_t *port_r)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	if (listener->kind != LISTENER_INET || listener->haproxy ||
	    getsockname(listener->fd, (struct sockaddr *)&sa, &len) != 0)
		return true;
	*ip_r = ip_from_sockaddr((struct sockaddr *)&sa, port_r);
	return ip_in_list(ip_r, "127.0.0.0/8 ::1");
}

void
lmtp_listeners_warn(const struct lmtp_settings *set)
{
	static struct service_listener *list;
	const char *text = getenv("LOFT_LISTENERS");
	char buf[IP_TEXT_MAX];
	in_port_t port;
	unsigned count;
	struct ip ip;

	if (text == NULL || *set->lmtp_trusted_ips != '\0' ||
	    set->lmtp_require_tls)
		return;
	count = listeners_read(text, &list);
	for (unsigned i = 0; i < count; i++) {
		if (list[i].ssl || is_private(&list[i], &ip, &port))
			continue;
		log_warning(&log_process, "inet_listener %s: strangers can "
			    "reach port %u of %s without TLS; set "
			    "lmtp_trusted_ips or lmtp_require_tls, or another "
			    "address", list[i].name, (unsigned)port,
			    *ip_text(&ip, buf) != '\0' ? buf : "all addresses");
	}
}
