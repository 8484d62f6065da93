/*
 * Pools: a chain of blocks from which memory is cut; see pool.h.
 */
#include "core/pool.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"

enum { BLOCK_SIZE = 4096 - 32, ALIGN = 16 };

struct block {
	struct block *next;
	size_t used, size;
	_Alignas(ALIGN) unsigned char data[];
};

struct pool {
	struct block *first;	/* lives as long as the pool */
	struct block *current;	/* the head of the chain, cut from next */
};

void *
mem_alloc(size_t size)
{
	void *p = calloc(1, size > 0 ? size : 1);

	if (p == NULL)
		log_die_oom(size);
	return p;
}

void *
mem_realloc(void *p, size_t size)
{
	void *q = realloc(p, size > 0 ? size : 1);

	if (q == NULL)
		log_die_oom(size);
	return q;
}

char *
mem_strdup(const char *s)
{
	size_t len = strlen(s) + 1;

	return memcpy(mem_alloc(len), s, len);
}

static struct block *
block_new(size_t size)
{
	struct block *b = malloc(sizeof(*b) + size);

	if (b == NULL)
		log_die_oom(size);
	b->next = NULL;
	b->used = 0;
	b->size = size;
	return b;
}

struct pool *
pool_new(void)
{
	struct pool *pool = mem_alloc(sizeof(*pool));

	pool->first = pool->current = block_new(BLOCK_SIZE);
	return pool;
}

static void
blocks_free_down_to(struct block *b, const struct block *last)
{
	struct block *next;

	for (; b != last; b = next) {
		next = b->next;
		free(b);
	}
}

void
pool_free(struct pool **poolp)
{
	if (*poolp == NULL)
		return;
	blocks_free_down_to((*poolp)->current, NULL);
	free(*poolp);
	*poolp = NULL;
}

void
pool_clear(struct pool *pool)
{
	blocks_free_down_to(pool->current, pool->first);
	pool->current = pool->first;
	pool->first->used = 0;
}

/* What is written over at once needn't be zero. */
static void *
alloc_raw(struct pool *pool, size_t size)
{
	struct block *b = pool->current;
	void *p;

	if (size > SIZE_MAX / 2)
		log_die_oom(size);
	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (b->size - b->used < size) {
		b = block_new(size > BLOCK_SIZE / 2 ? size : BLOCK_SIZE);
		b->next = pool->current;
		pool->current = b;
	}
	p = b->data + b->used;
	b->used += size;
	return p;
}

void *
pool_alloc(struct pool *pool, size_t size)
{
	return memset(alloc_raw(pool, size), 0, size);
}

void *
pool_alloc_array(struct pool *pool, size_t size, size_t n)
{
	size_t total;

	if (__builtin_mul_overflow(size, n, &total))
		log_die_oom(SIZE_MAX);
	return pool_alloc(pool, total);
}

char *
pool_memdup(struct pool *pool, const void *data, size_t len)
{
	char *p = alloc_raw(pool, len + 1);

	if (len > 0)
		memcpy(p, data, len);
	p[len] = '\0';
	return p;
}

char *
pool_strdup(struct pool *pool, const char *s)
{
	return s == NULL ? NULL : pool_memdup(pool, s, strlen(s));
}

char *
pool_strndup(struct pool *pool, const char *s, size_t max)
{
	return pool_memdup(pool, s, strnlen(s, max));
}

/* Most texts are short: they are formatted once, and copied. */
char *
pool_vprintf(struct pool *pool, const char *fmt, va_list ap)
{
	char text[256], *p;
	va_list again;
	int len;

	va_copy(again, ap);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	ASSERT(len >= 0);
	if ((size_t)len < sizeof(text)) {
		p = pool_memdup(pool, text, (size_t)len);
	} else {
		p = pool_alloc(pool, (size_t)len + 1);
		(void)vsnprintf(p, (size_t)len + 1, fmt, again);
	}
	va_end(again);
	return p;
}

char *
pool_printf(struct pool *pool, const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	p = pool_vprintf(pool, fmt, ap);
	va_end(ap);
	return p;
}
