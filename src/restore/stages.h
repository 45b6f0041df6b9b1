/*
 * The threads of a restore. Its owner gives them one stage of a round after the other, and prepares the next round
 * meanwhile: first, with delta, the comparison of the files that are there; then the writing.
 */
#ifndef WALSHIP_RESTORE_STAGES_H
#define WALSHIP_RESTORE_STAGES_H

#include "console/progress.h"
#include "repo/worker_pool.h"
#include "restore/compare.h"
#include "restore/pack_job.h"

enum stage {
	STAGE_NONE,
	STAGE_COMPARE,
	STAGE_WRITE, /* the packs of a sorted round, and the files that need none */
};

struct stages {
	/* Set by the owner. The struct must not move from stages_start to stages_end. */
	const struct tree_restore_settings *settings;
	const struct roots *roots;
	const struct pack_table *table;
	const struct block_hash *hash;
	/* The struct's own. */
	bool is_started;
	struct worker_pool pool;
	pthread_mutex_t mutex; /* guards what follows */
	pthread_cond_t changed;
	enum stage stage;
	struct round *round;
	size_t next, tasks, busy;
	bool closed;
	enum status failed;
	struct error err; /* of failed: the first failure */
	uint64_t written_bytes;
	uint64_t done_bytes; /* of the backup's files, for progress */
	int64_t began_ms;
	struct progress progress;
};

/* Starts the threads. STATUS_LOCAL: none can be started. stages_end whatever happens. */
enum status stages_start(struct stages *stages, struct error *err);

/* Begins a stage: the stage before it has ended. */
void stages_begin(struct stages *stages, enum stage stage, struct round *round);

/* Waits until the stage has ended. Returns the first failure of the threads. */
enum status stages_wait(struct stages *stages, struct error *err);

/* Counts bytes of files that need no work, for progress. */
void stages_count(struct stages *stages, uint64_t bytes);

/* Ends the threads, whatever they were at. */
void stages_end(struct stages *stages);

#endif
