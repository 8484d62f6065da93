/*
 * loft-send in parts: what it was told, its message, its recipients, and the
 * connection over which it hands them on.
 */
#ifndef LOFT_CTL_SEND_H
#define LOFT_CTL_SEND_H

#include <stdbool.h>
#include <sys/types.h>

#include "smtp/client.h"

struct err;
struct spool;
struct tls_context;

struct send_rcpt {
	const char *address;
	unsigned code;		/* 0: nothing is known about him yet */
	bool final;		/* told behind the message: it stays so */
	bool later;		/* too many for this transaction */
	char *words;		/* the reply, heap */
};

struct send_options {
	const char *socket, *host, *port, *command;
	const char *sender, *helo;
	unsigned timeout;	/* seconds, for each wait */
	bool smtp, verbose, quiet;
	bool bdat, ignore_quota, relay, qmail;
	unsigned batch_max;	/* recipients of a transaction; 0: any */
	bool tls, starttls, verify;
	const char *ca_file, *ca_dir;
};

/* Everything of one run; lives in main(). */
struct send {
	struct send_options opt;
	struct send_rcpt *rcpts;	/* heap */
	unsigned rcpt_count;

	struct spool *message;
	bool message_8bit;

	int fd;			/* the client's stream owns it */
	struct smtp_client client;	/* no stream: not connected */
	struct tls_context *tls_context;
	pid_t command_pid;		/* 0: none */
};

/* EX_OK, or the status to end with (all was said); -1: end well. */
int send_options_parse(struct send *s, int argc, char *argv[]);

/* The message, from standard input. */
int send_message_read(struct send *s, struct err *err);

/* Give it to the server: behind 354, or as one chunk. */
int send_message_text(struct send *s, struct err *err);
int send_message_chunk(struct send *s, struct err *err);

/* Connect; TLS where it comes first. */
int send_connect(struct send *s, struct err *err);

/* Greeting, LHLO, STARTTLS. */
int send_greet(struct send *s, struct err *err);
int send_start_tls(struct send *s, struct err *err);
void send_disconnect(struct send *s);

/* All recipients, in as many transactions as are needed. -1: the connection
   is lost; results that were told stay. */
int send_transactions(struct send *s, struct err *err);

/* Those about whom nothing final is known. */
void send_set_results(struct send *s, unsigned code, const char *words);

/* Pass a session on instead; an exit status. */
int send_relay(struct send *s);

/* With --verbose. */
void send_show(char direction, const char *line, size_t len);

#endif
