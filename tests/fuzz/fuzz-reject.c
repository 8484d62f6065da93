/*
 * Rejections of whatever comes: their own header has only our fields, their
 * parts are three, and nothing in the message can end one.
 */
#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "conf/vars.h"
#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"
#include "deliver/deliver-settings.h"
#include "deliver/reject.h"
#include "io/spool.h"
#include "mail/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct deliver_settings settings = {
	.hostname = "h", .postmaster_address = "p@h",
	.rejection_subject = "%r%n%s%t", .rejection_reason = "%r%n",
};

/* Is it one of the fields that a rejection has? */
static bool
is_ours(const char *line)
{
	static const char *const names[] = {
		"Message-ID: ", "Date: ", "From: Postmaster <p@h>\n",
		"To: <s@x>\n", "In-Reply-To: <", "References: ",
		"MIME-Version: 1.0\n", "Content-Type: multipart/report; ",
		"Subject: ", "Auto-Submitted: auto-replied (rejected)\n",
		"Precedence: bulk\n", " ", "\t", NULL
	};

	for (const char *const *name = names; *name != NULL; name++) {
		if (strncmp(line, *name, strlen(*name)) == 0)
			return true;
	}
	return false;
}

static void
check(const struct str *out)
{
	const char *p = str_c(out), *end = p + out->len;
	const char *boundary = strstr(p, "\n\tboundary=\"");
	char mark[200];
	unsigned marks = 0;

	for (; *p != '\n'; p = strchr(p, '\n') + 1) {
		size_t len = strcspn(p, "\n");

		ASSERT(is_ours(p));
		for (size_t i = 0; i < len; i++)
			ASSERT((p[i] >= ' ' && p[i] < 0x7f) || p[i] == '\t');
	}
	ASSERT(boundary != NULL);
	boundary += strlen("\n\tboundary=\"");
	mark[0] = mark[1] = '-';
	memcpy(mark + 2, boundary, strcspn(boundary, "\""));
	mark[2 + strcspn(boundary, "\"")] = '\0';
	while ((p = memmem(p, (size_t)(end - p), mark, strlen(mark))) != NULL) {
		ASSERT(p[-1] == '\n');
		marks++;
		p++;
	}
	ASSERT(marks == 4);
}

static void
write_and_check(enum rejection_form form, struct message *msg,
		struct pool *pool)
{
	const struct logctx log = { .prefix = "" };
	struct rejection r = {
		.form = form, .set = &settings,
		.vars = vars_user("u", "/", pool), .message = msg,
		.sender = "s@x", .rcpt = "r@x", .reason = "no",
		.status = "5.0.0",
	};
	struct str out = STR_INIT;
	struct err err;

	ASSERT(rejection_write(&r, pool, &log, &out, &err) == 0);
	check(&out);
	str_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_new();
	struct spool *sp = spool_new("/tmp");
	struct err err;

	if (size <= 100000) {
		ASSERT(spool_write(sp, data, size, &err) == 0);
		ASSERT(spool_finish(sp, &err) == 0);
		write_and_check(REJECTION_DELIVERY_STATUS,
				message_open(sp, pool), pool);
		write_and_check(REJECTION_DISPOSITION, message_open(sp, pool),
				pool);
	}
	spool_free(&sp);
	pool_free(&pool);
	return 0;
}
