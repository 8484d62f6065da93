/*
 * The table of services: what the configuration says of each, checked and
 * completed, so that spawn.c only has to start processes. A missing user,
 * group or program is named here, before anything is started.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/scope.h"
#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "master/listen.h"
#include "master/master-settings.h"
#include "master/master.h"
#include "master/renew.h"
#include "service/log-settings.h"
#include "service/priv.h"
#include "service/process-settings.h"
#include "service/service-settings.h"
#include "service/users.h"

/* A new kind of process is a row here. */
static const struct program {
	const char *program;
	enum service_kind kind;
	bool tls;		/* may have the keys */
} programs[] = {
	{ "log", KIND_LOG, false },
	{ "auth", KIND_DAEMON, false },
	{ "stats", KIND_DAEMON, false },
	{ "lmtp", KIND_WORKERS, true },
	{ "script", KIND_WORKERS, false },
	{ "quota-status", KIND_WORKERS, false },
};

/* Is the word in a list separated by blanks or commas? */
static bool
has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*(list += strspn(list, ", \t")) != '\0') {
		size_t n = strcspn(list, ", \t");

		if (n == len && strncmp(list, word, len) == 0)
			return true;
		list += n;
	}
	return false;
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static const struct program *
find_program(const char *name)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		if (strcmp(programs[i].program, name) == 0)
			return &programs[i];
	}
	return NULL;
}

/* By its program, else by its name. */
static void
set_kind(struct service *service)
{
	const struct program *program =
		find_program(base_name(service->argv[0]));

	if (program == NULL)
		program = find_program(service->name);
	service->kind = program != NULL ? program->kind : KIND_WORKERS;
	service->tls = program != NULL && program->tls;
}

/* What a configuration of Dovecot's names by its path there, such as
   /usr/lib/dovecot/lmtp: it speaks another language with its master than we
   do, and ours does its work. */
static char *
own_program(const struct generation *gen, char *path)
{
	const char *name = base_name(path), *dir = gen->set->libexec_dir;
	static const char theirs[] = "/dovecot";
	size_t len = (size_t)(name - path), theirs_len = strlen(theirs);

	if (len <= theirs_len || find_program(name) == NULL ||
	    strncmp(path + len - 1 - theirs_len, theirs, theirs_len) != 0)
		return path;
	if (str_ends(dir, theirs))
		dir = LIBEXECDIR;
	return pool_printf(gen->pool, "%s/%s", dir, name);
}

/* The program, absolute, and its arguments. */
static char **
split_executable(const struct generation *gen, const char *executable)
{
	char *words = pool_strdup(gen->pool, executable), *word;
	char **argv = pool_new_array(gen->pool, char *,
				     strlen(executable) / 2 + 2);
	unsigned count = 0;

	while ((word = strsep(&words, " \t")) != NULL) {
		if (*word == '\0')
			continue;
		if (count == 0 && *word != '/')
			word = pool_printf(gen->pool, "%s/%s",
					   gen->set->libexec_dir, word);
		argv[count] = count == 0 ? own_program(gen, word) : word;
		count++;
	}
	return argv;
}

static bool
program_exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
		(st.st_mode & 0111) != 0;
}

/* Does Loft run this service at all? */
static bool
wanted(const struct generation *gen, const char *name, char **argv,
       const struct service_settings *set)
{
	const char *protocols = gen->set->protocols;

	if (strcmp(name, "log") == 0)
		return true;
	if (!has_word(gen->set->loft_services, name) &&
	    !(strcmp(base_name(argv[0]), "script") == 0 &&
	      has_word(gen->set->loft_services, "script")))
		return false;
	if (conf_get(gen->conf, &scope_global, "protocols") == NULL)
		protocols = "lmtp";
	return *set->protocol == '\0' || has_word(protocols, set->protocol);
}

static void
set_limits(struct service *service)
{
	const struct service_settings *set = service->set;
	const struct master_settings *defaults = service->generation->set;

	service->process_limit = set->process_limit > 0 ?
		set->process_limit : defaults->default_process_limit;
	if (service->process_limit == 0 || service->kind != KIND_WORKERS)
		service->process_limit = 1;
	service->client_limit = set->client_limit > 0 ? set->client_limit :
		defaults->default_client_limit;
	service->idle_kill = set->idle_kill > 0 ? set->idle_kill :
		defaults->default_idle_kill;
	service->vsz_limit = set->vsz_limit == UINT64_MAX ?
		defaults->default_vsz_limit : set->vsz_limit;
	if (service->vsz_limit == 0)
		service->vsz_limit = UINT64_MAX;
}

