/* The objects of a cluster's base backups that a listing showed, to be looked up. */
#ifndef WALSHIP_VERIFY_BACKUP_PARTS_H
#define WALSHIP_VERIFY_BACKUP_PARTS_H

#include <stddef.h>

#include "catalog/label.h"
#include "store/store.h"

struct backup_stored {
	int64_t begun_s; /* of the label */
	uint64_t bytes;
	uint32_t number;
	uint8_t type, part; /* enum backup_type, enum backup_part */
	bool archived;
	/* For verify --read: */
	bool needed;     /* by a finished backup: to be read */
	bool unread;     /* in an archive storage class, or removed meanwhile */
	bool locked;     /* it needs a key that is not configured */
	uint8_t trouble; /* enum status: STATUS_OK, or why it could not be read */
};

/* 32 bytes for an object: 2 MiB for a cluster of 1 TiB. */
struct backup_parts {
	struct backup_stored *items;
	size_t count, capacity;
};

enum status backup_parts_add(struct backup_parts *parts, const struct backup_object *object,
			     const struct object_info *info, struct error *err);

/* Call it when all objects are added. */
void backup_parts_sort(struct backup_parts *parts);

/* NULL if there is none. */
struct backup_stored *backup_parts_find(const struct backup_parts *parts, const struct backup_label *label,
					enum backup_part part, uint32_t number);

/* Leaves the zero state. */
void backup_parts_fini(struct backup_parts *parts);

#endif
