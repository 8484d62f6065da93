/*
 * Lists for people and scripts: loftctl's -f table, flow, tab and json.
 */
#ifndef LOFT_CTL_OUTPUT_H
#define LOFT_CTL_OUTPUT_H

#include <stdbool.h>

enum output_format {
	OUTPUT_UNSET,	/* the command's own choice */
	OUTPUT_TABLE,	/* a header line, then columns padded to fit */
	OUTPUT_FLOW,	/* "name=value name=value", a line per row */
	OUTPUT_TAB,	/* a header line; tabs between, \t \n \\ in values */
	OUTPUT_JSON,	/* an array of objects, all values strings */
};

struct output;

/* False when there is no format of that name. */
bool output_format_parse(const char *name, enum output_format *format_r);

/* columns up to NULL; they must outlive the output. */
struct output *output_new(enum output_format format,
			  const char *const *columns);

/* A value per column; NULL is an empty one (null in JSON). They are copied. */
void output_row(struct output *out, const char *const *values);

/* Print what is left to print and free it; -1 when standard output failed. */
int output_finish(struct output **outp);

#endif
