/* What `loftctl process status` and `service status` show. */
#ifndef LOFT_MASTER_LISTS_H
#define LOFT_MASTER_LISTS_H

struct master;
struct str;

/* Lines of values with tabs between; the first line names the columns. */
void list_processes(const struct master *m, struct str *lines);
void list_services(const struct master *m, struct str *lines);

#endif
