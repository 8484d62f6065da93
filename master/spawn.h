/*
 * Mechanism: execute a service's program with exactly the descriptors that
 * service/fds.h lists, and ask templates for workers.
 */
#ifndef LOFT_MASTER_SPAWN_H
#define LOFT_MASTER_SPAWN_H

struct err;
struct process;
struct service;
struct str;

/* The pipes, board and settings that its processes inherit; -1 with err. */
int spawn_prepare(struct service *service, struct err *err);
void spawn_release(struct service *service);

/* Execute the service's template, daemon or log process; it becomes
   service->main. -1 with err when nothing could be started. */
int spawn_main(struct service *service, struct err *err);

/* Ask the template for a worker, which counts from now on. -1 when there is
   no free slot or the template can't be asked. */
int spawn_worker(struct service *service);

#endif
