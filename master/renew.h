/*
 * Certificates that are renewed: the files behind `<path` values of ssl_*
 * settings are looked at now and then. When one has changed, and stays as it
 * is until the next look, the same configuration is loaded anew with them.
 */
#ifndef LOFT_MASTER_RENEW_H
#define LOFT_MASTER_RENEW_H

struct generation;
struct master;

/* Note the files of a generation as they are, before they are read. */
void renew_note(struct generation *gen);

/* Look from now on. */
void renew_start(struct master *m);

#endif
