/*
 * A message as it stands in an mbox: the From_ line in front, lines that
 * would look like one quoted with '>', fields that mean something to readers
 * of an mbox left out, and an empty line behind.
 */
#ifndef LOFT_STORAGE_MBOX_TEXT_H
#define LOFT_STORAGE_MBOX_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "core/str.h"

enum { MBOX_HEAD_MAX = 16 };	/* "Content-Length:" and one more */

/* Zeroed but for what mbox_text_begin() sets. */
struct mbox_text {
	struct str out;		/* the caller takes it and empties it */
	char head[MBOX_HEAD_MAX];	/* of a line that isn't judged yet */
	size_t head_len;
	bool in_header, in_line, drop;
	char last;		/* of what was put out; '\0': nothing yet */
};

/* The From_ line. sender NULL or "" is the null sender. */
void mbox_text_begin(struct mbox_text *text, const char *sender, time_t when);

/* Flags (enum mail_flag) and keywords (up to NULL, or NULL), in the fields in
   which readers of mboxes keep them. */
void mbox_text_flags(struct mbox_text *text, unsigned flags,
		     const char *const *keywords);

/* A part of the message, LF at the ends of its lines. */
void mbox_text_add(struct mbox_text *text, const char *data, size_t len);

/* Complete the last line and the header, add the empty line. */
void mbox_text_end(struct mbox_text *text);

/* Is the line (without LF) a From_ line that divides messages? Readers differ;
   this is the strictest common form: "From ", a sender, a date. */
bool mbox_is_from_line(const char *line, size_t len);

#endif
