/* A data directory whose files change at random, as those of a server do: by random(3), below the test's directory. */
#ifndef TEST_SUPPORT_RANDOM_TREE_H
#define TEST_SUPPORT_RANDOM_TREE_H

#include <stddef.h>

#define RANDOM_TREE_FILES 12

/* The name of a file, such as "data/base/5/16385": good until the next call. */
const char *random_tree_name(const char *directory, unsigned number);

/* Writes a file anew. Some of its pages are full of one byte, some of zeros. */
void random_tree_put(const char *name, size_t len);

/* Writes, removes, truncates or extends one of the files, or some bytes in it. */
void random_tree_change(const char *directory);

#endif
