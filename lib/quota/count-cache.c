/*
 * The file behind quota counts; see count-cache.h. The first line says what
 * is counted, each further one is an entry; a later one of the same name
 * counts. It holds nothing that couldn't be found out again, so nothing is
 * synced, and a broken line ends it.
 */
#include "quota/count-cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"

enum {
	FILE_MAX = 16 * 1024 * 1024,
	STALE_LINES = 500,	/* so many more than entries: write anew */
	NAME_MAX_LEN = 4096,
};

struct count_cache {
	struct pool *pool;
	bool vsize;
	struct count_entry *entries;
	size_t count, size;
	size_t next;		/* where the one asked for next may be */
	uint32_t *slots;	/* entries by the hash of their names: their
				   number + 1, 0 for none; 2 * size of them */
	size_t lines;		/* of the file, after the first */
	bool rewrite;		/* the file is of no use */
	struct str changed;	/* lines to append; freed by the write */
};

static const char *
header(bool vsize)
{
	return vsize ? "loft-quota 1 vsize\n" : "loft-quota 1 size\n";
}

/* --- entries --- */

static struct count_cache *
cache_new(bool vsize, struct pool *pool)
{
	struct count_cache *cache = pool_new_obj(pool, struct count_cache);

	cache->pool = pool;
	cache->vsize = vsize;
	cache->rewrite = true;
	cache->changed = STR_INIT;
	return cache;
}

void
count_cache_close(struct count_cache **cachep)
{
	if (*cachep != NULL)
		str_free(&(*cachep)->changed);
	*cachep = NULL;
}

/* The slot of a name, or the empty one where it would be: FNV-1a, begun
   differently in each process. */
static uint32_t *
slot_of(const struct count_cache *cache, const char *name)
{
	uint64_t hash = 14695981039346656037u ^ (uintptr_t)cache;
	size_t i;

	for (const char *p = name; *p != '\0'; p++)
		hash = (hash ^ (unsigned char)*p) * 1099511628211u;
	i = (hash ^ hash >> 32) % (2 * cache->size);
	while (cache->slots[i] != 0 &&
	       strcmp(cache->entries[cache->slots[i] - 1].name, name) != 0)
		i = (i + 1) % (2 * cache->size);
	return &cache->slots[i];
}

struct count_entry *
count_cache_find(struct count_cache *cache, const char *name)
{
	size_t i = cache->next;

	if (cache->count == 0)
		return NULL;
	if (i >= cache->count || strcmp(cache->entries[i].name, name) != 0) {
		i = *slot_of(cache, name);
		if (i-- == 0)
			return NULL;
	}
	cache->next = i + 1;
	return &cache->entries[i];
}

static void
grow(struct count_cache *cache)
{
	struct count_entry *old = cache->entries;

	cache->size = cache->size == 0 ? 32 : cache->size * 2;
	cache->entries = pool_new_array(cache->pool, struct count_entry,
					cache->size);
	cache->slots = pool_new_array(cache->pool, uint32_t, 2 * cache->size);
	for (uint32_t i = 0; i < cache->count; i++) {
		cache->entries[i] = old[i];
		*slot_of(cache, old[i].name) = i + 1;
	}
}

static struct count_entry *
entry_new(struct count_cache *cache, const char *name, size_t len)
{
	struct count_entry *entry;

	if (cache->count == cache->size)
		grow(cache);
	entry = &cache->entries[cache->count];
	entry->name = pool_strndup(cache->pool, name, len);
	*slot_of(cache, entry->name) = (uint32_t)++cache->count;
	return entry;
}

struct count_entry *
count_cache_need(struct count_cache *cache, const char *name)
{
	struct count_entry *entry = count_cache_find(cache, name);
	size_t len = strlen(name);

	if (entry != NULL)
		return entry;
	if (len > NAME_MAX_LEN || strchr(name, '\n') != NULL)
		return NULL;
	return entry_new(cache, name, len);
}

/* --- reading --- */

static bool
take_int(const char **p, const char *end, int64_t *n_r)
{
	char text[24], *stop;
	size_t len = 0;

	while (*p + len < end && (*p)[len] != ' ' && len < sizeof(text) - 1) {
		text[len] = (*p)[len];
		len++;
	}
	text[len] = '\0';
	errno = 0;
	*n_r = strtoll(text, &stop, 10);
	if (len == 0 || *stop != '\0' || errno != 0 || *p + len >= end)
		return false;
	*p += len + 1;
	return true;
}

