/*
 * The title of a process in ps(1): written over its argument area, so that a
 * change costs no system call.
 */
#ifndef LOFT_SERVICE_PROCTITLE_H
#define LOFT_SERVICE_PROCTITLE_H

/* "loft/lmtp", or "loft-INSTANCE/lmtp"; the environment is copied away to
   make room. To be called once, before proctitle_set(). */
void proctitle_init(const char *instance_name, const char *service);

/* Add " [text]"; NULL or "" shows the name alone. Does nothing before
   proctitle_init(). */
void proctitle_set(const char *text);

#endif
