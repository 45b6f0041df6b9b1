/* Labels of base backups and the names of their objects in a repository: a promise to users (doc/format.md). */
#ifndef WALSHIP_CATALOG_LABEL_H
#define WALSHIP_CATALOG_LABEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum backup_type { BACKUP_FULL, BACKUP_DIFF, BACKUP_INCR };

#define BACKUP_TYPE_COUNT (BACKUP_INCR + 1)
#define BACKUP_LABEL_MAX 24 /* 20261129T064210Z-full and a 0 byte */

struct backup_label {
	char text[BACKUP_LABEL_MAX];
	int64_t begun_s; /* UTC: the backup's beginning */
	enum backup_type type;
};

/* "full", "diff" or "incr". */
const char *backup_type_name(enum backup_type type);
bool backup_type_parse(enum backup_type *out, const char *name);

/* 20261129T064210Z-full: labels sort as their times do. Returns false for a time outside of the years 1970 to 9999. */
bool backup_label_make(struct backup_label *out, int64_t begun_s, enum backup_type type);

/* Returns false for any text that backup_label_make would not make. */
bool backup_label_parse(struct backup_label *out, const char *text);

/*
 * The text of a label: a time in UTC, '-', and a word, which has four letters at most. Returns false for a time outside
 * of the years 1970 to 9999; label_read also for any text that label_write would not make. *word points into text.
 */
bool label_write(char out[BACKUP_LABEL_MAX], int64_t begun_s, const char *word);
bool label_read(const char *text, int64_t *begun_s, const char **word);

/* The label of a directory, whose name behind the prefix of the labels is "20261129T064210Z-full/". */
bool label_of_directory(char out[BACKUP_LABEL_MAX], const char *name);

#define BACKUP_OBJECT_NAME_MAX 96

/* A part of a backup, dump or drill: one object, or objects numbered from 1. */
struct label_part {
	const char *name;
	bool is_numbered;
};

/* Names of objects: "<system id>/<directory>/<label>/<part>", and behind a numbered part "/00000001". */
struct label_names {
	const char *directory;
	const struct label_part *parts;
	size_t part_count;
};

struct label_object {
	uint64_t system_id;
	char label[BACKUP_LABEL_MAX];
	size_t part;
	uint32_t number; /* 0: not numbered */
};

void label_object_name(char out[BACKUP_OBJECT_NAME_MAX], const struct label_names *names,
		       const struct label_object *object);

/* Returns false for any name that label_object_name would not make. out->label may be no label. */
bool label_object_parse(struct label_object *out, const struct label_names *names, const char *name);

/* What an object of a backup is for. Numbered ones count from 1. */
enum backup_part {
	PART_BEGUN,    /* first: who began the backup, and when */
	PART_DATA,     /* numbered: content of files */
	PART_INDEX,    /* numbered: a line for each file */
	PART_HASHES,   /* numbered: of the blocks, in the order of the index */
	PART_PACKS,    /* numbered: the table of the packs that the index refers to */
	PART_MANIFEST, /* last: the backup exists once this does */
	PART_KEEP,     /* a pin */
};

/* "begun", "data" and so on, as in names. */
const char *backup_part_name(enum backup_part part);

/* "<system id>/backup/": the prefix of all names of a cluster's backups. */
void backup_prefix(char out[BACKUP_OBJECT_NAME_MAX], uint64_t system_id);

/* "<system id>/backup/<label>/data/00000001". number is for the numbered parts alone. */
void backup_object_name(char out[BACKUP_OBJECT_NAME_MAX], uint64_t system_id, const struct backup_label *label,
			enum backup_part part, uint32_t number);

struct backup_object {
	uint64_t system_id;
	struct backup_label label;
	enum backup_part part;
	uint32_t number; /* 0: not numbered */
};

/* Parses an object's name below the repository. Returns false for any name that backup_object_name would not make. */
bool backup_object_parse(struct backup_object *out, const char *name);

#endif
