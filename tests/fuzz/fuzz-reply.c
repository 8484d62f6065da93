/* A server's replies, as loft-send and reports read them; what is written of
   one must read as it was. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/log.h"
#include "core/str.h"
#include "smtp/reply.h"

enum { TEXT_MAX = 65536 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 1, 0 or -1 as smtp_reply_add_line(); the line is taken off *text. */
static int
add_line(struct smtp_reply *reply, const char **text, size_t *left)
{
	const char *lf = memchr(*text, '\n', *left);
	size_t len = lf != NULL ? (size_t)(lf - *text) : *left;
	size_t used = lf != NULL ? len + 1 : len;
	struct err err;
	int result;

	if (len > 0 && (*text)[len - 1] == '\r')
		len--;
	result = smtp_reply_add_line(reply, *text, len, &err);
	*text += used;
	*left -= used;
	return result;
}

/* Where it is text, without NULs. */
static void
check_again(const struct smtp_reply *reply)
{
	struct str written = STR_INIT, text = STR_INIT;
	struct smtp_reply again = { 0, &text };
	const char *p;
	size_t left;
	int result = 0;

	if (strlen(str_c(reply->text)) == reply->text->len &&
	    memchr(str_c(reply->text), '\r', reply->text->len) == NULL) {
		smtp_reply_append(&written, reply->code, NULL,
				  str_c(reply->text));
		p = str_c(&written);
		left = written.len;
		while (result == 0 && left > 0)
			result = add_line(&again, &p, &left);
		ASSERT(result == 1 && left == 0 && again.code == reply->code);
		ASSERT(strcmp(str_c(&text), str_c(reply->text)) == 0);
	}
	str_free(&written);
	str_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = STR_INIT;
	struct smtp_reply reply = { 0, &text };
	const char *p = (const char *)data;
	int result = 0;

	while (result == 0 && size > 0)
		result = add_line(&reply, &p, &size);
	ASSERT(text.len <= TEXT_MAX);
	if (result == 1) {
		ASSERT(reply.code >= 200 && reply.code <= 599);
		check_again(&reply);
	}
	str_free(&text);
	return 0;
}
