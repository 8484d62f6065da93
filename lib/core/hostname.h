/*
 * The system's own name, where the setting `hostname` gives none.
 */
#ifndef LOFT_CORE_HOSTNAME_H
#define LOFT_CORE_HOSTNAME_H

/* The fully qualified name, else the short one; asked once per process. */
const char *hostname_system(void);

#endif
