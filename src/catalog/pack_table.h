/*
 * The packs that a backup's index refers to, its own ones and those of earlier backups, with the header of each: a
 * reader of single frames needs no request for it. The table is a series of lines (doc/format.md):
 *
 *     p BACKUP PACK BYTES HEADER
 *
 * One tab is between two fields. BACKUP is numbered as in the index, HEADER is in hexadecimal digits. Lines ascend by
 * BACKUP and PACK.
 */
#ifndef WALSHIP_CATALOG_PACK_TABLE_H
#define WALSHIP_CATALOG_PACK_TABLE_H

#include "catalog/manifest.h"
#include "catalog/series.h"
#include "format/header.h"

struct pack_entry {
	uint32_t backup; /* 0: this one; else a number in the manifest's list of backups */
	uint32_t number; /* of the object */
	uint64_t bytes;  /* of the object */
	struct object_header header;
	uint64_t stored_bytes; /* of the object in the store: as bytes, until pack_table_look finds another size */
};

struct pack_table {
	struct pack_entry *items;
	size_t count, capacity;
};

enum status pack_table_add(struct pack_table *table, const struct pack_entry *entry, struct error *err);

/* Sorts the table, and writes it. The caller ends the series. */
enum status pack_table_write(struct pack_table *table, struct series_writer *writer, struct error *err);

/*
 * Reads the table of the manifest's backup into *out, which is empty at first. The caller finishes it whatever happens.
 * STATUS_DAMAGED: it is not what pack_table_write would write.
 */
enum status pack_table_read(struct pack_table *out, const struct repository *repo, const struct call *call,
			    const struct manifest *manifest, struct error *err);

/* Adds the lines of one object of the table, which follow those that are in out. STATUS_DAMAGED as above. */
enum status pack_table_parse(struct pack_table *out, const struct buffer *content, const struct manifest *manifest,
			     struct error *err);

/*
 * Lists the packs in the store, and sets stored_bytes of each entry: 0 where the pack is missing. One listing for each
 * backup that the table names.
 */
enum status pack_table_look(struct pack_table *table, const struct repository *repo, const struct call *call,
			    const struct manifest *manifest, struct error *err);

/* In a sorted table; NULL if there is none. */
const struct pack_entry *pack_table_find(const struct pack_table *table, uint32_t backup, uint32_t number);

/* The name of a pack, "<system id>/backup/<label>/data/00000001". backup is a number that the manifest has. */
void pack_name(char out[BACKUP_OBJECT_NAME_MAX], const struct manifest *manifest, uint32_t backup, uint32_t number);

/* Leaves the zero state. */
void pack_table_fini(struct pack_table *table);

#endif
