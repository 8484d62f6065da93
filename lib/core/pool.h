/*
 * Memory by lifetime. A pool belongs to a process, session, transaction or
 * recipient; what it gave out is freed all at once with it. Running out of
 * memory ends the process: nothing here returns NULL.
 */
#ifndef LOFT_CORE_POOL_H
#define LOFT_CORE_POOL_H

#include <stdarg.h>
#include <stddef.h>

struct pool;

/* A new, empty pool; the caller owns it until pool_free(). */
struct pool *pool_new(void);

/* Free everything the pool gave out, and the pool; *poolp becomes NULL.
   A NULL pool is left alone. */
void pool_free(struct pool **poolp);

/* Free everything the pool gave out but keep the pool and its first block,
   so that a transaction after the first costs no malloc. */
void pool_clear(struct pool *pool);

/* Zeroed memory for any type, owned by the pool. */
void *pool_alloc(struct pool *pool, size_t size);

/* Zeroed memory for one T, or for n of them. */
#define pool_new_obj(pool, T) ((T *)pool_alloc((pool), sizeof(T)))
#define pool_new_array(pool, T, n) \
	((T *)pool_alloc_array((pool), sizeof(T), (n)))
void *pool_alloc_array(struct pool *pool, size_t size, size_t n);

/* Copies owned by the pool. pool_strdup(NULL) is NULL; pool_strndup stops
   at a NUL. pool_memdup adds a terminating NUL that is not counted. */
char *pool_strdup(struct pool *pool, const char *s);
char *pool_strndup(struct pool *pool, const char *s, size_t max);
char *pool_memdup(struct pool *pool, const void *data, size_t len);
char *pool_printf(struct pool *pool, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
char *pool_vprintf(struct pool *pool, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* Heap memory for what outlives every pool: zeroed, freed with free(). */
void *mem_alloc(size_t size);
void *mem_realloc(void *p, size_t size);
char *mem_strdup(const char *s);

#endif
