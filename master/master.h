/*
 * What the master's files share. A generation is all that follows from one
 * reading of the configuration: settings, services, listeners. A reload makes
 * a new one beside the old and swaps them when it stands.
 */
#ifndef LOFT_MASTER_MASTER_H
#define LOFT_MASTER_MASTER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <uthash.h>

#include "service/inherit.h"

struct board;
struct conf;
struct control;
struct log_settings;
struct loop;
struct loop_io;
struct loop_signal;
struct loop_timer;
struct master_settings;
struct pool;
struct priv_ids;
struct process_settings;
struct service_settings;

struct listener {
	TAILQ_ENTRY(listener) link;
	struct service *service;
	enum listener_kind kind;
	const char *name;	/* as configured */
	const char *where;	/* "FILE line N: "; "" where nobody wrote it */
	const char *key;	/* "unix:/path", "inet:127.0.0.1:24" */
	const char *path;	/* unix, fifo: absolute */
	mode_t mode;
	uid_t uid;
	gid_t gid;
	struct sockaddr_storage sa;	/* inet */
	socklen_t sa_len;
	bool ssl, haproxy, reuse_port;
	bool may_fail;		/* "::" where the kernel has no IPv6 */
	bool taken;		/* fd is the old generation's until commit */
	int fd;			/* -1: not open */
	struct loop_io *io;	/* while no worker is idle */
};
TAILQ_HEAD(listener_list, listener);

enum service_kind {
	KIND_WORKERS,	/* a template forks workers, one client each */
	KIND_DAEMON,	/* one process for all clients (auth, stats) */
	KIND_LOG,	/* the log process */
};

/* A pipe of log lines, by service name; it outlives generations. */
struct log_pipe {
	TAILQ_ENTRY(log_pipe) link;
	const char *name;
	int fds[2];
};
TAILQ_HEAD(log_pipe_list, log_pipe);

enum process_kind { PROCESS_WORKER, PROCESS_TEMPLATE, PROCESS_DAEMON,
	PROCESS_LOG };
enum process_state { PROCESS_STARTING, PROCESS_IDLE, PROCESS_BUSY };

struct process {
	UT_hash_handle hh;	/* by pid, in struct master */
	TAILQ_ENTRY(process) link;	/* in its service */
	pid_t pid;		/* 0: a worker not yet born */
	struct service *service;	/* may be of an old generation */
	char name[32];		/* of the service, for log lines */
	enum process_kind kind;
	enum process_state state;
	unsigned slot;
	int64_t since;		/* of the state, clock_ms() */
	bool served;		/* it was of use: no pause after its death */
	bool told;		/* asked to end: its death is no news */
	int64_t yield_at;	/* when it was asked to yield last */
	struct process *parent;	/* the template asked for it; until it has
				   answered */
	int control_fd;		/* templates and daemons; -1 else */
	struct loop_io *control_io;
};
TAILQ_HEAD(process_list, process);

struct service {
	TAILQ_ENTRY(service) link;
	struct generation *generation;
	const char *name;
	enum service_kind kind;
	bool tls;		/* the snapshot has the keys */
	const struct service_settings *set;
	char **argv;		/* the program, absolute, and arguments */
	unsigned process_limit, client_limit, idle_kill;
	uint64_t vsz_limit;
	struct listener_list listeners;
	unsigned listener_count;

	/* Running. */
	struct log_pipe *log;
	int snapshot_fd;
	int status_fds[2];
	struct loop_io *status_io;
	struct board *board;
	struct process **slots;	/* who has it; process_limit of them */
	struct process *main;	/* template, daemon or log process */
	struct process_list workers;
	unsigned worker_count, idle_count;	/* idle includes starting */
	bool restart_template;	/* a worker died by a signal */
	unsigned pause_ms;	/* after a death at birth; 0: none */
	struct loop_timer *pause_timer;
	bool pausing;
	struct loop_timer *idle_timer, *limit_timer;
	struct loop_timer *birth_timer;	/* somebody isn't born yet */
	struct loop_timer *look_timer;	/* does a client wait in vain? */
	struct loop_timer *rest_timer;	/* until reports are read again */
	int64_t spawned_at;	/* when the last worker was asked for */
	bool limited;		/* clients wait at process_limit */
	bool limit_told;
	int64_t limit_told_at;
	unsigned long limit_count, process_total;
};
TAILQ_HEAD(service_list, service);

struct generation {
	TAILQ_ENTRY(generation) link;	/* in master.old */
	struct master *master;
	struct pool *pool;
	struct conf *conf;
	const struct master_settings *set;
	const struct process_settings *process;
	const struct log_settings *log;
	struct service_list services;
	struct renew_file *renew_files;	/* renew.c: renew_count of them */
	unsigned renew_count;
	char **environment;	/* of children, without LOFT_… */
	unsigned process_count;	/* that live; the last one frees an old
				   generation */
};

TAILQ_HEAD(generation_list, generation);

struct master {
	struct loop *loop;
	const char *config_file;
	const char *program;	/* to execute anew, absolute */
	struct stat program_stat;	/* of what runs */
	char **argv;
	bool foreground;
	int64_t started;
	struct generation *now, *next;	/* next: while reloading */
	struct generation_list old;	/* some of their processes live */
	struct process *processes;	/* all children, by pid */
	struct log_pipe_list log_pipes;
	struct log_pipe *log;		/* our own lines */
	int alive_fds[2];	/* children see its end when we are gone */
	int pid_fd;
	pid_t dead_pid;		/* of a master that was killed; 0: none */
	char *pid_path;
	int ready_fd;		/* the waiting parent of a daemon; -1 */
	struct control *control;
	struct loop_timer *start_timer;	/* start or reload takes too long */
	bool finishing;		/* a reload is done but for its answer */
	struct loop_timer *stop_timer;
	bool starting, stopping, killing;
	struct loop_timer *renew_timer;
	bool renewing;		/* a reload of what was in force anyway */
	bool reload_again;	/* asked while one was under way */
	int status;		/* of exit */
	struct loop_signal *signals[8];
};

/* services.c: a generation out of a configuration, which it takes over. NULL
   with lines in errors. Nothing is opened. */
struct str;
struct generation *generation_new(struct master *master, struct conf *conf,
				  struct str *errors, struct str *warnings);
void generation_free(struct generation **gp);

/* life.c: what the master does next, when process.c saw a change. */
void life_ready(struct process *p);
void life_failed(struct service *service);
void life_gone(struct master *m);
void life_born(struct master *m);	/* a worker of whatever generation */

/* Orders, from signals and the control socket. A reload that is refused adds
   the reasons, one line each; one that goes on is answered later, through
   control_reloaded(). */
bool life_start(struct master *m, struct generation *gen, struct str *errors);
bool life_reload(struct master *m, struct str *errors);

/* The configuration that is in force, again, with the files that it names as
   they are now. What else has changed on disk waits for a reload. */
void life_renew(struct master *m);
void life_resume(struct master *m);	/* after an upgrade */
void life_stop(struct master *m);
void life_reopen_logs(struct master *m);

#endif
