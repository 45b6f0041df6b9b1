/* Reads what a round needs of one pack, and writes it into the files. */
#ifndef WALSHIP_RESTORE_PACK_JOB_H
#define WALSHIP_RESTORE_PACK_JOB_H

#include "catalog/pack_table.h"
#include "restore/target.h"

/* What a thread keeps from job to job. */
struct pack_buffers {
	uint8_t *frame;   /* room for FRAME_MAX */
	uint8_t *content; /* room for FRAME_CONTENT_BYTES, at a multiple of TARGET_DIRECT_ALIGN */
};

struct pack_job {
	struct target *target;
	const struct round_pack *pack; /* of target->round */
	const struct manifest *manifest;
	const struct pack_entry *entry; /* by pack_job_plan */
	struct store_range *ranges;     /* of the frames that are needed; by pack_job_plan, owned */
	size_t range_count;
	uint64_t read_bytes, requests, written_bytes; /* by pack_job_plan */
};

/*
 * Finds the pack and its frames. STATUS_DAMAGED: the index refers to a pack or a frame that the table of packs does not
 * have. pack_job_fini whatever happens.
 */
enum status pack_job_plan(struct pack_job *job, const struct pack_table *table, struct error *err);
void pack_job_fini(struct pack_job *job);

/* Runs a planned job. The target's file may stay open. */
enum status pack_job_run(struct pack_job *job, const struct repository *repo, const struct call *call,
			 struct pack_buffers *buffers, struct error *err);

#endif
