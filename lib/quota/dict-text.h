/*
 * The text of a dict file: lines in pairs, a name and its value. Only the two
 * values of a quota are looked at; all else is copied as it is.
 */
#ifndef LOFT_QUOTA_DICT_TEXT_H
#define LOFT_QUOTA_DICT_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct quota_usage;
struct str;

enum { DICT_TEXT_MAX = 1 << 20 };

/* A value as dictionaries hold it; what went below 0 is 0. -1: no number. */
int dict_number(const char *text, size_t len, uint64_t *n_r);

/* 1; 0 when one of the two isn't there, or is no number. */
int dict_text_get(const char *text, size_t len, struct quota_usage *usage_r);

/* Append the text with other values. What isn't there is added; what would go
   below 0 becomes 0. */
void dict_text_set(struct str *out, const char *text, size_t len,
		   const struct quota_usage *usage);
void dict_text_add(struct str *out, const char *text, size_t len,
		   int64_t bytes, int64_t messages);

#endif
