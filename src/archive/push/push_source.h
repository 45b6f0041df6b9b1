/* The file to push: opened and judged once, and sent from the same descriptor. */
#ifndef WALSHIP_ARCHIVE_PUSH_PUSH_SOURCE_H
#define WALSHIP_ARCHIVE_PUSH_PUSH_SOURCE_H

#include <stdbool.h>

#include "pg/wal/name.h"
#include "walship/push.h"

struct push_source {
	bool is_open;
	int fd;
	struct wal_name name;
	struct shipped file; /* as it was opened */
};

/*
 * Opens push->path and checks its name, content and cluster; sends nothing: store, keys and codec may be NULL. Fails
 * with the statuses of push_file. The caller closes *out, also after a failure.
 */
enum status push_source_open(struct push_source *out, const struct push *push, struct error *err);

/* STATUS_CONFLICT when push->path has become another file, or was written to, since it was opened. */
enum status push_source_check_current(const struct push_source *source, const struct push *push, struct error *err);

/*
 * STATUS_CONFLICT when the open file was written to since it was opened, or when the bytes read are not all of it.
 * PostgreSQL writes to an archived file when it recycles it.
 */
enum status push_source_check_unchanged(const struct push_source *source, const struct push *push, uint64_t bytes,
					struct error *err);

/* The rest of push_file for the open file; push->store, keys and codec are set. */
enum status push_source_send(const struct push_source *source, const struct push *push, struct error *err);

/* Leaves the zero state. */
void push_source_close(struct push_source *source);

#endif
