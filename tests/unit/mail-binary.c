/* Binary parts as base64, wherever the octets are cut. */
#include "tests/unit/unit.h"

#include <string.h>

#include "core/err.h"
#include "core/str.h"
#include "mail/binary.h"
#include "mail/content-field.h"

#define TEXT(t) t, sizeof(t) - 1

static const struct {
	const char *in;
	size_t in_len;
	const char *out;
} cases[] = {
	/* nothing binary: as it is */
	{ TEXT("Subject: x\r\n\r\nbody\r\n"), "Subject: x\r\n\r\nbody\r\n" },
	{ TEXT("no header\nat all"), "no header\nat all" },
	{ TEXT(""), "" },
	{ TEXT("Content-Transfer-Encoding: 8bit\r\n\r\n\r\n--x\r"),
	  "Content-Transfer-Encoding: 8bit\r\n\r\n\r\n--x\r" },
	/* the message itself */
	{ TEXT("A: b\r\nCONTENT-transfer-encoding:\r\n (x) Binary\r\nC: d\r\n"
	       "\r\n\0\n\r\r\n\xff"),
	  "A: b\r\nC: d\r\nContent-Transfer-Encoding: base64\r\n\r\n"
	  "AAoNDQr/\r\n" },
	{ TEXT("Content-Transfer-Encoding: binary\r\n\r\na\r\n"),
	  "Content-Transfer-Encoding: base64\r\n\r\nYQ0K\r\n" },
	{ TEXT("Content-Transfer-Encoding: binary\r\n\r\n"),
	  "Content-Transfer-Encoding: base64\r\n\r\n\r\n" },
	/* parts: the CRLF before a boundary is none of theirs */
	{ TEXT("Content-Type: multipart/mixed; charset=x;\r\n"
	       "\tboundary=\"a b\"\r\n"
	       "Content-Transfer-Encoding: binary\r\n\r\npre\r\n"
	       "--a b\r\nContent-Transfer-Encoding: binary\r\n\r\n"
	       "\n--a b\r\nx--a b\r\n--a bc\r\n\r\n"
	       "--a b  \r\n\r\nplain\n--a\r\n"
	       "--a b\r\nContent-Transfer-Encoding: binary\r\n\r\n"
	       "--a b--\r\nepilogue\r\n--a b\r\n"),
	  "Content-Type: multipart/mixed; charset=x;\r\n"
	  "\tboundary=\"a b\"\r\n"
	  "Content-Transfer-Encoding: 8bit\r\n\r\npre\r\n"
	  "--a b\r\nContent-Transfer-Encoding: base64\r\n\r\n"
	  "Ci0tYSBiDQp4LS1hIGINCi0tYSBiYw0K\r\n"
	  "--a b  \r\n\r\nplain\n--a\r\n"
	  "--a b\r\nContent-Transfer-Encoding: base64\r\n\r\n"
	  "--a b--\r\nepilogue\r\n--a b\r\n" },
	/* parts inside parts, and a message inside one */
	{ TEXT("Content-Type: multipart/digest; boundary=o\r\n\r\n"
	       "--o\r\n\r\nContent-Type: multipart/x; boundary=oi\r\n\r\n"
	       "--oi\r\nContent-Transfer-Encoding: binary\r\n\r\n1\r\n"
	       "--o\r\nContent-Type: message/rfc822\r\n"
	       "Content-Transfer-Encoding: binary\r\n\r\n"
	       "Content-Transfer-Encoding: binary\r\n\r\n2\r\n--o--\r\n"),
	  "Content-Type: multipart/digest; boundary=o\r\n\r\n"
	  "--o\r\n\r\nContent-Type: multipart/x; boundary=oi\r\n\r\n"
	  "--oi\r\nContent-Transfer-Encoding: base64\r\n\r\nMQ==\r\n"
	  "--o\r\nContent-Type: message/rfc822\r\n"
	  "Content-Transfer-Encoding: 8bit\r\n\r\n"
	  "Content-Transfer-Encoding: base64\r\n\r\nMg==\r\n--o--\r\n" },
	/* a header that a boundary ends */
	{ TEXT("Content-Type: multipart/x; boundary=b\r\n\r\n--b\r\n"
	       "Content-Transfer-Encoding: binary\r\n--b--"),
	  "Content-Type: multipart/x; boundary=b\r\n\r\n--b\r\n"
	  "Content-Transfer-Encoding: base64\r\n--b--" },
	/* 57 octets make a line */
	{ TEXT("Content-Transfer-Encoding: binary\r\n\r\n"
	       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"),
	  "Content-Transfer-Encoding: base64\r\n\r\n"
	  "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh"
	  "YWFhYWFhYWFhYWFh\r\nYg==\r\n" },
};

static void
check_case(size_t i, size_t cut)
{
	struct binary *b = binary_new();
	struct str out = STR_INIT;
	struct err err;

	ck_assert_int_eq(binary_feed(b, cases[i].in, cut, &out, &err), 0);
	ck_assert_int_eq(binary_feed(b, cases[i].in + cut,
				     cases[i].in_len - cut, &out, &err), 0);
	ck_assert_int_eq(binary_end(b, &out, &err), 0);
	ck_assert_msg(strcmp(str_c(&out), cases[i].out) == 0,
		      "case %zu cut at %zu:\n%s", i, cut, str_c(&out));
	str_free(&out);
	binary_free(&b);
}

START_TEST(parts)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (size_t cut = 0; cut <= cases[i].in_len; cut++)
			check_case(i, cut);
	}
}
END_TEST