static void
check_limits(struct service *service, struct str *warnings)
{
	if (service->kind != KIND_WORKERS)
		return;
	if (service->set->client_limit > 1)
		str_printf(warnings, "service(%s): client_limit is taken as "
			   "1: a process serves one client at a time\n",
			   service->name);
	service->client_limit = 1;
	if (service->set->process_min_avail > service->process_limit)
		str_printf(warnings, "service(%s): process_min_avail (%u) is "
			   "higher than process_limit (%u)\n", service->name,
			   service->set->process_min_avail,
			   service->process_limit);
}

/* "FILE line N: " of a setting of this service. */
static const char *
where(const struct service *service, const char *key)
{
	const struct generation *gen = service->generation;

	return conf_where(gen->conf, &scope_global,
			  pool_printf(gen->pool, "service/%s/%s",
				      conf_escape_name(service->name,
						       gen->pool), key),
			  gen->pool);
}

/* Are there such a user and such groups? What isn't is told as the fault of
   this setting. */
static bool
check_names(struct service *service, const char *key, const char *name,
	    const char *user, const char *group, const char *groups,
	    struct str *errors)
{
	const struct generation *gen = service->generation;
	const struct service_settings part = {
		.user = user, .group = group, .privileged_group = "",
		.extra_groups = groups,
	};
	struct priv_ids ids;
	struct err err;
	bool named;

	if (users_of_service(gen->conf, &part, gen->pool, &ids, &named,
			     &err) == 0)
		return true;
	users_tell(where(service, key),
		   pool_printf(gen->pool, "service(%s)", service->name), name,
		   &err, errors);
	return false;
}

/* Each setting by itself, so that everything wrong is told at once; only a
   user without a name needs the group. */
static void
check_users(struct service *service, struct str *errors)
{
	const struct service_settings *set = service->set;
	bool ok;

	if (geteuid() != 0)
		return;
	ok = check_names(service, "group", set->group, "", set->group, "",
			 errors);
	(void)check_names(service, "user", set->user, set->user,
			  ok ? set->group : "0", "", errors);
	(void)check_names(service, "privileged_group", set->privileged_group,
			  "", "", set->privileged_group, errors);
	(void)check_names(service, "extra_groups", set->extra_groups, "", "",
			  set->extra_groups, errors);
}

static struct service *
service_new(struct generation *gen, const char *name,
	    const struct service_settings *set, char **argv)
{
	struct service *service = pool_new_obj(gen->pool, struct service);

	service->generation = gen;
	service->name = name;
	service->set = set;
	service->argv = argv;
	set_kind(service);
	service->snapshot_fd = -1;
	service->status_fds[0] = service->status_fds[1] = -1;
	TAILQ_INIT(&service->listeners);
	TAILQ_INIT(&service->workers);
	set_limits(service);
	return service;
}

static void
add_service(struct generation *gen, const char *name, struct str *errors,
	    struct str *warnings)
{
	const char *section = pool_printf(gen->pool, "service/%s",
		conf_escape_name(name, gen->pool));
	struct err err;
	const struct service_settings *set = settings_get(gen->conf,
		&scope_global, section, &service_settings_info, NULL,
		gen->pool, &err);
	struct service *service;
	size_t before = errors->len;
	char **argv;

	if (set == NULL) {
		str_printf(errors, "service(%s): %s\n", name, err.text);
		return;
	}
	argv = split_executable(gen, *set->executable != '\0' ?
				set->executable : name);
	if (!wanted(gen, name, argv, set))
		return;
	service = service_new(gen, name, set, argv);
	if (set->executable[0] == '/' &&
	    !str_begins(set->executable, argv[0]))
		str_printf(warnings, "%sservice(%s): %s is run, not %s\n",
			   where(service, "executable"), name, argv[0],
			   set->executable);
	if (service->kind != KIND_LOG)
		listeners_configure(service, errors);
	/* Without listeners nobody needs it; with wrong ones there is more to
	   tell. */
	if (service->kind != KIND_LOG && service->listener_count == 0 &&
	    errors->len == before)
		return;
	if (!program_exists(argv[0])) {
		bool fatal = strcmp(name, "lmtp") == 0 ||
			strcmp(name, "auth") == 0 || strcmp(name, "log") == 0;

		str_printf(fatal ? errors : warnings, "%sservice(%s): "
			   "executable %s doesn't exist%s\n",
			   where(service, "executable"), name, argv[0],
			   fatal ? "" : ": the service is not started");
		return;
	}
	check_limits(service, warnings);
	check_users(service, errors);
	TAILQ_INSERT_TAIL(&gen->services, service, link);
}

