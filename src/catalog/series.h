/*
 * A series: content of any length in numbered objects of bounded size, so that a reader has one object in memory at a
 * time. Records of the content are never divided between two objects. An index is one series, its hashes another.
 */
#ifndef WALSHIP_CATALOG_SERIES_H
#define WALSHIP_CATALOG_SERIES_H

#include "base/buffer.h"
#include "catalog/label.h"
#include "repo/object.h"

#define SERIES_OBJECT_BYTES (8UL * 1024 * 1024) /* plain content; from this size on the next object begins */
#define SERIES_OBJECT_MAX (16UL * 1024 * 1024)  /* the most plain content of an object */
#define SERIES_WRITE_MAX (SERIES_OBJECT_MAX - SERIES_OBJECT_BYTES)

struct series {
	const struct repository *repo;
	const struct call *call; /* each object takes a step of it */
	uint64_t system_id;
	struct backup_label label;
	enum backup_part part; /* a numbered one */
};

struct series_writer {
	struct series series;
	struct object_settings settings;
	/* The writer's own; zero at first. */
	struct call step;
	char name[BACKUP_OBJECT_NAME_MAX];
	struct sink *object;   /* NULL: none is open */
	uint64_t object_bytes; /* plain, in it */
	uint32_t count;        /* objects begun */
	uint64_t bytes;        /* plain, in all of them */
};

/* Writes whole records, SERIES_WRITE_MAX bytes at most. The writer must not move in memory once it has written. */
enum status series_write(struct series_writer *writer, const void *records, size_t len, struct error *err);

/* Finishes the last object. writer->count and bytes are what the manifest says of the series. */
enum status series_writer_end(struct series_writer *writer, struct error *err);

/* Abandons the object that is open. The zero state is allowed. */
void series_writer_fini(struct series_writer *writer);

struct series_reader {
	struct series series;
	uint32_t count; /* of objects, from the manifest */
	uint64_t bytes; /* plain, likewise */
	/* The reader's own; zero at first. */
	uint32_t number;       /* of the object in content */
	uint64_t bytes_read;   /* plain, with those of content */
	struct buffer content; /* of one object */
};

/*
 * Reads the next object into reader->content. *more is false, and content empty, behind the last one. STATUS_DAMAGED:
 * an object is missing, or the series has not as many bytes as the manifest says.
 */
enum status series_next(struct series_reader *reader, bool *more, struct error *err);

/* Frees the content and leaves it empty. */
void series_reader_fini(struct series_reader *reader);

#endif
