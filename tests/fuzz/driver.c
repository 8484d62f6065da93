/*
 * Runs a fuzz target over its seeds, tests/fuzz/seeds-NAME/ (or over the
 * files and folders named as arguments), once each: `make check` sees that
 * none of them crashes. With --enable-fuzzers libFuzzer takes this place.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEED_MAX = 1 << 22 };

static unsigned played;

static void
play_file(const char *path)
{
	uint8_t *data = malloc(SEED_MAX), *exact;
	FILE *f = fopen(path, "rb");
	size_t size;

	if (f == NULL || data == NULL) {
		perror(path);
		exit(2);
	}
	size = fread(data, 1, SEED_MAX, f);
	(void)fclose(f);
	/* Exactly as large as it is, so that ASan sees what reads on. */
	exact = malloc(size > 0 ? size : 1);
	if (exact == NULL)
		exit(2);
	memcpy(exact, data, size);
	(void)LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	free(data);
	played++;
}

static void
play(const char *path)
{
	char child[4096];
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
		play_file(path);
		return;
	}
	dir = opendir(path);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(child, sizeof(child), "%s/%s", path,
			       entry->d_name);
		play(child);
	}
	if (dir != NULL)
		(void)closedir(dir);
}

/* ".../fuzz-NAME" -> "$srcdir/tests/fuzz/seeds-NAME" */
static void
play_seeds(const char *program)
{
	const char *srcdir = getenv("srcdir");
	const char *name = strstr(program, "fuzz-"), *next;
	char path[4096];

	while (name != NULL && (next = strstr(name + 1, "fuzz-")) != NULL)
		name = next;
	(void)snprintf(path, sizeof(path), "%s/tests/fuzz/seeds-%s",
		       srcdir != NULL ? srcdir : ".",
		       name != NULL ? name + 5 : program);
	play(path);
}

int
main(int argc, char *argv[])
{
	if (argc < 2)
		play_seeds(argv[0]);
	for (int i = 1; i < argc; i++)
		play(argv[i]);
	(void)printf("%u inputs\n", played);
	return played > 0 ? 0 : 2;
}
