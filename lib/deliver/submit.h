/*
 * Sending mail that Loft makes itself: through submission_host where it is
 * set, else with the program sendmail_path names. That program gets nothing of
 * this process but the message: ids that can't climb back, a clean
 * environment, default signals, no descriptors.
 */
#ifndef LOFT_DELIVER_SUBMIT_H
#define LOFT_DELIVER_SUBMIT_H

#include <stdbool.h>

struct deliver_settings;
struct err;
struct str;

struct submission {
	const char *sender;		/* envelope; "" is the null sender */
	const char *recipient;
	const struct str *message;	/* with LF line ends */
	const char *hostname;		/* what to call ourselves */
};

/* Is there a way to send mail? (A look at the settings and at the program;
   nothing is tried.) */
bool submit_possible(const struct deliver_settings *set);

/* Send it, within submission_timeout. A process that can change its ids must
   rest as somebody unprivileged: as him the program runs. 0, or -1: with
   ERR_PERM the recipient or the mail was refused for good. */
int submit_mail(const struct deliver_settings *set,
		const struct submission *mail, struct err *err);

#endif