static void
add_services(struct generation *gen, struct str *errors, struct str *warnings)
{
	const char **names = conf_names(gen->conf, &scope_global, "service",
					gen->pool);
	static const char *const first[] = { "log", "auth", NULL };

	/* Lines need a writer, workers need answers. */
	for (unsigned i = 0; first[i] != NULL; i++)
		add_service(gen, first[i], errors, warnings);
	for (; *names != NULL; names++) {
		const char *name = conf_unescape_name(*names, gen->pool);

		if (strcmp(name, "log") != 0 && strcmp(name, "auth") != 0)
			add_service(gen, name, errors, warnings);
	}
}

/* --- the environment of children --------------------------------------- */

static void
add_variable(struct generation *gen, char **env, unsigned *count,
	     const char *word, size_t len)
{
	const char *value;
	char *name = pool_strndup(gen->pool, word, len);

	if (strchr(name, '=') != NULL) {
		env[(*count)++] = name;
		return;
	}
	value = getenv(name);
	if (value != NULL)
		env[(*count)++] = pool_printf(gen->pool, "%s=%s", name,
					      value);
}

static char **
import_environment(struct generation *gen)
{
	const char *list = gen->set->import_environment;
	char **env = pool_new_array(gen->pool, char *, strlen(list) / 2 + 3);
	unsigned count = 0;

	while (*(list += strspn(list, " \t")) != '\0') {
		size_t len = strcspn(list, " \t");

		add_variable(gen, env, &count, list, len);
		list += len;
	}
	return env;
}

/* --- a generation ------------------------------------------------------ */

static const void *
global_settings(struct generation *gen, const struct settings_info *info,
		struct str *errors)
{
	struct err err;
	const void *set = settings_get(gen->conf, &scope_global, "", info,
				       NULL, gen->pool, &err);

	if (set == NULL)
		str_printf(errors, "%s\n", err.text);
	return set;
}

static void
check_default_users(struct generation *gen, struct str *errors,
		    struct str *warnings)
{
	struct priv_ids ids;
	struct err err;
	bool fallback = false;

	if (geteuid() != 0)
		return;
	if (users_login(gen->conf, gen->pool, &ids, &err) < 0)
		str_printf(errors, "%s%s\n",
			   conf_where(gen->conf, &scope_global,
				      "default_login_user", gen->pool),
			   err.text);
	if (users_internal(gen->conf, gen->pool, &ids, &fallback, &err) < 0)
		str_printf(errors, "%s%s\n",
			   conf_where(gen->conf, &scope_global,
				      "default_internal_user", gen->pool),
			   err.text);
	else if (fallback)
		str_printf(warnings, "default_internal_user: neither loft "
			   "nor dovecot exists; nobody is used\n");
}

static void
check_lmtp(const struct generation *gen, struct str *warnings)
{
	const char *protocols = conf_get(gen->conf, &scope_global,
					 "protocols");

	if (protocols != NULL && !has_word(protocols, "lmtp"))
		str_printf(warnings, "protocols doesn't list lmtp: no LMTP "
			   "listener is opened\n");
}

static bool
fill(struct generation *gen, struct str *errors, struct str *warnings)
{
	size_t before = errors->len;

	gen->set = global_settings(gen, &master_settings_info, errors);
	gen->process = global_settings(gen, &process_settings_info, errors);
	gen->log = global_settings(gen, &log_settings_info, errors);
	if (errors->len != before)
		return false;
	check_default_users(gen, errors, warnings);
	if (errors->len != before)
		return false;
	check_lmtp(gen, warnings);
	gen->environment = import_environment(gen);
	add_services(gen, errors, warnings);
	return errors->len == before;
}

struct generation *
generation_new(struct master *master, struct conf *conf, struct str *errors,
	       struct str *warnings)
{
	struct generation *gen = mem_alloc(sizeof(*gen));

	gen->master = master;
	gen->conf = conf;
	gen->pool = pool_new();
	TAILQ_INIT(&gen->services);
	renew_note(gen);
	if (!fill(gen, errors, warnings))
		generation_free(&gen);
	return gen;
}

void
generation_free(struct generation **gp)
{
	struct generation *gen = *gp;

	if (gen == NULL)
		return;
	listeners_close(gen);
	conf_free(&gen->conf);
	pool_free(&gen->pool);
	free(gen);
	*gp = NULL;
}
