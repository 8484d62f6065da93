/* Every command's entry; each is defined in its ctl/cmd-*.c. */
#ifndef LOFT_CTL_COMMANDS_H
#define LOFT_CTL_COMMANDS_H

struct ctl_command;

extern const struct ctl_command cmd_config;
extern const struct ctl_command cmd_error;
extern const struct ctl_command cmd_reload, cmd_stop;
extern const struct ctl_command cmd_process_status, cmd_service_status;
extern const struct ctl_command cmd_log_find, cmd_log_reopen;
extern const struct ctl_command cmd_quota_get, cmd_quota_recalc;
extern const struct ctl_command cmd_rawlog;
extern const struct ctl_command cmd_who;
extern const struct ctl_command cmd_user;
extern const struct ctl_command cmd_auth_cache_flush, cmd_auth_lookup,
	cmd_auth_test;

#endif
