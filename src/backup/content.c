#include "backup/content.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/planner.h"
#include "base/cleanup.h"
#include "catalog/pack_table.h"
#include "job/pipeline.h"
#include "pg/data/tree_rules.h"
#include "text/hex.h"

#define STACK_BYTES (1024UL * 1024) /* jansson recurses 2048 levels deep when a thread renews its credentials */
#define NAP_MS 200
#define TABLESPACES "pg_tblspc/"

struct content {
	const struct content_settings *settings;
	struct manifest *manifest;
	struct block_hash hash;
	struct batch_settings shared;
	struct pack_pool *pool;
	struct batch_thread threads[PIPELINE_THREADS_MAX];
	struct batch batches[PIPELINE_SLOTS_MAX];
	struct pipeline pipeline;
	struct past past;
	struct planner planner;
	bool has_included; /* the files of settings->include are behind us */
	struct series_writer lines, hashes, packs;
	struct content_figures figures;
	int64_t begun_ms;
	struct pack_table table;
};

static enum status work(void *arg, unsigned thread, size_t slot, struct error *err)
{
	struct content *content = arg;
	return batch_run(&content->threads[thread], &content->batches[slot], err);
}

static enum status note_wrong_pages(struct content *content, const struct batch *batch, struct error *err)
{
	struct manifest *manifest = content->manifest;
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < batch->wrong_page_count; i++) {
		const char *path = batch_text(batch, batch->wrong_pages[i].path);
		char number[32];
		manifest->wrong_pages++;
		if (manifest->wrong_page_list.count == MANIFEST_WRONG_PAGES_MAX)
			continue;
		(void)snprintf(number, sizeof number, "%" PRIu64, batch->wrong_pages[i].page);
		log_line(content->settings->call->log, LEVEL_WARNING,
			 "page %s of the relation in %s has a wrong checksum", number, path);
		st = manifest_add_pair(&manifest->wrong_page_list, path, number, err);
	}
	return st;
}

/* As doc/format.md has them: little-endian. */
static enum status write_hashes(struct content *content, struct batch *batch, struct error *err)
{
	for (size_t at = 0; at < batch->hashes.len; at += sizeof(uint64_t)) {
		uint64_t hash;
		memcpy(&hash, batch->hashes.data + at, sizeof hash);
		hash = htole64(hash);
		memcpy(batch->hashes.data + at, &hash, sizeof hash);
	}
	return series_write(&content->hashes, batch->hashes.data, batch->hashes.len, err);
}

/* The results of a batch, in the order of the walk. */
static enum status take(void *arg, size_t slot, struct error *err)
{
	struct content *content = arg;
	struct batch *batch = &content->batches[slot];
	struct manifest *manifest = content->manifest;
	enum status st = series_write(&content->lines, batch->lines.data, batch->lines.len, err);
	if (!st)
		st = write_hashes(content, batch, err);
	if (!st)
		st = note_wrong_pages(content, batch, err);
	manifest->files += batch->files;
	manifest->directories += batch->directories;
	manifest->bytes += batch->bytes;
	manifest->changed_bytes += batch->changed_bytes;
	content->figures.files = manifest->files;
	content->figures.bytes += batch->blocks * PAGE_BYTES;
	batch_clear(batch);
	return st;
}

static enum status tick(struct content *content, struct error *err)
{
	const struct content_settings *settings = content->settings;
	return settings->tick(settings->arg, &content->figures, err);
}

/* Waits until as many bytes may be read. */
static enum status keep_to_rate(struct content *content, struct error *err)
{
	const struct content_settings *settings = content->settings;
	const struct clock *clock = settings->call->clock;
	enum status st = STATUS_OK;
	while (!st && settings->rate > 0) {
		double due_ms = (double)content->figures.read_bytes * 1000 / (double)settings->rate;
		int64_t left_ms = content->begun_ms + (int64_t)due_ms - clock_monotonic_ms(clock);
		if (left_ms <= 0)
			break;
		clock_sleep_ms(clock, left_ms < NAP_MS ? left_ms : NAP_MS);
		st = tick(content, err);
	}
	return st;
}

