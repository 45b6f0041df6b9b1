/* Copies one object from a repository to another one, byte for byte: it stays sealed under its name. */
#ifndef WALSHIP_MIRROR_TRANSFER_H
#define WALSHIP_MIRROR_TRANSFER_H

#include "mirror/merge.h"
#include "repo/repository.h"

enum transfer_outcome {
	TRANSFER_COPIED,
	TRANSFER_PRESENT,    /* another process has copied it meanwhile */
	TRANSFER_CONFLICT,   /* the copy has an object of this name with another size */
	TRANSFER_DAMAGED,    /* not copied: not authentic, or not as long as the listing says */
	TRANSFER_UNREADABLE, /* not copied: this machine cannot read it */
	TRANSFER_ARCHIVED,   /* not copied: the store does not give it now (archive storage classes) */
	TRANSFER_GONE,       /* removed since the listing */
};

struct transfer {
	const struct repository *original, *copy;
	const struct call *call;
	const struct mirror_entry *entry; /* of the original */
	bool open;                        /* verify the object with the original's keys before it appears in the copy */
};

/*
 * The copy has an object of this name and size. Returns TRANSFER_PRESENT, or TRANSFER_CONFLICT with the
 * text of *err.
 */
enum transfer_outcome transfer_judge_taken(const struct mirror_entry *entry, uint64_t bytes, struct error *err);

/*
 * The object appears in the copy only when all of it has been received, and verified if that is wanted. STATUS_OK sets
 * *outcome; *err then says what is wrong with this object. Any other status is about all objects: a store that is not
 * reachable, a disk that is full.
 */
enum status transfer_object(const struct transfer *transfer, enum transfer_outcome *outcome, struct error *err);

#endif
