/* Settings tables: every type, defaults, overrides; and all real tables. */
#include "tests/unit/conf-text.h"

#include <sys/prctl.h>

#include "conf/conf-private.h"
#include "conf/known.h"
#include "conf/names.h"
#include "conf/settings.h"
#include "core/err.h"
#include "core/pool.h"
#include "deliver/deliver-settings.h"
#include "lmtp/lmtp-settings.h"
#include "master/master-settings.h"
#include "service/service-settings.h"

START_TEST(times)
{
	static const struct {
		const char *text;
		bool ok;
		unsigned secs;
	} cases[] = {
		{ "5 mins", true, 300 }, { "5m", true, 300 },
		{ "5 MINUTES", true, 300 }, { "86400 s", true, 86400 },
		{ "30 secs", true, 30 }, { "1 hours", true, 3600 },
		{ "2 hour", true, 7200 }, { "1d", true, 86400 },
		{ "1 weeks", true, 604800 }, { "7", true, 7 },
		{ "0", true, 0 }, { "2000 ms", true, 2 },
		{ "4294967295 secs", true, UINT32_MAX },
		{ "4294967296 secs", false, 0 }, { "500 ms", false, 0 },
		{ "", false, 0 }, { "secs", false, 0 }, { "-1 s", false, 0 },
		{ "1 fortnight", false, 0 }, { "1 s 2", false, 0 },
		{ "unlimited", false, 0 },
		{ "99999999999999999999 weeks", false, 0 },
	};
	unsigned ms = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		unsigned secs = 0;

		ck_assert_msg(setting_parse_time(cases[i].text, &secs) ==
			      cases[i].ok, "%s", cases[i].text);
		ck_assert_uint_eq(secs, cases[i].secs);
	}
	ck_assert(setting_parse_time_ms("250ms", &ms) && ms == 250);
	ck_assert(setting_parse_time_ms("2 secs", &ms) && ms == 2000);
	ck_assert(setting_parse_time_ms("3", &ms) && ms == 3000);
	ck_assert(!setting_parse_time_ms("100 weeks", &ms) && ms == 3000);
}
END_TEST

START_TEST(sizes)
{
	static const struct {
		const char *text;
		bool ok;
		uint64_t octets;
	} cases[] = {
		{ "10M", true, 10 << 20 }, { "10 MB", true, 10 << 20 },
		{ "10MiB", true, 10 << 20 }, { "1 G", true, 1 << 30 },
		{ "5 b", true, 5 }, { "64k", true, 65536 },
		{ "1 T", true, 1ull << 40 }, { "1024", true, 1024 },
		{ "18446744073709551615 B", true, UINT64_MAX },
		{ "18446744073709551616 B", false, 0 },
		{ "18446744073709551615 k", false, 0 },
		{ "10 Q", false, 0 }, { "1.5G", false, 0 }, { "", false, 0 },
		{ "unlimited", false, 0 }, { "10%", false, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t octets = 0;

		ck_assert_msg(setting_parse_size(cases[i].text, &octets) ==
			      cases[i].ok, "%s", cases[i].text);
		ck_assert_uint_eq(octets, cases[i].octets);
	}
}
END_TEST

START_TEST(bools)
{
	static const char *const yes[] = { "yes", "y", "1", "YES", "Y" };
	static const char *const no[] = { "no", "n", "0", "No", "N" };
	static const char *const none[] = { "", "true", "on", "yess", "2" };

	for (size_t i = 0; i < 5; i++) {
		bool b = false;

		ck_assert(setting_parse_bool(yes[i], &b) && b);
		ck_assert(setting_parse_bool(no[i], &b) && !b);
		ck_assert(!setting_parse_bool(none[i], &b));
	}
}
END_TEST

START_TEST(printed_values)
{
	static const struct {
		enum setting_type type;
		const char *value, *printed;
	} cases[] = {
		{ SETTING_BOOL, "Y", "yes" }, { SETTING_BOOL, "0", "no" },
		{ SETTING_UINT, "0500", "500" }, { SETTING_MODE, "600", "0600" },
		{ SETTING_MODE, "0", "00" }, { SETTING_SIZE, "10M", "10 M" },
		{ SETTING_SIZE, "1536", "1536 B" }, { SETTING_SIZE, "0", "0" },
		{ SETTING_SIZE, "1024 k", "1 M" },
		{ SETTING_SIZE, "18446744073709551615 B",
		  "18446744073709551615 B" },
		{ SETTING_TIME, "60", "1 mins" }, { SETTING_TIME, "0", "0" },
		{ SETTING_TIME, "86400 s", "1 days" },
		{ SETTING_TIME, "90 s", "90 secs" },
		{ SETTING_TIME_MS, "250msecs", "250 ms" },
		{ SETTING_STR, " x ", " x " },
	};
	struct pool *pool = pool_new();

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct setting_def def = { cases[i].type, "x", "", 0,
						 NULL };

		ck_assert_str_eq(setting_print(&def, cases[i].value, pool),
				 cases[i].printed);
	}
	pool_free(&pool);
}
END_TEST

