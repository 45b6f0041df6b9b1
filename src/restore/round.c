#include "restore/round.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void round_fini(struct round *round)
{
	buffer_fini(&round->texts);
	buffer_fini(&round->hashes);
	free(round->files);
	free(round->runs);
	free(round->packs);
	*round = (struct round){0};
}

void round_clear(struct round *round)
{
	buffer_clear(&round->texts);
	buffer_clear(&round->hashes);
	round->file_count = round->run_count = round->pack_count = 0;
}

size_t round_bytes(const struct round *round)
{
	return round->texts.len + round->hashes.len + round->file_count * sizeof *round->files +
	       round->run_count * sizeof *round->runs;
}

enum status round_add_file(struct round *round, const struct round_file *file, const char *path, struct error *err)
{
	struct round_file *grown = array_grow(round->files, round->file_count, &round->file_capacity, sizeof *grown);
	if (grown == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	round->files = grown;
	struct round_file *added = &grown[round->file_count];
	*added = *file;
	added->path = (uint32_t)round->texts.len;
	added->first_run = (uint32_t)round->run_count;
	enum status st = buffer_append(&round->texts, path, strlen(path) + 1, err);
	round->file_count += !st;
	return st;
}

enum status round_add_run(struct round *round, const struct index_run *run, const uint64_t *hashes, struct error *err)
{
	struct round_file *file = &round->files[round->file_count - 1];
	struct round_run *grown = array_grow(round->runs, round->run_count, &round->run_capacity, sizeof *grown);
	if (grown == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	round->runs = grown;
	struct round_run *added = &grown[round->run_count];
	*added = (struct round_run){.block = run->block,
				    .count = run->count,
				    .is_zero = run->is_zero,
				    .backup = run->backup,
				    .pack = run->pack,
				    .frame = run->frame,
				    .at = run->at,
				    .file = (uint32_t)round->file_count - 1,
				    .hashes = ROUND_NO_HASHES};
	enum status st = STATUS_OK;
	if (hashes != NULL) {
		added->hashes = (uint32_t)(round->hashes.len / sizeof *hashes);
		st = buffer_append(&round->hashes, hashes, (size_t)run->count * sizeof *hashes, err);
	}
	if (st)
		return st;
	round->run_count++;
	file->run_count++;
	file->stored_runs += !run->is_zero;
	return STATUS_OK;
}

const char *round_path(const struct round *round, const struct round_file *file)
{
	return (const char *)round->texts.data + file->path;
}

uint64_t *round_hashes(const struct round *round, const struct round_run *run)
{
	return run->hashes == ROUND_NO_HASHES ? NULL : (uint64_t *)(void *)round->hashes.data + run->hashes;
}

static bool is_same_pack(const struct round_run *one, const struct round_run *other)
{
	return one->backup == other->backup && one->pack == other->pack;
}

/* By place in the repository. Then by file, so that a thread opens a file once for a frame. */
static int compare(const void *one, const void *other)
{
	const struct round_run *a = one, *b = other;
	if (a->backup != b->backup)
		return a->backup < b->backup ? -1 : 1;
	if (a->pack != b->pack)
		return a->pack < b->pack ? -1 : 1;
	if (a->frame.offset != b->frame.offset)
		return a->frame.offset < b->frame.offset ? -1 : 1;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return (a->block > b->block) - (a->block < b->block);
}

enum status round_sort(struct round *round, struct error *err)
{
	size_t kept = 0;
	for (size_t i = 0; i < round->run_count; i++)
		if (!round->runs[i].is_zero && !round->runs[i].is_same)
			round->runs[kept++] = round->runs[i];
	round->run_count = kept;
	if (kept > 1)
		qsort(round->runs, kept, sizeof *round->runs, compare);
	for (size_t i = 0; i < kept; i++) {
		if (i > 0 && is_same_pack(&round->runs[i - 1], &round->runs[i])) {
			round->packs[round->pack_count - 1].run_count++;
			continue;
		}
		struct round_pack *grown =
		    array_grow(round->packs, round->pack_count, &round->pack_capacity, sizeof *grown);
		if (grown == NULL)
			return error_set(err, STATUS_LOCAL, "out of memory");
		round->packs = grown;
		grown[round->pack_count++] = (struct round_pack){i, 1};
	}
	return STATUS_OK;
}