static enum status submit(void *arg, struct error *err)
{
	struct content *content = arg;
	struct batch *batch = content->planner.batch;
	for (size_t i = 0; i < batch->item_count; i++)
		if (!batch->items[i].is_unchanged)
			content->figures.read_bytes += batch->items[i].count * PAGE_BYTES;
	enum status st = keep_to_rate(content, err);
	if (!st)
		st = pipeline_submit(&content->pipeline, err);
	content->planner.batch = &content->batches[pipeline_slot(&content->pipeline)];
	return st ? st : tick(content, err);
}

/* A tablespace is a link pg_tblspc/OID; a directory of that name lies in the data directory and needs no place. */
static enum status note_tablespace(struct content *content, const struct tree_entry *entry, struct error *err)
{
	const char *oid = entry->path + sizeof TABLESPACES - 1;
	if (entry->link == NULL || strncmp(entry->path, TABLESPACES, sizeof TABLESPACES - 1) != 0 ||
	    strchr(oid, '/') != NULL)
		return STATUS_OK;
	return manifest_add_pair(&content->manifest->tablespaces, oid, entry->link, err);
}

/* The files of other places, at their place in the order of paths: before this one; NULL: behind all. */
static enum status take_included(struct content *content, const char *before, struct error *err)
{
	if (content->has_included || (before != NULL && tree_compare(before, INCLUDE_DIRECTORY) < 0))
		return STATUS_OK;
	content->has_included = true;
	return include_walk(content->settings->include, content->settings->call->log, planner_take, &content->planner,
			    err);
}

static enum status take_entry(void *arg, const struct tree_entry *entry, struct error *err)
{
	struct content *content = arg;
	enum status st = note_tablespace(content, entry, err);
	if (!st)
		st = take_included(content, entry->path, err);
	return st ? st : planner_take(&content->planner, entry, err);
}

static struct series_writer series_of(const struct content *content, enum backup_part part)
{
	const struct content_settings *settings = content->settings;
	struct series_writer writer = {
	    .series = {settings->repo, settings->call, content->manifest->system_id, content->manifest->label, part},
	    .settings = settings->object,
	};
	writer.settings.threads = 1;
	return writer;
}

static enum status begin(struct content *content, struct error *err)
{
	const struct content_settings *settings = content->settings;
	const struct manifest *manifest = content->manifest;
	uint8_t seed[BLOCK_HASH_SEED_BYTES];
	const struct pack_pool_settings pool = {.repo = settings->repo,
						.call = settings->call,
						.system_id = manifest->system_id,
						.label = manifest->label,
						.object = settings->object,
						.most = settings->packs,
						.pack_bytes = settings->pack_bytes};
	if (strlen(manifest->hash_seed) != 2 * sizeof seed || !hex_decode(seed, manifest->hash_seed, sizeof seed))
		return error_set(err, STATUS_DAMAGED, "damaged: the manifest has no valid hash_seed");
	block_hash_init(&content->hash, seed);
	enum status st = pack_pool_new(&content->pool, &pool, err);
	content->shared = (struct batch_settings){.directory = settings->directory,
						  .page_checksums = manifest->page_checksums,
						  .start_lsn = settings->start_lsn,
						  .hash = &content->hash,
						  .pool = content->pool};
	for (size_t i = 0; i < PIPELINE_THREADS_MAX; i++)
		content->threads[i].settings = &content->shared;
	content->lines = series_of(content, PART_INDEX);
	content->hashes = series_of(content, PART_HASHES);
	content->packs = series_of(content, PART_PACKS);
	content->pipeline = (struct pipeline){
	    .work = work, .take = take, .arg = content, .threads = settings->threads, .stack_bytes = STACK_BYTES};
	pipeline_init(&content->pipeline);
	content->planner = (struct planner){.submit = submit,
					    .arg = content,
					    .batch = &content->batches[pipeline_slot(&content->pipeline)],
					    .past = &content->past,
					    .read_all = settings->read_all};
	content->begun_ms = clock_monotonic_ms(settings->call->clock);
	return st ? st : past_begin(&content->past, settings->repo, settings->call, settings->parent, err);
}