START_TEST(structs_are_filled)
{
	struct conf *conf = text_load(
		"lmtp_max_errors = 3\nlmtp_command_timeout = 2 mins\n"
		"lmtp_max_message_size = 10M\nlmtp_dsn = no\n"
		"protocol lmtp {\n lmtp_max_errors = 4\n}\n"
		"service lmtp {\n process_limit = 9\n"
		" unix_listener /x {\n  mode = 0640\n }\n}\n");
	const struct scope lmtp = { .protocol = "lmtp" };
	const char *overrides[] = {
		"lmtp_max_errors=5", "unknown=x", "lmtp_max_errors=6",
		"lmtp_rawlog_dir=%h/raw", NULL
	};
	const char *wrong[] = { "lmtp_max_errors=x", NULL };
	const struct unix_listener_settings *listener;
	const struct service_settings *service;
	const struct lmtp_settings *set;
	struct pool *pool = pool_new();
	struct err err;

	set = settings_get(conf, &lmtp, "", &lmtp_settings_info, NULL, pool,
			   &err);
	ck_assert_uint_eq(set->lmtp_max_errors, 4);
	ck_assert_uint_eq(set->lmtp_command_timeout, 120);
	ck_assert_uint_eq(set->lmtp_max_message_size, 10 << 20);
	ck_assert(!set->lmtp_dsn && set->lmtp_add_received_header);
	ck_assert_str_eq(set->lmtp_hdr_delivery_address, "final");
	ck_assert_str_eq(set->lmtp_rawlog_dir, "");

	set = settings_get(conf, &lmtp, "", &lmtp_settings_info, overrides,
			   pool, &err);
	ck_assert_uint_eq(set->lmtp_max_errors, 6);
	ck_assert_str_eq(set->lmtp_rawlog_dir, "%h/raw");
	ck_assert_ptr_null(settings_get(conf, &lmtp, "", &lmtp_settings_info,
					wrong, pool, &err));
	ck_assert_int_eq(err.kind, ERR_CONFIG);

	service = settings_get(conf, &scope_global, "service/lmtp",
			       &service_settings_info, NULL, pool, &err);
	ck_assert_uint_eq(service->process_limit, 9);
	ck_assert_uint_eq(service->client_limit, 1);
	ck_assert_str_eq(service->protocol, "lmtp");
	ck_assert_uint_eq(service->vsz_limit, UINT64_MAX);
	listener = settings_get(conf, &scope_global,
				"service/lmtp/unix_listener/\\sx",
				&unix_listener_settings_info, NULL, pool,
				&err);
	ck_assert_uint_eq(listener->mode, 0640);
	listener = settings_get(conf, &scope_global,
				"service/auth/unix_listener/auth-userdb",
				&unix_listener_settings_info, NULL, pool,
				&err);
	ck_assert_uint_eq(listener->mode, 0666);
	ck_assert_str_eq(listener->user, "$default_internal_user");
	pool_free(&pool);
	conf_free(&conf);
	text_done();
}
END_TEST

