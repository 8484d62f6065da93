/*
 * The message of loft-send: it is kept until the server wants it, so that
 * several transactions can have it; see send.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "ctl/send.h"
#include "io/spool.h"
#include "smtp/dots.h"

enum { CHUNK = 65536 };

static void
note_8bit(struct send *s, const char *data, size_t len)
{
	for (size_t i = 0; i < len && !s->message_8bit; i++)
		s->message_8bit = (data[i] & 0x80) != 0;
}

static int
read_all(struct send *s, char *buf, struct err *err)
{
	ssize_t n;

	while ((n = read(STDIN_FILENO, buf, CHUNK)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read(standard input)");
		note_8bit(s, buf, (size_t)n);
		if (spool_write(s->message, buf, (size_t)n, err) < 0)
			return -1;
	}
	return spool_finish(s->message, err);
}

int
send_message_read(struct send *s, struct err *err)
{
	const char *tmpdir = getenv("TMPDIR");
	char *buf = mem_alloc(CHUNK);
	int result;

	s->message = spool_new(tmpdir != NULL && *tmpdir == '/' ? tmpdir :
			       "/tmp");
	result = read_all(s, buf, err);
	free(buf);
	return result;
}

/* What makes octets for the wire of a piece of the message. */
typedef void encode_fn(void *state, const char *data, size_t len,
		       struct str *out);

static int
send_encoded(struct send *s, encode_fn *encode, void *state, struct err *err)
{
	struct str out = STR_INIT;
	char *buf = mem_alloc(CHUNK);
	uint64_t offset = 0;
	ssize_t n = 0;
	int result = 0;

	while (result == 0 &&
	       (n = spool_read(s->message, offset, buf, CHUNK, err)) > 0) {
		offset += (uint64_t)n;
		str_reset(&out);
		encode(state, buf, (size_t)n, &out);
		result = smtp_client_write(&s->client, str_c(&out), out.len,
					   err);
	}
	if (s->opt.verbose && result == 0 && n == 0)
		send_show('>', "(message)", 9);
	str_free(&out);
	free(buf);
	return n < 0 ? -1 : result;
}

static void
stuff(void *state, const char *data, size_t len, struct str *out)
{
	dots_stuff(state, data, len, out);
}

int
send_message_text(struct send *s, struct err *err)
{
	struct dots_stuffer stuffer = { false, false };
	struct str end = STR_INIT;
	int result = send_encoded(s, stuff, &stuffer, err);

	dots_stuff_end(&stuffer, &end);
	if (result == 0)
		result = smtp_client_write(&s->client, str_c(&end), end.len,
					   err);
	str_free(&end);
	return result;
}

/* LF becomes CRLF; state: was the last octet a CR? */
static void
make_lines(void *state, const char *data, size_t len, struct str *out)
{
	bool *last_cr = state;

	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n' && !*last_cr)
			str_append_c(out, '\r');
		*last_cr = data[i] == '\r';
		str_append_c(out, data[i]);
	}
}

int
send_message_chunk(struct send *s, struct err *err)
{
	bool last_cr = false;

	if (smtp_client_send(&s->client, err, "BDAT %llu LAST",
			     (unsigned long long)(spool_size(s->message) +
						  spool_lines(s->message))) < 0)
		return -1;
	return send_encoded(s, make_lines, &last_cr, err);
}