static enum status walk(struct content *content, struct error *err)
{
	enum status st = tree_walk(&content->settings->tree, take_entry, content, err);
	if (!st)
		st = take_included(content, NULL, err);
	if (!st)
		st = submit(content, err);
	if (!st)
		st = pipeline_finish(&content->pipeline, err);
	for (size_t i = 0; !st && i < PIPELINE_THREADS_MAX; i++)
		st = batch_thread_end(&content->threads[i], err);
	return st;
}

/* The packs of this backup, after those that the parent refers to. */
static enum status list_packs(struct content *content, const struct pack_info *infos, size_t count, struct error *err)
{
	const struct content_settings *settings = content->settings;
	struct manifest *manifest = content->manifest;
	enum status st = STATUS_OK;
	if (settings->parent != NULL)
		st = pack_table_read(&content->table, settings->repo, settings->call, settings->parent, err);
	for (size_t i = 0; !st && settings->parent != NULL && i < content->table.count; i++)
		if (content->table.items[i].backup == 0)
			content->table.items[i].backup = (uint32_t)settings->parent->need_count + 1;
	for (size_t i = 0; !st && i < count; i++) {
		const struct pack_entry entry = {
		    .number = infos[i].number, .bytes = infos[i].bytes, .header = infos[i].header};
		st = pack_table_add(&content->table, &entry, err);
		manifest->stored_bytes += infos[i].bytes;
	}
	manifest->data_packs = count;
	return st ? st : pack_table_write(&content->table, &content->packs, err);
}

/* Waits for the last packs, and closes what is open. */
static enum status end(struct content *content, struct error *err)
{
	struct manifest *manifest = content->manifest;
	const struct pack_info *infos;
	size_t count;
	enum status st = pack_pool_end(content->pool, &infos, &count, err);
	if (!st)
		st = list_packs(content, infos, count, err);
	struct series_writer *const series[] = {&content->lines, &content->hashes, &content->packs};
	for (size_t i = 0; !st && i < sizeof series / sizeof series[0]; i++)
		st = series_writer_end(series[i], err);
	manifest->index_objects = content->lines.count;
	manifest->index_bytes = content->lines.bytes;
	manifest->hashes_objects = content->hashes.count;
	manifest->hashes_bytes = content->hashes.bytes;
	manifest->packs_objects = content->packs.count;
	manifest->packs_bytes = content->packs.bytes;
	return st;
}

static void finish(struct content *content)
{
	pipeline_fini(&content->pipeline);
	for (size_t i = 0; i < PIPELINE_THREADS_MAX; i++)
		batch_thread_fini(&content->threads[i]);
	for (size_t i = 0; i < PIPELINE_SLOTS_MAX; i++)
		batch_fini(&content->batches[i]);
	pack_pool_free(content->pool);
	past_fini(&content->past);
	series_writer_fini(&content->lines);
	series_writer_fini(&content->hashes);
	series_writer_fini(&content->packs);
	pack_table_fini(&content->table);
}

enum status content_store(const struct content_settings *settings, struct manifest *manifest, struct error *err)
{
	CLEANUP(freep) struct content *content = calloc(1, sizeof *content);
	if (content == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	content->settings = settings;
	content->manifest = manifest;
	enum status st = begin(content, err);
	if (!st)
		st = walk(content, err);
	if (!st && settings->all_read != NULL)
		st = settings->all_read(settings->arg, err);
	if (!st)
		st = end(content, err);
	finish(content);
	return st;
}
