/* Reads what pg_dump printed for one database out of the objects of a dump. */
#ifndef WALSHIP_CATALOG_DUMP_READ_H
#define WALSHIP_CATALOG_DUMP_READ_H

#include "catalog/dump_manifest.h"
#include "repo/object.h"

struct dump_reading {
	const struct repository *repo;
	const struct call *call; /* takes a step for each request of 8 MiB */
	uint64_t system_id;
	const struct dump_label *label;
	unsigned threads;                    /* that open frames; up to 1: the caller's alone */
	struct unseal_lack *lack;            /* out; may be NULL */
	char object[BACKUP_OBJECT_NAME_MAX]; /* out: the object that was read last */
};

/*
 * Writes the item into the sink, which it does not finish. Each byte that the sink sees is authentic and in its place.
 * That the item is whole is known at the end only: STATUS_DAMAGED when an object is missing, is not authentic, or the
 * whole has another length or SHA-256 than its manifest says. STATUS_EXISTS: an object is in an archive storage class.
 * No request is open while the sink takes bytes, so it may be slow.
 */
enum status dump_item_read(struct dump_reading *reading, const struct dump_item *item, struct sink *into,
			   struct error *err);

#endif
