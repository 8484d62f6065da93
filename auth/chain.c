/*
 * The chains: which passdb or userdb is asked next, and what their results
 * mean together. The rules (result_success, result_failure,
 * result_internalfail, skip) are Dovecot's. Trouble in one database is not
 * forgotten: a user that no other one knows is then not "unknown".
 */
#include <string.h>
#include <strings.h>

#include "auth/auth-settings.h"
#include "auth/auth.h"
#include "auth/cache.h"
#include "auth/password.h"
#include "auth/request.h"
#include "conf/scope.h"
#include "core/err.h"
#include "core/ip.h"
#include "core/pool.h"
#include "user/wire.h"

/* Where a chain stands. */
struct chain {
	bool success;		/* so far */
	bool trouble;		/* seen anywhere */
	bool ended;		/* a return rule was met */
	enum auth_result failure;	/* the last one */
};

static void
apply_rule(struct chain *chain, const char *rule)
{
	if (strncmp(rule, "return", 6) == 0)
		chain->ended = true;
	if (strcmp(rule, "return-ok") == 0 || strcmp(rule, "continue-ok") == 0)
		chain->success = true;
	if (strcmp(rule, "return-fail") == 0 ||
	    strcmp(rule, "continue-fail") == 0)
		chain->success = false;
}

static void
note(struct chain *chain, enum auth_result result, const char *success,
     const char *failure, const char *internalfail)
{
	switch (result) {
	case AUTH_OK:
		apply_rule(chain, success);
		break;
	case AUTH_TROUBLE:
		chain->trouble = true;
		apply_rule(chain, internalfail);
		break;
	case AUTH_UNKNOWN:
	case AUTH_MISMATCH:
	case AUTH_REFUSED:
		chain->failure = result;
		apply_rule(chain, failure);
		break;
	}
}

static enum auth_result
chain_result(const struct chain *chain)
{
	if (chain->success)
		return AUTH_OK;
	if (chain->trouble)
		return AUTH_TROUBLE;
	return chain->failure;
}

/* default_fields and override_fields: words of name=value, divided by blanks,
   each with variables. */
static bool
add_field_words(struct auth_request *req, const char *text, const char *driver,
		bool replace,
		void (*add)(struct auth_request *req, const char *name,
			    const char *value, bool replace))
{
	char *rest = pool_strdup(req->pool, text), *word;

	while ((word = strsep(&rest, " \t")) != NULL) {
		char *value = strchr(word, '=');
		const char *expanded = NULL;

		if (*word == '\0')
			continue;
		if (value != NULL) {
			*value++ = '\0';
			expanded = auth_request_expand(req, value, driver);
			if (expanded == NULL)
				return false;
		}
		add(req, word, expanded, replace);
	}
	return true;
}

static bool
chosen_verbose(const struct auth_request *req, const char *choice)
{
	if (strcmp(choice, "default") == 0)
		return req->auth->set->auth_verbose;
	return strcmp(choice, "yes") == 0;
}

/* Log what a database's lookup came to. */
static void
tell(struct auth_request *req, const char *driver, enum auth_result result)
{
	if (result == AUTH_UNKNOWN)
		auth_request_info(req, driver, "unknown user");
	else if (result == AUTH_MISMATCH)
		auth_request_info(req, driver, "Password mismatch");
	else if (result == AUTH_REFUSED)
		auth_request_info(req, driver, "refused");
}

/* --- passdb --- */

static bool
word_in(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*list != '\0') {
		size_t n = strcspn(list, ", \t");

		if (n == len && strncasecmp(list, word, len) == 0)
			return true;
		list += n;
		list += strspn(list, ", \t");
	}
	return false;
}

/* username_filter: masks, those with '!' exclude. */
static bool
filter_lets_in(struct auth_request *req, const char *filter)
{
	char *rest = pool_strdup(req->pool, filter), *mask;
	bool have_positive = false, fits = false;

	while ((mask = strsep(&rest, ", \t")) != NULL) {
		if (*mask == '\0')
			continue;
		if (*mask == '!') {
			if (wire_match(mask + 1, req->user))
				return false;
			continue;
		}
		have_positive = true;
		fits = fits || wire_match(mask, req->user);
	}
	return fits || !have_positive;
}

static bool
passdb_skipped(struct auth_request *req, const struct passdb *passdb,
	       const struct chain *chain)
{
	const struct auth_passdb_settings *set = passdb->set;

	if (set->master)
		return true;
	if (strcmp(set->skip, "authenticated") == 0 && chain->success)
		return true;
	if (strcmp(set->skip, "unauthenticated") == 0 && !chain->success)
		return true;
	if (*set->mechanisms != '\0' &&
	    !word_in(set->mechanisms, req->mech != NULL ? req->mech : "none"))
		return true;
	return *set->username_filter != '\0' &&
		!filter_lets_in(req, set->username_filter);
}

/* allow_nets counts for logins, not for lookups. */
static enum auth_result
check_allow_nets(struct auth_request *req, const char *driver)
{
	const char *nets = fields_find(&req->passdb, "allow_nets");
	const char *rip = auth_request_param(req, "rip");
	struct ip ip;

	if (nets == NULL || req->password == NULL)
		return AUTH_OK;
	if (rip != NULL && ip_parse(rip, &ip) && ip_in_list(&ip, nets))
		return AUTH_OK;
	auth_request_info(req, driver, "allow_nets doesn't have the client's "
			  "address");
	return AUTH_REFUSED;
}

