/* The fields of MIME that say how a body is made (RFC 2045 section 5, 6). */
#ifndef LOFT_MAIL_CONTENT_FIELD_H
#define LOFT_MAIL_CONTENT_FIELD_H

#include <stdbool.h>

enum { CONTENT_BOUNDARY_MAX = 200 };	/* RFC 2046 allows 70 */

enum content_kind {
	CONTENT_LEAF,		/* anything that isn't made of other mail */
	CONTENT_MESSAGE,	/* message/rfc822 and the like */
	CONTENT_MULTIPART,
	CONTENT_DIGEST,		/* whose parts are messages by default */
};

/* What a Content-Type's value says. A multipart without a boundary that can
   be used is a leaf. */
enum content_kind content_type_parse(const char *value,
				     char boundary[CONTENT_BOUNDARY_MAX + 1]);

/* Is a Content-Transfer-Encoding's value this word? */
bool content_encoding_is(const char *value, const char *word);

#endif
