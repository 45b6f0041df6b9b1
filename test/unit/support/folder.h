/* A throw-away folder, and short ways to put things into it. All abort when the machine does not let them. */
#ifndef TEST_SUPPORT_FOLDER_H
#define TEST_SUPPORT_FOLDER_H

#include <stddef.h>

struct folder {
	char path[64];
};

/* Makes an empty one below /tmp; folder_fini removes it with all that is in it. */
void folder_init(struct folder *folder);
void folder_fini(struct folder *folder);

/* The path of a name in it: storage of the thread, good until eight calls later. */
const char *folder_path(const struct folder *folder, const char *name);

/* Makes a file with this content and mode, and the folders it lies in. */
void folder_put(const struct folder *folder, const char *name, const void *data, size_t len, unsigned mode);

/* The number of entries in it, hidden ones too. */
int folder_entries(const struct folder *folder, const char *name);

#endif
