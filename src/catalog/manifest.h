/* A backup's manifest: one JSON object that says what the backup is. doc/format.md has its fields. */
#ifndef WALSHIP_CATALOG_MANIFEST_H
#define WALSHIP_CATALOG_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "catalog/label.h"

#define MANIFEST_BYTES_MAX (16UL * 1024 * 1024)
#define MANIFEST_VERSION 1
#define MANIFEST_WRONG_PAGES_MAX 1000 /* that are named; more are only counted */

#define MANIFEST_TYPE_INTEGER uint64_t
#define MANIFEST_TYPE_LSN uint64_t
#define MANIFEST_TYPE_TIME int64_t
#define MANIFEST_TYPE_BOOLEAN bool
#define MANIFEST_TYPE_TEXT char * /* owned; NULL reads as "" */

/* Names and values: settings of the server, tablespaces (OID and place). Both texts are owned. */
struct manifest_pair {
	char *name, *value;
};

struct manifest_pairs {
	struct manifest_pair *items;
	size_t count, capacity;
};

struct manifest {
	struct backup_label label;
	uint64_t system_id;
#define FIELD(kind, name) MANIFEST_TYPE_##kind name;
#include "catalog/manifest.def"
#undef FIELD
	/* The backups that this one refers to, by their number in the index, from 1 on; never itself. */
	struct backup_label *needs;
	size_t need_count, need_capacity;
	struct manifest_pairs settings; /* that the server needs to start, such as max_connections */
	struct manifest_pairs tablespaces;
	struct manifest_pairs wrong_page_list; /* a file's path and the number of its page */
};

enum status manifest_add_need(struct manifest *manifest, const struct backup_label *label, struct error *err);
enum status manifest_add_pair(struct manifest_pairs *pairs, const char *name, const char *value, struct error *err);

/* NULL if there is none of this name. */
const char *manifest_value(const struct manifest_pairs *pairs, const char *name);

/* Appends the JSON. */
enum status manifest_write(struct buffer *out, const struct manifest *manifest, struct error *err);

/*
 * Fills *out, which the caller finishes whatever happens. STATUS_DAMAGED when the text is not a manifest, with a hint
 * where a newer walship may have written it. Fields that are not known are ignored.
 */
enum status manifest_read(struct manifest *out, const struct buffer *json, struct error *err);

/* Leaves the zero state. */
void manifest_fini(struct manifest *manifest);

#endif
