#include "support/random_tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pg/data/page.h"
#include "support/cmocka.h"
#include "support/scratch.h"

#define LEN_MAX (3 * 1024 * 1024 / 2) /* more than a frame has */

const char *random_tree_name(const char *directory, unsigned number)
{
	static char name[128];
	static const char *const directories[] = {"", "base/5/", "base/", "global/", "pg_xact/"};
	(void)snprintf(name, sizeof name, "%s/%s%u", directory, directories[number % 5], 16384 + number);
	return name;
}

void random_tree_put(const char *name, size_t len)
{
	uint8_t *bytes = calloc(1, len + 1);
	for (size_t at = 0; at < len; at += PAGE_BYTES) {
		size_t page = len - at < PAGE_BYTES ? len - at : PAGE_BYTES;
		int kind = (int)(random() % 4);
		for (size_t i = 0; i < page; i++)
			bytes[at + i] = kind == 0 ? 0 : kind == 1 ? (uint8_t)len : (uint8_t)random();
	}
	scratch_put(&test_dir, name, bytes, len, 0600);
	free(bytes);
}

static void write_bytes(const char *path, off_t size)
{
	CLEANUP(fd_closep) int fd = open(path, O_WRONLY);
	for (int i = 0; i < 5; i++) {
		uint64_t bytes = (uint64_t)random();
		assert_int_equal(pwrite(fd, &bytes, sizeof bytes, random() % (size + 1)), sizeof bytes);
	}
}

void random_tree_change(const char *directory)
{
	const char *name = random_tree_name(directory, (unsigned)(random() % RANDOM_TREE_FILES));
	const char *path = scratch_path(&test_dir, name);
	struct stat info;
	size_t len = (size_t)random() % LEN_MAX;
	if (stat(path, &info) != 0 || random() % 6 == 0) {
		(void)unlink(path);
		random_tree_put(name, random() % 5 == 0 ? 0 : len);
		return;
	}
	switch (random() % 5) {
	case 0:
		assert_int_equal(unlink(path), 0);
		break;
	case 1:
		assert_int_equal(truncate(path, random() % (info.st_size + 1)), 0);
		break;
	case 2: /* a hole behind the end */
		assert_int_equal(truncate(path, info.st_size + random() % (40 * PAGE_BYTES)), 0);
		break;
	default:
		write_bytes(path, info.st_size);
	}
}