static int
feed(const char *line, unsigned times)
{
	struct binary *b = binary_new();
	struct str out = STR_INIT;
	struct err err;
	int result = 0;

	for (unsigned i = 0; i < times && result == 0; i++)
		result = binary_feed(b, line, strlen(line), &out, &err);
	if (result < 0)
		ck_assert_int_eq(err.kind, ERR_PERM);
	str_free(&out);
	binary_free(&b);
	return result;
}

START_TEST(bounds)
{
	static const char part[] = "Content-Type: multipart/x; boundary=b\r\n"
		"\r\n--b\r\n";
	static const char line[] = "Content-Type: multipart/x;\r\n"
		" boundary=b;\r\n";

	ck_assert_int_eq(feed(part, 32), 0);
	ck_assert_int_eq(feed(part, 33), -1);
	ck_assert_int_eq(feed(line, 10), 0);
	ck_assert_int_eq(feed(" x\r\n", 100000), 0);
	ck_assert_int_eq(feed("Content-Type: ", 1000), -1);
}
END_TEST

START_TEST(content_types)
{
	static const struct {
		const char *value;
		enum content_kind kind;
		const char *boundary;
	} types[] = {
		{ " text/plain; boundary=x", CONTENT_LEAF, "" },
		{ "multipart/mixed", CONTENT_LEAF, "" },
		{ " Multipart / Mixed ;\r\n Boundary = x\r\n",
		  CONTENT_MULTIPART, "x" },
		{ "multipart/digest; a=\"b;boundary=c\"; boundary=\"x\\\"y\"",
		  CONTENT_DIGEST, "x\"y" },
		{ "multipart/mixed (a\\)b) ; boundary=x(c)", CONTENT_MULTIPART,
		  "x" },
		{ "multipart/mixed; boundary=\"\"", CONTENT_LEAF, "" },
		{ "multipart/mixed; boundary=\"x", CONTENT_LEAF, "" },
		{ "message/RFC822", CONTENT_MESSAGE, "" },
		{ "message/delivery-status", CONTENT_LEAF, "" },
		{ "", CONTENT_LEAF, "" },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		char boundary[CONTENT_BOUNDARY_MAX + 1] = "";
		enum content_kind kind =
			content_type_parse(types[i].value, boundary);

		ck_assert_msg(kind == types[i].kind, "%s", types[i].value);
		if (kind == CONTENT_MULTIPART || kind == CONTENT_DIGEST)
			ck_assert_str_eq(boundary, types[i].boundary);
	}
	ck_assert(content_encoding_is(" (a) BINARY (b)\r\n", "binary"));
	ck_assert(!content_encoding_is("binaryx", "binary"));
}
END_TEST

UNIT_MAIN("mail-binary", parts, bounds, content_types);
