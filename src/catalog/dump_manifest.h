/* A dump's manifest: one JSON object that says what the dump has. doc/format.md has its fields. */
#ifndef WALSHIP_CATALOG_DUMP_MANIFEST_H
#define WALSHIP_CATALOG_DUMP_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "catalog/dump_label.h"
#include "sys/sha256.h"

#define DUMP_MANIFEST_BYTES_MAX (64UL * 1024 * 1024) /* 100,000 databases have less */
#define DUMP_MANIFEST_VERSION 1

#define DUMP_GLOBALS_NAME "globals" /* of the roles and tablespaces, in place of a database's name */

/* The output of one pg_dump, or of pg_dumpall --globals-only. */
struct dump_item {
	char *name;   /* the database, in UTF-8; "globals". Owned */
	bool globals; /* it is not a database */
	bool plain;   /* SQL; otherwise pg_dump's custom format, for pg_restore */
	int64_t begun_s;
	uint64_t duration_ms;
	uint64_t bytes; /* of the output */
	char sha256[SHA256_TEXT_SIZE];
	uint32_t first;  /* the number of its first object of DUMP_DATA; the others follow without a gap */
	uint64_t *sizes; /* of each of its objects as stored, in bytes. Owned */
	size_t objects, capacity;
};

struct dump_manifest {
	struct dump_label label;
	uint64_t system_id;
	int64_t ended_s;
	uint64_t server_version; /* server_version_num: 150018 */
	char *program_version;   /* of pg_dump: "15.18". Owned */
	bool role_passwords;     /* globals have the passwords of roles */
	struct dump_item *items; /* globals first */
	size_t count, capacity;
};

/* Appends an item; globals: DUMP_GLOBALS_NAME. The item belongs to the manifest. NULL when memory is short. */
struct dump_item *dump_manifest_add(struct dump_manifest *manifest, const char *name);

/* Notes the size of the item's next object. */
enum status dump_item_add_object(struct dump_item *item, uint64_t bytes, struct error *err);

uint64_t dump_item_stored_bytes(const struct dump_item *item);

/* Sums over all items. */
struct dump_sums {
	uint64_t bytes, stored_bytes, objects;
};
struct dump_sums dump_manifest_sums(const struct dump_manifest *manifest);

/* The item of the database, else of the globals if it is called so; NULL. */
const struct dump_item *dump_manifest_find(const struct dump_manifest *manifest, const char *name);
const struct dump_item *dump_manifest_globals(const struct dump_manifest *manifest);

/* Appends the JSON. STATUS_LOCAL also when a name is not UTF-8. */
enum status dump_manifest_write(struct buffer *out, const struct dump_manifest *manifest, struct error *err);

/*
 * Fills *out, which the caller finishes whatever happens. STATUS_DAMAGED when the text is not a manifest of a dump, or
 * its objects do not follow each other. Fields that are not known are ignored.
 */
enum status dump_manifest_read(struct dump_manifest *out, const struct buffer *json, struct error *err);

/* Leaves the zero state. */
void dump_manifest_fini(struct dump_manifest *manifest);

#endif
