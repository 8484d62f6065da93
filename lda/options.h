/*
 * loft-lda's command line: dovecot-lda's options, judged as it judges them.
 */
#ifndef LOFT_LDA_OPTIONS_H
#define LOFT_LDA_OPTIONS_H

#include <stdbool.h>

struct pool;

enum { LDA_OVERRIDES_MAX = 64 };

struct lda_options {
	const char *config, *user_name, *mailbox, *path;
	const char *sender;		/* -f; NULL: not given */
	const char *orig_rcpt, *rcpt;	/* -a, -r */
	bool refuse_with_status;	/* -e */
	const char *overrides[LDA_OVERRIDES_MAX];	/* -o */
	unsigned override_count;
};

/* Fill in what is given; what isn't stays as it is. 0, or the status to end
   with; the reason is told then. Addresses live in pool. */
int lda_options_parse(struct lda_options *opt, int argc, char **argv,
		      struct pool *pool);

#endif
