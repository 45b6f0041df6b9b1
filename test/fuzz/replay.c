/* Runs a target over every file of its corpus: what a fuzzer once found stays a test. An empty corpus fails. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "target.h"

#define INPUT_MAX (1024 * 1024)

static int replay(const char *dir, const char *name)
{
	static uint8_t input[INPUT_MAX];
	char path[4096];
	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *file = fopen(path, "rb");
	if (file == NULL) {
		perror(path);
		return 1;
	}
	size_t len = fread(input, 1, sizeof input, file);
	(void)fclose(file);
	/* Its own allocation, so that a read beyond the end is seen. */
	uint8_t *copy = malloc(len + 1);
	if (copy == NULL)
		return 1;
	for (size_t i = 0; i < len; i++)
		copy[i] = input[i];
	(void)LLVMFuzzerTestOneInput(copy, len);
	free(copy);
	return 0;
}

int main(int argc, char **argv)
{
	int inputs = 0;
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	if (dir == NULL) {
		(void)fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
		return 2;
	}
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		if (replay(argv[1], entry->d_name) != 0)
			return 1;
		inputs++;
	}
	(void)closedir(dir);
	(void)printf("%d inputs\n", inputs);
	return inputs == 0;
}
