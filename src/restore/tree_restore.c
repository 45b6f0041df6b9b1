#include "restore/tree_restore.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "restore/directory_maker.h"
#include "restore/room.h"
#include "restore/tree_writer.h"
#include "text/hex.h"

#define OWN_BYTES (64UL * 1024)   /* the settings of the recovery, and what is like them */
#define MANIFEST_LINE_BYTES 256UL /* a file in PostgreSQL's backup_manifest */

/* What plan and write have in common. */
struct restoring {
	const struct tree_restore_settings *settings;
	struct tree_restore_figures *figures;
	struct roots roots;
	struct pack_table table;
	struct block_hash hash;
	struct stages stages;
	uint64_t *needed; /* room: for each root */
};

static void restoring_fini(struct restoring *restoring)
{
	stages_end(&restoring->stages);
	pack_table_fini(&restoring->table);
	roots_fini(&restoring->roots);
	free(restoring->needed);
}

static enum status init_hash(struct block_hash *hash, const struct manifest *manifest, struct error *err)
{
	uint8_t seed[BLOCK_HASH_SEED_BYTES];
	const char *digits = manifest->hash_seed == NULL ? "" : manifest->hash_seed;
	if (strlen(digits) != 2 * sizeof seed || !hex_decode(seed, digits, sizeof seed))
		return error_set(err, STATUS_DAMAGED, "damaged: the manifest has no valid %s", "hash_seed");
	block_hash_init(hash, seed);
	return STATUS_OK;
}

static enum status prepare(struct restoring *restoring, enum roots_purpose purpose, struct error *err)
{
	const struct tree_restore_settings *settings = restoring->settings;
	*restoring->figures = (struct tree_restore_figures){0};
	enum status st = roots_open(&restoring->roots, settings, purpose, err);
	if (!st && settings->delta)
		st = init_hash(&restoring->hash, settings->manifest, err);
	if (!st)
		st = pack_table_read(&restoring->table, settings->repo, settings->call, settings->manifest, err);
	/* What is missing is to be found before anything is changed. */
	if (!st && purpose == ROOTS_PLAN)
		st = pack_table_look(&restoring->table, settings->repo, settings->call, settings->manifest, err);
	if (st)
		return st;
	restoring->figures->requests += TREE_RESTORE_PASSES * settings->manifest->packs_objects;
	restoring->needed = calloc(restoring->roots.count, sizeof *restoring->needed);
	return restoring->needed == NULL ? error_set(err, STATUS_LOCAL, "out of memory") : STATUS_OK;
}

static enum status run(struct restoring *restoring, struct error *err)
{
	const struct tree_restore_settings *settings = restoring->settings;
	struct tree_writer writer = {.settings = settings,
				     .roots = &restoring->roots,
				     .table = &restoring->table,
				     .stages = &restoring->stages,
				     .figures = restoring->figures,
				     .needed = restoring->needed};
	restoring->stages.settings = settings;
	restoring->stages.roots = &restoring->roots;
	restoring->stages.table = &restoring->table;
	restoring->stages.hash = &restoring->hash;
	enum status st = stages_start(&restoring->stages, err);
	if (!st)
		st = tree_writer_run(&writer, err);
	if (!restoring->roots.plans)
		restoring->figures->written_bytes = restoring->stages.written_bytes;
	stages_end(&restoring->stages);
	tree_writer_fini(&writer);
	return st;
}

enum status tree_restore_plan(const struct tree_restore_settings *settings, struct tree_restore_figures *figures,
			      struct error *err)
{
	CLEANUP(restoring_fini) struct restoring restoring = {.settings = settings, .figures = figures};
	enum status st = prepare(&restoring, ROOTS_PLAN, err);
	if (!st)
		st = run(&restoring, err);
	if (st)
		return st;
	restoring.needed[0] += OWN_BYTES; /* the data directory is the first root */
	if (settings->postgres_manifest)
		restoring.needed[0] += figures->files * MANIFEST_LINE_BYTES;
	return room_gather(figures, &restoring.roots, restoring.needed, err);
}

enum status tree_restore_write(const struct tree_restore_settings *settings, struct tree_restore_figures *figures,
			       struct error *err)
{
	CLEANUP(restoring_fini) struct restoring restoring = {.settings = settings, .figures = figures};
	enum status st = prepare(&restoring, ROOTS_WRITE, err);
	if (!st && settings->delta)
		st = directory_disable(&restoring.roots, err);
	if (!st)
		st = run(&restoring, err);
	return st ? st : roots_sync(&restoring.roots, err);
}

void tree_restore_figures_fini(struct tree_restore_figures *figures)
{
	free(figures->rooms);
	*figures = (struct tree_restore_figures){0};
}