static enum auth_result
check_password(struct auth_request *req, const char *driver,
	       const struct auth_secret *secret)
{
	const char *nopassword = fields_find(&req->passdb, "nopassword");
	struct err err;

	if (req->password == NULL)
		return AUTH_OK;
	if (nopassword != NULL && (secret->stored == NULL ||
				   *secret->stored == '\0'))
		return AUTH_OK;
	if (secret->stored == NULL) {
		auth_request_error(req, driver, "no password and no "
				   "nopassword field");
		return AUTH_TROUBLE;
	}
	switch (password_verify(req->password, secret->stored, secret->scheme,
				&err)) {
	case 1:
		return AUTH_OK;
	case 0:
		return AUTH_MISMATCH;
	}
	auth_request_error(req, driver, "%s", err.text);
	return AUTH_TROUBLE;
}

static enum auth_result
passdb_ask(struct auth_request *req, const struct passdb *passdb)
{
	const char *driver = passdb->driver->name;
	struct auth_secret secret = { NULL, "CRYPT" };
	enum auth_result result;

	if (!add_field_words(req, passdb->set->default_fields, driver, false,
			     auth_request_passdb_field))
		return AUTH_TROUBLE;
	auth_request_debug(req, driver, "Performing passdb lookup");
	result = auth_cache_passdb_lookup(passdb, req, &secret);
	auth_request_debug(req, driver, "Finished passdb lookup");
	if (result != AUTH_OK)
		return result;
	if (!add_field_words(req, passdb->set->override_fields, driver, true,
			     auth_request_passdb_field))
		return AUTH_TROUBLE;
	if (passdb->set->deny) {
		auth_request_info(req, driver, "User found from deny passdb");
		return AUTH_OK;
	}
	result = check_password(req, driver, &secret);
	if (result == AUTH_OK)
		result = check_allow_nets(req, driver);
	return result;
}

/* A deny database lets nobody through but those it surely doesn't have. */
static void
note_passdb(struct chain *chain, enum auth_result result,
	    const struct auth_passdb_settings *set)
{
	if (set->deny && result == AUTH_OK)
		chain->failure = AUTH_REFUSED;
	note(chain, result,
	     set->deny ? "return-fail" :
	     set->pass ? "continue" : set->result_success,
	     set->deny ? "continue" : set->result_failure,
	     set->deny ? "return-fail" : set->result_internalfail);
}

enum auth_result
auth_passdb_run(struct auth_request *req)
{
	const char *service = auth_request_param(req, "service");
	struct chain chain = { .failure = AUTH_UNKNOWN };
	struct fields passdb_was, userdb_was;

	fields_init(&passdb_was, req->pool);
	fields_init(&userdb_was, req->pool);
	for (size_t i = 0; i < req->auth->passdb_count && !chain.ended; i++) {
		const struct passdb *passdb = &req->auth->passdbs[i];
		enum auth_result result;

		if (!conf_protocol_fits(passdb->protocol, service) ||
		    passdb_skipped(req, passdb, &chain))
			continue;
		req->verbose = chosen_verbose(req, passdb->set->auth_verbose);
		fields_copy(&passdb_was, &req->passdb);
		fields_copy(&userdb_was, &req->userdb);
		result = passdb_ask(req, passdb);
		tell(req, passdb->driver->name, result);
		if (result != AUTH_OK) {
			fields_copy(&req->passdb, &passdb_was);
			fields_copy(&req->userdb, &userdb_was);
		}
		note_passdb(&chain, result, passdb->set);
	}
	req->verbose = req->auth->set->auth_verbose;
	return chain_result(&chain);
}

/* --- userdb --- */

static bool
userdb_skipped(const struct userdb *userdb, const struct chain *chain)
{
	const char *skip = userdb->set->skip;

	return (strcmp(skip, "found") == 0 && chain->success) ||
		(strcmp(skip, "notfound") == 0 && !chain->success);
}

static enum auth_result
userdb_ask(struct auth_request *req, const struct userdb *userdb)
{
	const char *driver = userdb->driver->name;
	enum auth_result result;

	if (!add_field_words(req, userdb->set->default_fields, driver, false,
			     auth_request_userdb_field))
		return AUTH_TROUBLE;
	auth_request_debug(req, driver, "Performing userdb lookup");
	result = auth_cache_userdb_lookup(userdb, req);
	auth_request_debug(req, driver, "Finished userdb lookup");
	if (result != AUTH_OK)
		return result;
	if (!add_field_words(req, userdb->set->override_fields, driver, true,
			     auth_request_userdb_field))
		return AUTH_TROUBLE;
	return AUTH_OK;
}

enum auth_result
auth_userdb_run(struct auth_request *req)
{
	const char *service = auth_request_param(req, "service");
	struct chain chain = { .failure = AUTH_UNKNOWN };
	struct fields was;

	fields_init(&was, req->pool);
	for (size_t i = 0; i < req->auth->userdb_count && !chain.ended; i++) {
		const struct userdb *userdb = &req->auth->userdbs[i];
		enum auth_result result;

		if (!conf_protocol_fits(userdb->protocol, service) ||
		    userdb_skipped(userdb, &chain))
			continue;
		req->verbose = chosen_verbose(req, userdb->set->auth_verbose);
		fields_copy(&was, &req->userdb);
		result = userdb_ask(req, userdb);
		tell(req, userdb->driver->name, result);
		if (result != AUTH_OK)
			fields_copy(&req->userdb, &was);
		note(&chain, result, userdb->set->result_success,
		     userdb->set->result_failure,
		     userdb->set->result_internalfail);
	}
	req->verbose = req->auth->set->auth_verbose;
	if (fields_find(&req->userdb, "tempfail") != NULL) {
		req->reason = fields_find(&req->userdb, "reason");
		return AUTH_TROUBLE;
	}
	return chain_result(&chain);
}
