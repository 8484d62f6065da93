/*
 * Run a program again and again, one after the other, each with the same
 * message on standard input: what a delivery agent costs that an MTA starts
 * for each mail.
 *
 * spawn RUNS MESSAGE PROGRAM [ARG...]: prints "rate=", runs per second; ends
 * with status 1 when one fails.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int
run(const char *message, char **argv)
{
	posix_spawn_file_actions_t actions;
	int status = -1;
	pid_t pid;

	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, message,
					       O_RDONLY, 0);
	if (posix_spawn(&pid, argv[0], &actions, NULL, argv, environ) != 0 ||
	    waitpid(pid, &status, 0) != pid)
		status = -1;
	(void)posix_spawn_file_actions_destroy(&actions);
	return status;
}

int
main(int argc, char **argv)
{
	double start;
	long runs;

	if (argc < 4)
		return 64;
	runs = strtol(argv[1], NULL, 10);
	start = now();
	for (long i = 0; i < runs; i++) {
		int status = run(argv[2], argv + 3);

		if (status != 0) {
			(void)fprintf(stderr, "spawn: %s: status %d\n",
				      argv[3], status);
			return 1;
		}
	}
	printf("rate=%.1f\n", (double)runs / (now() - start));
	return 0;
}
