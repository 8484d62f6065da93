/* Which messages programs may answer. */
#include "tests/unit/unit.h"

#include <string.h>

#include "core/err.h"
#include "core/pool.h"
#include "io/spool.h"
#include "mail/automatic.h"
#include "mail/message.h"

static const struct {
	const char *header, *sender;
	enum automatic kind;
} cases[] = {
	{ "A: 1\n", "a@b", AUTOMATIC_NOT },
	{ "", "a@b", AUTOMATIC_NOT },
	{ "A: 1\n", "", AUTOMATIC_NO_SENDER },
	{ "A: 1\n", "MAILER-DAEMON", AUTOMATIC_PROGRAM },
	{ "A: 1\n", "mailer-daemon@x.example", AUTOMATIC_PROGRAM },
	{ "A: 1\n", "Majordomo@x", AUTOMATIC_PROGRAM },
	{ "A: 1\n", "listserv@x", AUTOMATIC_PROGRAM },
	{ "A: 1\n", "owner-list@x", AUTOMATIC_PROGRAM },
	{ "A: 1\n", "list-request@x", AUTOMATIC_PROGRAM },
	{ "A: 1\n", "list-OWNER@x", AUTOMATIC_PROGRAM },
	{ "A: 1\n", "owner-", AUTOMATIC_NOT },
	{ "A: 1\n", "-request@x", AUTOMATIC_NOT },
	{ "A: 1\n", "owner@x", AUTOMATIC_NOT },
	{ "A: 1\n", "request@owner-x-request", AUTOMATIC_NOT },
	{ "A: 1\n", "mailer-daemons@x", AUTOMATIC_NOT },
	{ "Auto-Submitted: no\n", "a@b", AUTOMATIC_NOT },
	{ "Auto-Submitted: No (really)\n", "a@b", AUTOMATIC_NOT },
	{ "Auto-Submitted: no; x=y\n", "a@b", AUTOMATIC_NOT },
	{ "Auto-Submitted: no\nAuto-submitted: auto-replied\n", "a@b",
	  AUTOMATIC_SUBMITTED },
	{ "Auto-Submitted: auto-generated\n", "a@b", AUTOMATIC_SUBMITTED },
	{ "AUTO-SUBMITTED:\n\tnone\n", "a@b", AUTOMATIC_SUBMITTED },
	{ "Auto-Submitted:\n", "a@b", AUTOMATIC_SUBMITTED },
	{ "Precedence: bulk\n", "a@b", AUTOMATIC_LIST },
	{ "Precedence: List \n", "a@b", AUTOMATIC_LIST },
	{ "Precedence: junk (x)\n", "a@b", AUTOMATIC_LIST },
	{ "Precedence: first-class\n", "a@b", AUTOMATIC_NOT },
	{ "Precedence: bulky\n", "a@b", AUTOMATIC_NOT },
	{ "List-Id: <x>\n", "a@b", AUTOMATIC_LIST },
	{ "A: 1\nlist-unsubscribe: <x>\n", "a@b", AUTOMATIC_LIST },
	{ "Listed: x\n", "a@b", AUTOMATIC_NOT },
	{ "A: 1\n\nList-Id: <x>\n", "a@b", AUTOMATIC_NOT },
};

START_TEST(kinds)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct pool *pool = pool_new();
		struct spool *sp = spool_new("/tmp");
		struct err err;
		enum automatic kind;

		ck_assert_int_eq(spool_write(sp, cases[i].header,
					     strlen(cases[i].header), &err),
				 0);
		ck_assert_int_eq(spool_finish(sp, &err), 0);
		kind = automatic_kind(message_open(sp, pool),
				      cases[i].sender);
		ck_assert_msg(kind == cases[i].kind, "%s|%s: %d",
			      cases[i].header, cases[i].sender, (int)kind);
		spool_free(&sp);
		pool_free(&pool);
	}
}
END_TEST

UNIT_MAIN("mail-automatic", kinds);
