/* Connections that come through a proxy (io/haproxy.h). */
#ifndef LOFT_SERVICE_HAPROXY_SETTINGS_H
#define LOFT_SERVICE_HAPROXY_SETTINGS_H

#include "conf/settings.h"

#define HAPROXY_SETTINGS(X) \
	X(STR, haproxy_trusted_networks, "", \
	  "Proxies that may connect to listeners with haproxy = yes.") \
	X(TIME, haproxy_timeout, "3 secs", \
	  "Longest wait for a proxy's header.")

SETTINGS_STRUCT(haproxy_settings, HAPROXY_SETTINGS);

#endif
