/* Puts the output of pg_dump into objects, one after another, and counts and sums it for the manifest. */
#ifndef WALSHIP_DUMP_WRITER_H
#define WALSHIP_DUMP_WRITER_H

#include "catalog/dump_manifest.h"
#include "repo/object.h"

struct dump_writer {
	/* Set by the owner. */
	const struct repository *repo;
	const struct call *call; /* each write takes a step */
	uint64_t system_id;
	struct dump_label label;
	struct object_settings object;
	uint64_t object_bytes; /* an object that has so much content is finished */
	/* The rest is the writer's. */
	uint32_t begun; /* objects */
	struct dump_item *item;
	struct sha256 sum;
	struct call step;
	char name[BACKUP_OBJECT_NAME_MAX];
	struct sink *sink; /* NULL: the next byte begins an object */
	struct byte_counter stored;
	uint64_t content; /* bytes of the open object */
};

/* Begins an item, whose objects follow those of the item before. item must not move until the end. */
enum status dump_writer_begin(struct dump_writer *writer, struct dump_item *item, struct error *err);
enum status dump_writer_write(struct dump_writer *writer, const void *data, size_t len, struct error *err);

/* Completes the item: its bytes, its sum and its objects, which are in the repository then. */
enum status dump_writer_end(struct dump_writer *writer, struct error *err);

/* Abandons an object that is open. */
void dump_writer_fini(struct dump_writer *writer);

#endif
