/* The end of DATA, and dot-stuffing, however the octets arrive. */
#include "tests/unit/unit.h"

#include <string.h>

#include "core/str.h"
#include "smtp/dots.h"

#define TEXT(t) t, sizeof(t) - 1

static const struct {
	const char *in;
	size_t in_len;
	const char *out;
	size_t out_len;
	const char *rest;	/* behind the end; NULL: it doesn't end */
} cases[] = {
	{ TEXT("a\r\n.\r\n"), TEXT("a\r\n"), "" },
	{ TEXT(".\r\nQUIT\r\n"), TEXT(""), "QUIT\r\n" },
	{ TEXT("\r\n.\r\n"), TEXT("\r\n"), "" },
	{ TEXT("..\r\n...x\r\n.y\r\n.\r\n"), TEXT(".\r\n..x\r\ny\r\n"), "" },
	{ TEXT("a\0b\r\n\0.\r\n\r\n.\r\n"), TEXT("a\0b\r\n\0.\r\n\r\n"), "" },
	/* none of these may end it */
	{ TEXT("a\n.\nb"), TEXT("a\n.\nb"), NULL },
	{ TEXT("a\n.\r\nb"), TEXT("a\n.\r\nb"), NULL },
	{ TEXT("a\r\n.\nb"), TEXT("a\r\n\nb"), NULL },
	{ TEXT("a\r.\rb"), TEXT("a\r.\rb"), NULL },
	{ TEXT("a\r.\r\nb"), TEXT("a\r.\r\nb"), NULL },
	{ TEXT("a\r\n.\rb"), TEXT("a\r\n\rb"), NULL },
	{ TEXT("a\r\r\n.\r\r\nb"), TEXT("a\r\r\n\r\r\nb"), NULL },
	{ TEXT("a\n..\r\nb"), TEXT("a\n..\r\nb"), NULL },
	{ TEXT("a\n\r.\r\nb"), TEXT("a\n\r.\r\nb"), NULL },
	{ TEXT("\n.\r\nb"), TEXT("\n.\r\nb"), NULL },
	{ TEXT("a\r\n. \r\nb"), TEXT("a\r\n \r\nb"), NULL },
	{ TEXT("a\r\n.\0\r\nb"), TEXT("a\r\n\0\r\nb"), NULL },
	/* the first CR LF . CR LF does, whatever came before */
	{ TEXT("a\n.\r\n.\r\nb"), TEXT("a\n.\r\n"), "b" },
	{ TEXT("a\r\n.\r\r\n.\r\n"), TEXT("a\r\n\r\r\n"), "" },
	{ TEXT("a\r\r\n.\r\n"), TEXT("a\r\r\n"), "" },
};

static void
check_case(size_t i, size_t step)
{
	struct dots d = DOTS_INIT;
	struct str out = STR_INIT;
	size_t used = 0, in_len = cases[i].in_len;

	while (used < in_len && d.state != DOTS_END) {
		const char *data = cases[i].in + used, *piece;
		size_t len = in_len - used < step ? in_len - used : step;
		size_t given = len, piece_len;

		while (dots_next(&d, &data, &len, &piece, &piece_len))
			str_append_n(&out, piece, piece_len);
		ck_assert(len == 0 || d.state == DOTS_END);
		used += given - len;
	}
	ck_assert_msg(out.len == cases[i].out_len &&
		      memcmp(str_c(&out), cases[i].out, out.len) == 0,
		      "case %zu step %zu: %s", i, step, str_c(&out));
	ck_assert_uint_eq(d.state == DOTS_END, cases[i].rest != NULL);
	if (cases[i].rest != NULL)
		ck_assert_str_eq(cases[i].in + used, cases[i].rest);
	str_free(&out);
}

START_TEST(only_crlf_dot_crlf_ends)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (size_t step = 1; step <= cases[i].in_len; step++)
			check_case(i, step);
	}
}
END_TEST

/* RFC 5321 section 4.5.2, the slow and obvious way; text ends in an end. */
static void
obvious(const char *text, struct str *out, size_t *used_r)
{
	char lines[64] = "\r\n";
	char *end, *p = lines + 2;

	(void)strcpy(lines + 2, text);
	end = strstr(lines, "\r\n.\r\n");
	*used_r = (size_t)(end + 5 - lines) - 2;
	for (; p < end + 2; p++) {
		if (*p != '.' || p[-1] != '\n' || p[-2] != '\r')
			str_append_c(out, *p);
	}
}

static size_t
take(struct dots *d, const char *data, size_t len, struct str *out)
{
	size_t given = len, piece_len;
	const char *piece;

	while (dots_next(d, &data, &len, &piece, &piece_len))
		str_append_n(out, piece, piece_len);
	return given - len;
}

/* In two parts, cut at each place. */
static void
check_text(const char *text)
{
	struct str want = STR_INIT, got = STR_INIT;
	size_t used, want_used, len = strlen(text);

	obvious(text, &want, &want_used);
	for (size_t cut = 0; cut <= len; cut++) {
		struct dots d = DOTS_INIT;

		str_reset(&got);
		used = take(&d, text, cut, &got);
		if (used == cut)
			used += take(&d, text + cut, len - cut, &got);
		ck_assert(d.state == DOTS_END && used == want_used &&
			  strcmp(str_c(&got), str_c(&want)) == 0);
	}
	str_free(&want);
	str_free(&got);
}

/* All that can stand around a dot, seven octets long. */
START_TEST(every_combination)
{
	enum { LEN = 7 };
	char text[LEN + 6] = "";

	for (unsigned n = 0; n < 1U << (2 * LEN); n++) {
		for (unsigned i = 0; i < LEN; i++)
			text[i] = "\r\n.x"[n >> (2 * i) & 3];
		(void)strcpy(text + LEN, "\r\n.\r\n");
		check_text(text);
	}
}
END_TEST

START_TEST(stuffing_is_undone)
{
	static const char text[] = ".a\n..\r\n\n.\nx\r.\ny\r\n.z";
	struct dots_stuffer st = { false, false };
	struct str out = STR_INIT;

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		dots_stuff(&st, text + i, 1, &out);
	dots_stuff_end(&st, &out);
	ck_assert_str_eq(str_c(&out), "..a\r\n...\r\n\r\n..\r\nx\r.\r\ny\r\n"
			 "..z\r\n.\r\n");
	str_reset(&out);
	dots_stuff_end(&st, &out);
	ck_assert_str_eq(str_c(&out), ".\r\n");
	str_free(&out);
}
END_TEST

UNIT_MAIN("smtp-dots", only_crlf_dot_crlf_ends, every_combination, stuffing_is_undone);
