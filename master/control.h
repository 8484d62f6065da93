/*
 * The control socket $base_dir/master (0600): one line asks, the answer is
 * "OK" or "FAIL" and further lines, then the end. service/control.c asks.
 */
#ifndef LOFT_MASTER_CONTROL_H
#define LOFT_MASTER_CONTROL_H

#include <stdbool.h>

struct control;
struct err;
struct master;
struct str;

/* The socket of m->now's base_dir. NULL with err. */
struct control *control_open(struct master *m, struct err *err);
/* One that is open already (after an upgrade). */
struct control *control_adopt(struct master *m, int fd);
int control_fd(const struct control *control);

void control_close(struct control **controlp);

/* Answer all who wait for the end of a reload; the lines say why not. */
void control_reloaded(struct control *control, bool done, const char *lines);

/* Answer all who wait for new log files. */
void control_log_reopened(struct control *control);

#endif
