/*
 * The template of a service: it has loaded everything a worker needs and
 * forks workers when the master asks. clone3(CLONE_PARENT) makes them the
 * master's children, so the master reaps them. It has no event loop and no
 * threads, talks to the master alone, and never touches a client.
 */
#include <errno.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/err.h"
#include "core/log.h"
#include "service/inherit.h"
#include "service/process-settings.h"
#include "service/proctitle.h"
#include "service/service.h"

static void
rename_process(const char *name)
{
	/* Only what ps shows; the kernel cuts it at 15 octets. */
	(void)prctl(PR_SET_NAME, name, 0, 0, 0);
}

/* Like fork(), but the child is the master's. Atfork handlers don't run. */
static pid_t
fork_for_master(void)
{
	struct clone_args args = {
		.flags = CLONE_PARENT,
		/* 0 is a must here: the child signals as the template does,
		   with SIGCHLD. */
		.exit_signal = 0,
	};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static bool
become_worker(const struct inherit *in)
{
	struct err err;

	(void)close(SERVICE_FD_CONTROL);
	rename_process(in->service);
	inherit_log_prefix(in->service);
	service_signals_reset();
	proctitle_init(in->process->instance_name, in->service);
	if (inherit_limit(in, &err) < 0) {
		log_fatal(&log_process, "%s", err.text);
		return false;
	}
	return true;
}

/* Wait for a request; false when the master, or what it said, is the end. */
static bool
read_request(struct control_request *request)
{
	for (;;) {
		struct pollfd fds[2] = {
			{ SERVICE_FD_CONTROL, POLLIN, 0 },
			{ SERVICE_FD_MASTER, POLLIN, 0 },
		};
		int n = ppoll(fds, 2, NULL, service_wait_mask());

		if (n < 0 && errno != EINTR)
			return false;
		if (service_called() > SERVICE_YIELD)
			return false;
		if (n <= 0 || fds[0].revents == 0)
			continue;
		return recv(SERVICE_FD_CONTROL, request, sizeof(*request),
			    MSG_DONTWAIT) == sizeof(*request);
	}
}

unsigned
template_run(const struct inherit *in)
{
	struct control_request request;
	char name[64];

	(void)snprintf(name, sizeof(name), "%s-template", in->service);
	rename_process(name);
	proctitle_init(in->process->instance_name, name);
	if (control_answer(ANSWER_READY, 0, 0) < 0)
		exit(EXIT_FAILURE);
	while (read_request(&request)) {
		pid_t pid = fork_for_master();

		if (pid == 0) {
			if (!become_worker(in))
				exit(EXIT_FAILURE);
			return request.slot;
		}
		if (pid < 0) {
			int cause = errno;

			log_error(&log_process, "clone3() failed: %s",
				  strerror(cause));
			(void)control_answer(ANSWER_FAILED, request.slot,
					     cause);
			continue;
		}
		if (control_answer(ANSWER_SPAWNED, request.slot, pid) < 0)
			break;
	}
	exit(EXIT_SUCCESS);
}
