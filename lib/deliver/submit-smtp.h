/*
 * Mail by SMTP without TLS, spoken by this process itself. For deliver/ alone.
 */
#ifndef LOFT_DELIVER_SUBMIT_SMTP_H
#define LOFT_DELIVER_SUBMIT_SMTP_H

struct err;
struct submission;

/* secs is the longest wait for connecting, and for each answer. 0, or -1:
   with ERR_PERM the recipient or the mail was refused for good. */
int submit_smtp(const char *host, const char *port, unsigned secs,
		const struct submission *mail, struct err *err);

#endif
