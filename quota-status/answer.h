/*
 * The answer to a request: is there room in the recipient's mailbox?
 */
#ifndef LOFT_QUOTA_STATUS_ANSWER_H
#define LOFT_QUOTA_STATUS_ANSWER_H

struct conf;
struct err;
struct policy_request;
struct pool;

/* Read the settings; once, before the first request. */
int answer_init(const struct conf *conf, struct err *err);

/* What Postfix is to do: "OK", "554 5.2.2 …". Lives in pool. */
const char *answer_request(const struct policy_request *req,
			   struct pool *pool);

#endif
