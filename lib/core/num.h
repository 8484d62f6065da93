/*
 * Numbers from text: whole string or nothing, no signs, no blanks, no octal
 * surprises. Outputs stay untouched on failure.
 */
#ifndef LOFT_CORE_NUM_H
#define LOFT_CORE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decimal digits only, up to UINT64_MAX / UINT32_MAX; false otherwise. */
bool num_u64(const char *s, uint64_t *n_r);
bool num_u32(const char *s, uint32_t *n_r);

/* The same for the first len octets of s. */
bool num_u64_n(const char *s, size_t len, uint64_t *n_r);

/* Octal digits only, as in file modes. */
bool num_octal(const char *s, uint32_t *n_r);

#endif
