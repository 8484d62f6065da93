/*
 * What a child of the master finds at its start, made usable: settings,
 * listeners, log, title, privileges. Shared by the kinds of processes
 * (service.c, template.c, daemon.c); programs see service.h and daemon.h.
 */
#ifndef LOFT_SERVICE_INHERIT_H
#define LOFT_SERVICE_INHERIT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct board;
struct conf;
struct err;
struct process_settings;
struct service_settings;

enum listener_kind {
	LISTENER_UNIX,
	LISTENER_INET,
	LISTENER_FIFO,
	LISTENER_LOG,	/* the log process: read end of a service's pipe */
};

struct service_listener {
	enum listener_kind kind;
	int fd;
	bool ssl, haproxy;
	const char *name;	/* as configured; a log pipe: the service */
};

struct inherit {
	const char *service;	/* its name in the configuration */
	struct conf *conf;
	const struct process_settings *process;
	const struct service_settings *set;
	struct service_listener *listeners;
	unsigned listener_count;
	struct board *board;
	unsigned slot;		/* of an executed worker */
	uint64_t vsz_limit;	/* octets; UINT64_MAX: none */
};

/* The listeners as text for $LOFT_LISTENERS, and back. Entries are separated
   by tabs: "inet,ssl lmtp". The array is malloc'd, with the names in it. */
struct str;
void listeners_write(struct str *s, const struct service_listener *listeners,
		     unsigned count);
unsigned listeners_read(const char *text, struct service_listener **list_r);

/* Everything above; from then on log lines go to standard error, which is
   the service's log pipe. The struct's memory is kept until exit. */
int inherit_open(const char *name, struct inherit *in, struct err *err);

/* chroot and user of the service. An unset user leaves root as it is, unless
   rest: then it rests as default_login_user. */
int inherit_drop(const struct inherit *in, bool rest, struct err *err);

/* vsz_limit, for a process that serves. */
int inherit_limit(const struct inherit *in, struct err *err);

/* Own log files instead of the pipe (lmtp -L): open them with the settings
   of this protocol; reopened at SIGUSR1. */
int inherit_own_log(const struct inherit *in, struct err *err);
void inherit_reopen_log(void);

/* "NAME(PID): " in front of what the process itself logs. */
void inherit_log_prefix(const char *service);

/* The reports of a worker to the master, written to SERVICE_FD_STATUS. */
enum { REPORT_IDLE, REPORT_BUSY };

struct service_report {
	int32_t pid;
	uint32_t slot;
	uint32_t state;
};

/* The messages on SERVICE_FD_CONTROL: what the master asks of a template
   (start a worker in this slot), and what it or a daemon answers. */
enum { ANSWER_READY, ANSWER_SPAWNED, ANSWER_FAILED };

struct control_request {
	uint32_t slot;
};

struct control_answer {
	uint32_t kind;
	uint32_t slot;
	int32_t pid;		/* ANSWER_FAILED: errno */
};

int control_answer(uint32_t kind, uint32_t slot, int32_t pid);

/* Signals of the master: blocked, but in waits with service_wait_mask(). */
void service_signals_init(void);

/* Forget what the process was asked so far, in a worker just forked. */
void service_signals_reset(void);

/* status.c: this process has that slot of the board from now on. */
void status_init(struct board *board, unsigned slot, bool titles);

/* The life of one worker (service.c), and of a template, which returns only
   in a worker, with its slot; or ends the process. */
struct service;
int service_worker(const struct service *service, const struct inherit *in,
		   unsigned slot);
unsigned template_run(const struct inherit *in);

#endif
