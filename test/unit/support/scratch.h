/* A throw-away directory, and short ways to put things into it. All abort when the machine does not let them. */
#ifndef TEST_SUPPORT_SCRATCH_H
#define TEST_SUPPORT_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>

struct scratch {
	char path[64];
};

/* Makes an empty directory below /tmp; scratch_fini removes it with its content. */
void scratch_init(struct scratch *dir);
/* Makes the directory below another parent. False when that is impossible. */
bool scratch_init_below(struct scratch *dir, const char *parent);
void scratch_fini(struct scratch *dir);

/* The directory of a test program: set-up and tear-down for each test, or for the group. */
extern struct scratch test_dir;
int test_dir_make(void **unused);
int test_dir_remove(void **unused);

/* The path of a name in it: storage of the thread, good until eight calls later. */
const char *scratch_path(const struct scratch *dir, const char *name);

/* Makes a file with this content and mode, and the directories it lies in. */
void scratch_put(const struct scratch *dir, const char *name, const void *data, size_t len, unsigned mode);

/* The number of entries in it, hidden ones too. */
int scratch_entries(const struct scratch *dir, const char *name);

#endif
