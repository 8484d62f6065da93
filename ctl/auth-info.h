/* What loftctl's commands about users share. */
#ifndef LOFT_CTL_AUTH_INFO_H
#define LOFT_CTL_AUTH_INFO_H

struct conf;
struct pool;
struct user_request;

/* -x NAME=VALUE: service, lip, rip, lport or rport. -1 for another name. The
   text must outlive the request. */
int auth_info_parse(const char *text, struct user_request *req);

/* The socket: what -a says, else the setting, below base_dir. In pool. */
const char *auth_socket(const struct conf *conf, const char *option,
			const char *setting, struct pool *pool);

/* "KIND: NAME" and the fields below, padded as doveadm does; first_name (may
   be NULL) stands in front of the others. */
void print_userdb(const char *kind, const char *name, const char *first_name,
		  const char *first_value, const char *const *fields);

#endif