static bool
parse_line(struct count_cache *cache, const char *line, const char *end)
{
	int64_t n[6];
	struct count_entry *entry;
	const char *name;

	for (size_t i = 0; i < sizeof(n) / sizeof(*n); i++) {
		if (!take_int(&line, end, &n[i]))
			return false;
	}
	if (n[2] < 0 || n[3] < 0 || n[5] < 0 || n[5] > UINT32_MAX ||
	    memchr(line, '\0', (size_t)(end - line)) != NULL ||
	    end - line > NAME_MAX_LEN)
		return false;
	name = pool_strndup(cache->pool, line, (size_t)(end - line));
	entry = count_cache_need(cache, name);
	*entry = (struct count_entry){
		.name = entry->name,
		.stamp = { { n[0], n[1] } },
		.usage = { (uint64_t)n[2], (uint64_t)n[3] },
		.listed = n[4], .added = (unsigned)n[5],
	};
	cache->lines++;
	return true;
}

struct count_cache *
count_cache_parse(const char *text, size_t len, bool vsize, struct pool *pool)
{
	struct count_cache *cache = cache_new(vsize, pool);
	const char *first = header(vsize), *end = text + len, *lf;

	if (len < strlen(first) || memcmp(text, first, strlen(first)) != 0)
		return cache;
	cache->rewrite = false;
	for (text += strlen(first); text < end; text = lf + 1) {
		lf = memchr(text, '\n', (size_t)(end - text));
		if (lf == NULL || !parse_line(cache, text, lf)) {
			cache->rewrite = true;
			break;
		}
	}
	cache->next = 0;
	return cache;
}

/* The whole file in pool, or NULL. */
static char *
read_file(const char *path, size_t *len_r, struct pool *pool)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char *text = NULL;
	size_t done = 0;
	ssize_t n;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size <= FILE_MAX)
		text = pool_alloc(pool, (size_t)st.st_size + 1);
	while (text != NULL && done < (size_t)st.st_size) {
		n = read(fd, text + done, (size_t)st.st_size - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	(void)close(fd);	/* only read */
	*len_r = done;
	return text;
}

struct count_cache *
count_cache_read(const char *path, bool vsize, struct pool *pool)
{
	size_t len = 0;
	char *text = read_file(path, &len, pool);

	return text == NULL ? cache_new(vsize, pool) :
		count_cache_parse(text, len, vsize, pool);
}

/* --- writing --- */

static void
append_entry(struct str *out, const struct count_entry *e)
{
	str_printf(out, "%" PRId64 " %" PRId64 " %" PRIu64 " %" PRIu64 " %"
		   PRId64 " %u %s\n", e->stamp.at[0], e->stamp.at[1],
		   e->usage.bytes, e->usage.messages, e->listed, e->added,
		   e->name);
}

void
count_cache_changed(struct count_cache *cache, struct count_entry *entry)
{
	append_entry(&cache->changed, entry);
	cache->lines++;
}

static int
write_text(const char *path, int flags, const struct str *text,
	   struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
		      flags, 0600);
	ssize_t n;

	if (fd < 0)
		return err_path(err, "open", path);
	n = write(fd, str_c(text), text->len);
	if (n >= 0 && (size_t)n < text->len)
		errno = ENOSPC;
	if (n < 0 || (size_t)n < text->len) {
		(void)err_path(err, "write", path);
		/* half a line would be of no use */
		(void)unlink(path);
		(void)close(fd);
		return -1;
	}
	if (close(fd) < 0)
		return err_path(err, "close", path);
	return 0;
}

/* Under another name first, so that nobody reads half of it. */
static int
write_anew(struct count_cache *cache, const char *path, struct err *err)
{
	const char *temp = pool_printf(cache->pool, "%s.new", path);
	struct str text = STR_INIT;
	int result;

	str_append(&text, header(cache->vsize));
	for (size_t i = 0; i < cache->count; i++) {
		if (cache->entries[i].seen)
			append_entry(&text, &cache->entries[i]);
	}
	result = write_text(temp, O_TRUNC, &text, err);
	if (result == 0 && rename(temp, path) < 0) {
		result = err_path(err, "rename", temp);
		(void)unlink(temp);	/* the next one replaces it */
	}
	str_free(&text);
	cache->rewrite = result < 0;
	cache->lines = cache->count;
	return result;
}

int
count_cache_write(struct count_cache *cache, const char *path,
		  struct err *err)
{
	int result = 0;

	if (cache->changed.len == 0)
		return 0;
	if (cache->rewrite || cache->lines > 2 * cache->count + STALE_LINES)
		result = write_anew(cache, path, err);
	else
		result = write_text(path, O_APPEND, &cache->changed, err);
	str_free(&cache->changed);
	return result;
}
