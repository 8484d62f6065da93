/* Commands that ask the running master (ctl/cmd-service.c). */
#ifndef LOFT_CTL_MASTER_H
#define LOFT_CTL_MASTER_H

struct ctl;
struct str;

/* CTL_OK with the answer's lines; else a status, after telling the trouble
   (a refusal's reasons are in answer). */
int ctl_ask_master(struct ctl *ctl, const char *question, struct str *answer);

#endif
