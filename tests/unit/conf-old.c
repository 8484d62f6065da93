/* Configurations written for Dovecot 1.x to 2.2: the old names mean today
   what Dovecot 2.3 makes of them. */
#include "tests/unit/conf-text.h"

struct old_case {
	const char *text;
	const char *path, *value;	/* what it is today */
};

START_TEST(old_names_mean_the_new_ones)
{
	static const struct old_case cases[] = {
		{ "ssl_protocols = !SSLv3", "ssl_min_protocol", "TLSv1" },
		{ "ssl_protocols = !SSLv3 !TLSv1", "ssl_min_protocol",
		  "TLSv1.1" },
		{ "ssl_protocols = TLSv1.2, TLSv1.1 !TLSv1.1",
		  "ssl_min_protocol", "TLSv1.2" },
		{ "ssl_protocols = !SSLv2 !SSLv3", "ssl_min_protocol", NULL },
		{ "ssl_protocols = !SSLv3 !TLSv1 !TLSv1.1 !TLSv1.2",
		  "ssl_min_protocol", NULL },
		{ "ssl_cert_file = /etc/c.pem", "ssl_cert", "</etc/c.pem" },
		{ "ssl_key_file = /etc/k.pem", "ssl_key", "</etc/k.pem" },
		{ "ssl_ca_file =", "ssl_ca", "" },
		{ "ssl_disable = yes", "ssl", "no" },
		{ "ssl_disable = no", "ssl", "yes" },
		{ "fsync_disable = yes", "mail_fsync", "never" },
		{ "fsync_disable = no", "mail_fsync", "optimized" },
		{ "auth_user = root", "service/auth/user", "root" },
		{ "auth_process_size = 256", "service/auth/vsz_limit",
		  "256 M" },
		{ "login_process_size = 64", "service/pop3-login/vsz_limit",
		  "64 M" },
		{ "login_process_per_connection = no",
		  "service/imap-login/service_count", "0" },
		{ "max_mail_processes = 512", "service/imap/process_limit",
		  "512" },
		{ "sieve = ~/.sieve", "plugin/sieve", "~/.sieve" },
		{ "dbox_rotate_size = 2M", "mdbox_rotate_size", "2M" },
		{ "mail_cache_compress_min_size = 32k",
		  "mail_cache_purge_min_size", "32k" },
		{ "director_consistent_hashing = yes",
		  "director_consistent_hashing", NULL },
		{ "mail_log_max_lines_per_sec = 10",
		  "mail_log_max_lines_per_sec", NULL },
		{ "auth_cache_size = 10", "auth_cache_size", "10M" },
		{ "protocols = imap imaps pop3s lmtp managesieve",
		  "protocols", "imap pop3 lmtp sieve" },
		{ "listen = *:143", "listen", "*" },
		{ "listen = 10.0.0.1:993, [::1]:993", "listen",
		  "10.0.0.1, [::1]" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct conf *conf = text_load(cases[i].text);

		text_expect(conf, &scope_global, cases[i].path, cases[i].value);
		ck_assert_msg(text_warnings.len > 0, "%s: no warning",
			      cases[i].text);
		conf_free(&conf);
	}
	text_done();
}
END_TEST

START_TEST(what_is_not_old_stays)
{
	static const struct old_case cases[] = {
		{ "protocols = imap lmtp", "protocols", "imap lmtp" },
		{ "listen = *, ::", "listen", "*, ::" },
		{ "listen = ::1, [::], fe80::1:25", "listen",
		  "::1, [::], fe80::1:25" },
		{ "auth_cache_size = 10M", "auth_cache_size", "10M" },
		{ "auth_cache_size = 4096", "auth_cache_size", "4096" },
		{ "plugin {\n sieve = ~/x\n}", "plugin/sieve", "~/x" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct conf *conf = text_load(cases[i].text);

		text_expect(conf, &scope_global, cases[i].path, cases[i].value);
		ck_assert_str_eq(str_c(&text_warnings), "");
		conf_free(&conf);
	}
	text_done();
}
END_TEST

/* They count where they stand, and their values are checked. */
START_TEST(in_blocks)
{
	struct scope lda = { .protocol = "lda" };
	struct conf *conf = text_load(
		"protocol lda {\n fsync_disable = yes\n}\n"
		"namespace {\n mail_location = maildir:/x\n}");

	text_expect(conf, &lda, "mail_fsync", "never");
	text_expect(conf, &scope_global, "mail_fsync", NULL);
	text_expect(conf, &scope_global, "namespace/0/location",
		    "maildir:/x");
	conf_free(&conf);
	ck_assert_ptr_null(text_try("\nlogin_processes_count = many"));
	ck_assert_ptr_nonnull(strstr(str_c(&text_errors), "line 2: invalid "
				     "number 'many' for process_min_avail"));
	ck_assert_ptr_null(text_try("service lmtp {\n ssl_protocols = x\n}"));
	text_done();
}
END_TEST

UNIT_MAIN("conf-old", old_names_mean_the_new_ones, what_is_not_old_stays,
	  in_blocks);
