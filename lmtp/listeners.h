/*
 * A look at the listeners at start.
 */
#ifndef LOFT_LMTP_LISTENERS_H
#define LOFT_LMTP_LISTENERS_H

struct lmtp_settings;

/* Warn of those that strangers can reach and speak to in plain. Does nothing
   in a process that the master hasn't started. */
void lmtp_listeners_warn(const struct lmtp_settings *set);

#endif
