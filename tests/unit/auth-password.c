/* Passwords against what databases store. */
#include "tests/unit/unit.h"

#include <string.h>

#include "auth/password.h"
#include "core/err.h"

/* Made by `doveadm pw -s SCHEME -p secret` of Dovecot 2.3. */
static const struct { const char *stored; int result; } cases[] = {
	{ "{DES-CRYPT}b1Pya4XW7358s", 1 },
	{ "{MD5-CRYPT}$1$JqoVh5Nt$m2gd03yt6ZoX7JcoIgDot.", 1 },
	{ "{MD5}$1$rpPlnR0a$DurHwV4AqpF6CvdFTuro./", 1 },
	{ "{SHA256-CRYPT}$5$rounds=1000$IPdz71mST6AJ3UHB$Ya457X1b7TciHj"
	  "ORcGtZznmNovEz1ISlpH9VYtamLt4", 1 },
	{ "{SHA512-CRYPT}$6$rounds=1000$5oUrzqjgp33K9gAe$CSfVEGzSCUh9DM"
	  "D.R7S1fybDC9GDOrmPtdTRTdz0tPBKWqc464oU/3tTn1dJtFO5zNu03LXi1ZzkO6H.bXJI.0", 1 },
	{ "{BLF-CRYPT}$2y$05$c.Xq0iQS4WK7cGxnrElg0.MEaK.k0uZ5Ssz6Nk0Or8"
	  "i3lxcBcQi5u", 1 },
	{ "{PLAIN-MD5}5ebe2294ecd0e0f08eab7690d2a6ee69", 1 },
	{ "{LDAP-MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==", 1 },
	{ "{SMD5}m7RDNcW+9iEF1OW7tgAE40J1WuM=", 1 },
	{ "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", 1 },
	{ "{SHA1}5en6G6MezRroT3XKqkdPOmY/BfQ=", 1 },
	{ "{SSHA}9Xmp1VM0IQHB5RFMZ1s+RkUMg/vIQ6El", 1 },
	{ "{SHA256}K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=", 1 },
	{ "{SSHA256}+/S+I5BzQoZptrgQr0QrlVOqPdk4K+e60zaYPoWZDhc4FWmT", 1 },
	{ "{SHA512}vSsar3708Jvp9Szi2NWZZ02Bqp1qRCFpbcTZPdBhnWgs5WtNZKnv"
	  "CXdhztmeD2cmW192CF5bDufKRpayrW/isg==", 1 },
	{ "{SSHA512}uEUqpSSF16ZRFWE2LcVrEejUz5T4+JCfLf4KNe0RvVNpNr2zudT"
	  "SQd/pPen/msAvuQnd7xgEUsIKw/JkIPk0adyXRA8=", 1 },
	{ "{PLAIN}secret", 1 },
	{ "{plain}secret", 1 },
	{ "{CLEARTEXT}secret", 1 },
	{ "{PLAIN}secret2", 0 },
	{ "{PLAIN}", 0 },
	{ "secret", 1 },
	{ "{SHA1}!", -1 },
	{ "{SHA1}", -1 },
	{ "{SHA1.HEX}e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4", 1 },
	{ "{SHA1.hex}e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f5", 0 },
	{ "{CRYPT}", 0 },
	{ "{CRYPT}*", 0 },
	{ "{CRYPT}!", 0 },
	{ "{SSHA256}c2hvcnQ=", -1 },
	{ "{NO-SUCH}x", -1 },
	{ "{", 0 },
};

START_TEST(schemes)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = { ERR_TEMP, "" };
		int wrong = cases[i].result < 0 ? -1 : 0;

		ck_assert_msg(password_verify("secret", cases[i].stored,
					      "PLAIN", &err) ==
			      cases[i].result, "%s: %s", cases[i].stored,
			      err.text);
		ck_assert_msg(password_verify("Secret", cases[i].stored,
					      "PLAIN", &err) == wrong,
			      "%s", cases[i].stored);
		ck_assert_ptr_null(strstr(err.text, "ecret"));
	}
}
END_TEST

START_TEST(default_scheme)
{
	struct err err;

	ck_assert_int_eq(password_verify("secret",
		"5ebe2294ecd0e0f08eab7690d2a6ee69", "PLAIN-MD5", &err), 1);
	ck_assert_int_eq(password_verify("secret", "secret", "CRYPT", &err),
			 0);
}
END_TEST

UNIT_MAIN("auth-password", schemes, default_scheme);
