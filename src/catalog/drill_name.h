/* Names of the reports of drills: a promise to users (doc/format.md). "<system id>/drill/20261129T064210Z-drill". */
#ifndef WALSHIP_CATALOG_DRILL_NAME_H
#define WALSHIP_CATALOG_DRILL_NAME_H

#include "catalog/label.h"

#define DRILL_LABEL_MAX 24 /* 20261129T064210Z-drill and a 0 byte */
#define DRILL_OBJECT_NAME_MAX 64

struct drill_name {
	uint64_t system_id;
	int64_t begun_s; /* UTC: the drill's beginning */
	char label[DRILL_LABEL_MAX];
	char object[DRILL_OBJECT_NAME_MAX];
};

/* "<system id>/drill/": the prefix of all names of a cluster's drills. */
void drill_prefix(char out[DRILL_OBJECT_NAME_MAX], uint64_t system_id);

/* Labels sort as their times do. Returns false for a time outside of the years 1970 to 9999. */
bool drill_name_make(struct drill_name *out, uint64_t system_id, int64_t begun_s);

/* Parses an object's name below the repository. Returns false for any name that drill_name_make would not make. */
bool drill_name_parse(struct drill_name *out, const char *object);

#endif
