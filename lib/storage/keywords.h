/*
 * Keywords of messages in a Maildir: letters a to z in the names of files,
 * and dovecot-keywords, which says what each stands for in this mailbox.
 */
#ifndef LOFT_STORAGE_KEYWORDS_H
#define LOFT_STORAGE_KEYWORDS_H

#include <stdbool.h>

struct err;
struct mailbox;
struct pool;
struct str;

enum { KEYWORDS_MAX = 26 };

/* What dovecot-keywords says; names live in a pool. */
struct keywords {
	const char *names[KEYWORDS_MAX];	/* NULL: free */
};

/* Can that be a keyword (an atom of IMAP)? */
bool keyword_valid(const char *name);

/* Lines "INDEX NAME"; others are passed over. */
void keywords_parse(const char *text, struct pool *pool, struct keywords *kw);
void keywords_print(const struct keywords *kw, struct str *out);

/* The index of a keyword, in any case of letters; -1: not there. */
int keywords_find(const struct keywords *kw, const char *name);

/* The same, and take the first free index for a new one; -1: none is free. */
int keywords_add(struct keywords *kw, const char *name, struct pool *pool);

/* The letters of these keywords (up to NULL) in this mailbox, sorted. New
   ones are written to dovecot-keywords, under the lock that Dovecot takes;
   beyond 26 they are left out, as are names that can't be. -1 with err. */
int maildir_keywords(const struct mailbox *box, const char *const *names,
		     char letters[KEYWORDS_MAX + 1], struct pool *pool,
		     struct err *err);

#endif