/* Every default must be a value of its type, every sentence one. */
static void
check_table(const struct setting_def *def, bool documented)
{
	struct pool *pool = pool_new();

	for (; def->name != NULL; def++) {
		struct err err;

		ck_assert_msg(setting_check(def, setting_default(def, pool),
					    &err), "%s: %s", def->name,
			      err.text);
		if (documented)
			ck_assert_msg(str_ends(def->doc, ".") ||
				      str_ends(def->doc, "?"), "%s: '%s'",
				      def->name, def->doc);
	}
	pool_free(&pool);
}

START_TEST(all_tables)
{
	for (const struct settings_row *row = all_settings; row->info != NULL;
	     row++) {
		ck_assert_msg(section_kind_find(row->kind) != NULL, "%s",
			      row->kind);
		check_table(row->info->defs(), true);
	}
	for (const struct settings_row *row = all_section_users;
	     row->info != NULL; row++)
		ck_assert_ptr_nonnull(section_kind_find(row->kind));
	check_table(known_settings, false);
	check_table(known_service, false);
	check_table(known_passdb, false);
	check_table(known_userdb, false);
	check_table(known_namespace, false);
	check_table(known_mailbox, false);
	check_table(known_event_exporter, false);
}
END_TEST

START_TEST(sorted_lists_are_sorted)
{
	for (size_t i = 1; i < known_settings_count; i++)
		ck_assert_msg(strcmp(known_settings[i - 1].name,
				     known_settings[i].name) < 0, "%s",
			      known_settings[i].name);
	for (size_t i = 1; i < builtin_count; i++)
		ck_assert_msg(strcmp(builtin_entries[i - 1].path,
				     builtin_entries[i].path) < 0, "%s",
			      builtin_entries[i].path);
	for (size_t i = 0; i < builtin_count; i++) {
		const struct setting_def *def =
			setting_by_path(builtin_entries[i].path);
		struct err err;

		ck_assert_ptr_nonnull(def);
		ck_assert(setting_check(def, builtin_entries[i].value, &err));
	}
}
END_TEST

START_TEST(values_come_out_of_files)
{
	const struct deliver_settings *set;
	struct pool *pool = pool_new();
	struct conf *conf = text_load("hostname = </proc/self/comm\n"
				      "protocol lda {\n"
				      " hostname = </no/such/file\n}\n");
	struct scope lda = { .protocol = "lda" };
	char name[32] = "";
	struct err err;

	ck_assert_int_eq(prctl(PR_GET_NAME, name), 0);
	set = settings_get(conf, &scope_global, "", &deliver_settings_info,
			   NULL, pool, &err);
	ck_assert_msg(set != NULL, "%s", err.text);
	ck_assert_str_eq(set->hostname, name);
	/* as it is printed and kept, it is the name of a file */
	text_expect(conf, &scope_global, "hostname", "</proc/self/comm");
	ck_assert_ptr_null(settings_get(conf, &lda, "", &deliver_settings_info,
					NULL, pool, &err));
	ck_assert_msg(strstr(err.text, " line 3: hostname: ") != NULL &&
		      strstr(err.text, "/no/such/file") != NULL, "%s",
		      err.text);
	conf_free(&conf);
	conf = text_load("lmtp_max_errors = </proc/self/comm\n");
	ck_assert_ptr_null(settings_get(conf, &scope_global, "",
					&lmtp_settings_info, NULL, pool,
					&err));
	ck_assert_msg(strstr(err.text, "invalid number") != NULL, "%s",
		      err.text);
	conf_free(&conf);
	pool_free(&pool);
	text_done();
}
END_TEST

UNIT_MAIN("conf-settings", values_come_out_of_files, times, sizes, bools, printed_values,
	  structs_are_filled, all_tables, sorted_lists_are_sorted);
