/* Labels of dumps and the names of their objects in a repository: a promise to users (doc/format.md). */
#ifndef WALSHIP_CATALOG_DUMP_LABEL_H
#define WALSHIP_CATALOG_DUMP_LABEL_H

#include "catalog/label.h"

struct dump_label {
	char text[BACKUP_LABEL_MAX]; /* 20261129T020000Z-dump: labels sort as their times do */
	int64_t begun_s;             /* UTC: the beginning of the dump */
};

/* Returns false for a time outside of the years 1970 to 9999. */
bool dump_label_make(struct dump_label *out, int64_t begun_s);

/* Returns false for any text that dump_label_make would not make. */
bool dump_label_parse(struct dump_label *out, const char *text);

enum dump_part {
	DUMP_BEGUN,    /* first: who makes the dump */
	DUMP_DATA,     /* numbered from 1: output of pg_dump */
	DUMP_MANIFEST, /* last: the dump exists once this does */
};

/* "begun", "data" or "manifest", as in names. */
const char *dump_part_name(enum dump_part part);

/* "<system id>/dump/": the prefix of all names of a cluster's dumps. */
void dump_prefix(char out[BACKUP_OBJECT_NAME_MAX], uint64_t system_id);

/* "<system id>/dump/<label>/data/00000001". number is for DUMP_DATA alone. */
void dump_object_name(char out[BACKUP_OBJECT_NAME_MAX], uint64_t system_id, const struct dump_label *label,
		      enum dump_part part, uint32_t number);

struct dump_object {
	uint64_t system_id;
	struct dump_label label;
	enum dump_part part;
	uint32_t number; /* 0: not numbered */
};

/* Parses an object's name below the repository. Returns false for any name that dump_object_name would not make. */
bool dump_object_parse(struct dump_object *out, const char *name);

#endif
