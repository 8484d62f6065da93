/*
 * The life of a worker, written once: inherit, set up, accept, serve, report,
 * end. A program hands over a struct service; service/fds.h says what
 * is inherited.
 */
#ifndef LOFT_SERVICE_SERVICE_H
#define LOFT_SERVICE_SERVICE_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "core/ip.h"
#include "service/fds.h"

struct conf;
struct err;

/* What a worker was asked to do, by signals or by the master's death. */
enum service_call {
	SERVICE_GO_ON = 0,
	SERVICE_YIELD,		/* at process_limit: end if idle over 5 s */
	SERVICE_RETIRE,		/* reload: finish the session, then exit */
	SERVICE_STOP,		/* stop: 421 unless a message is in hand */
	SERVICE_ORPHAN,		/* the master died: as STOP, within a second */
};

struct service_client {
	int fd_in, fd_out;	/* the same, but for pipes; owned by client() */
	struct ip local, remote;/* zero for unix sockets and pipes */
	in_port_t local_port, remote_port;
	pid_t peer_pid;		/* unix sockets: SO_PEERCRED, else 0 */
	uid_t peer_uid;
	const char *listener;	/* its name in the configuration */
	bool ssl, haproxy;	/* of the inet_listener */
};

struct service {
	const char *name;	/* "lmtp" */
	/* Once, before the first client (in the template; still with the ids
	   it was started with). -1 ends the process with status 89. */
	int (*init)(const struct conf *conf, struct err *err);
	/* One connection, from accept to close. */
	void (*client)(const struct conf *conf, struct service_client *client);
	bool own_log;		/* -L: write log files itself, with the
				   settings of its protocol */
	bool as_service_user;	/* be what `user` of the service says, root
				   where it says nothing; else root rests as
				   default_login_user */
};

/* Was this process started by the master? (Its descriptors are there.) */
bool service_inherited(void);

/* Serve until told to end; returns the exit status. Under the master. */
int service_run(const struct service *service);

/* What to pass to stream_watch(). */
int service_watch_fd(void);
const sigset_t *service_wait_mask(void);

/* The socket that a session may be receiving on, with a time limit (see
   stream_watch()): a signal that comes just before a receive ends it, too. -1:
   none. */
void service_wakes(int fd);

/* What the process has been asked so far; the strongest request counts.
   RETIRE, STOP and ORPHAN stay, YIELD is forgotten once read. */
enum service_call service_called(void);

#endif
