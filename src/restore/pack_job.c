#include "restore/pack_job.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "stream/terminal_sink.h"

static const struct round_run *run_at(const struct pack_job *job, size_t i)
{
	return &job->target->round->runs[job->pack->first_run + i];
}

static uint64_t run_bytes(const struct round_file *file, const struct round_run *run)
{
	uint64_t begin = run->block * PAGE_BYTES, end = begin + run->count * PAGE_BYTES;
	return (end < file->size ? end : file->size) - begin;
}

static uint64_t needed_bytes(const struct round *round, const struct round_run *run)
{
	const struct round_file *file = &round->files[run->file];
	const uint64_t *needed = round_hashes(round, run);
	uint64_t bytes = 0;
	if (needed == NULL)
		return run_bytes(file, run);
	for (uint64_t i = 0; i < run->count; i++)
		bytes += needed[i] ? block_bytes(file->size, run->block + i) : 0;
	return bytes;
}

static enum status refuse(const struct pack_job *job, const char *what, struct error *err)
{
	return error_set(err, STATUS_DAMAGED, "damaged: the index of backup %s refers to %s", job->manifest->label.text,
			 what);
}

static bool is_same_frame(const struct pack_place *one, const struct pack_place *other)
{
	return one->offset == other->offset && one->bytes == other->bytes && one->number == other->number;
}

/* Found by the plan, before the restore changes anything: a pack that was removed or cut off. */
static enum status refuse_stored(const struct pack_job *job, struct error *err)
{
	char name[BACKUP_OBJECT_NAME_MAX];
	pack_name(name, job->manifest, job->entry->backup, job->entry->number);
	if (job->entry->stored_bytes == 0)
		(void)error_set(err, STATUS_DAMAGED, "%s is missing", name);
	else
		(void)error_set(err, STATUS_DAMAGED, "%s has %" PRIu64 " bytes, not %" PRIu64, name,
				job->entry->stored_bytes, job->entry->bytes);
	return error_hint(err, STATUS_DAMAGED, "walship verify tells of each backup whether it can be restored");
}

/* The runs are in the order of their frames. */
static enum status add_range(struct pack_job *job, const struct pack_place *frame, struct error *err)
{
	struct store_range *last = job->range_count == 0 ? NULL : &job->ranges[job->range_count - 1];
	uint64_t end = last == NULL ? 0 : last->offset + last->bytes;
	if (frame->offset < end || frame->offset > job->entry->bytes ||
	    frame->bytes > job->entry->bytes - frame->offset)
		return refuse(job, "a frame that its pack does not have", err);
	if (frame->offset + frame->bytes > job->entry->stored_bytes)
		return refuse_stored(job, err);
	if (last == NULL || frame->offset - end > STORE_MERGE_GAP_BYTES)
		job->requests++;
	else
		job->read_bytes += frame->offset - end;
	job->read_bytes += frame->bytes;
	job->ranges[job->range_count++] = (struct store_range){frame->offset, frame->bytes};
	return STATUS_OK;
}

enum status pack_job_plan(struct pack_job *job, const struct pack_table *table, struct error *err)
{
	const struct round_run *first = run_at(job, 0);
	enum status st = STATUS_OK;
	if (first->backup > job->manifest->need_count)
		return refuse(job, "a backup that its manifest does not name", err);
	job->entry = pack_table_find(table, first->backup, first->pack);
	if (job->entry == NULL)
		return refuse(job, "a pack that is not in the table of packs", err);
	job->ranges = calloc(job->pack->run_count, sizeof *job->ranges);
	if (job->ranges == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	for (size_t i = 0; !st && i < job->pack->run_count; i++) {
		const struct round_run *run = run_at(job, i);
		if (i == 0 || !is_same_frame(&run->frame, &run_at(job, i - 1)->frame))
			st = add_range(job, &run->frame, err);
		job->written_bytes += needed_bytes(job->target->round, run);
	}
	return st;
}

void pack_job_fini(struct pack_job *job)
{
	free(job->ranges);
	*job = (struct pack_job){0};
}

/* The content of a frame, which the opener writes in pieces. */
struct content {
	struct sink sink;
	uint8_t *bytes;
	size_t len;
};

static enum status keep(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct content *content = (struct content *)sink;
	if (len > FRAME_CONTENT_BYTES - content->len)
		return error_set(err, STATUS_DAMAGED, "damaged: a frame with too much content");
	memcpy(content->bytes + content->len, data, len);
	content->len += len;
	return STATUS_OK;
}

static const struct sink_ops content_ops = {keep, terminal_sink_finish, terminal_sink_free};

struct reading {
	struct pack_job *job;
	struct pack_reader *reader;
	struct pack_buffers *buffers;
	size_t frame_len; /* of the frame that is arriving */
	size_t next_run;  /* of the pack: the first one that is not written */
};

/* Writes the blocks of a run that are needed, those that follow each other at once. */
static enum status write_run(const struct reading *reading, const struct round_run *run, size_t content_len,
			     struct error *err)
{
	struct target *target = reading->job->target;
	struct round_file *file = &target->round->files[run->file];
	const uint64_t *needed = round_hashes(target->round, run);
	uint64_t bytes = run_bytes(file, run);
	if (bytes > content_len || run->at > content_len - bytes)
		return refuse(reading->job, "blocks that their frame does not have", err);
	enum status st = target_open(target, file, err);
	for (uint64_t i = 0, next; !st && i < run->count; i = next) {
		next = i + 1;
		while (next < run->count && (needed == NULL || needed[next] == needed[i]))
			next++;
		if (needed != NULL && !needed[i])
			continue;
		uint64_t from = i * PAGE_BYTES, to = next * PAGE_BYTES < bytes ? next * PAGE_BYTES : bytes;
		st = target_write(target, reading->buffers->content + run->at + from, (size_t)(to - from),
				  run->block * PAGE_BYTES + from, err);
	}
	return st;
}

/* The frame has arrived: opens it, and writes all runs that have their blocks in it. */
static enum status take_frame(struct reading *reading, struct error *err)
{
	const struct pack_job *job = reading->job;
	const struct pack_place *place = &run_at(job, reading->next_run)->frame;
	struct content content = {{&content_ops}, reading->buffers->content, 0};
	enum status st = pack_reader_open(reading->reader, place, reading->buffers->frame, &content.sink, err);
	while (!st && reading->next_run < job->pack->run_count) {
		const struct round_run *run = run_at(job, reading->next_run);
		if (!is_same_frame(&run->frame, place))
			break;
		st = write_run(reading, run, content.len, err);
		reading->next_run++;
	}
	return st;
}

static enum status take_piece(void *arg, size_t range, const void *data, size_t len, struct error *err)
{
	struct reading *reading = arg;
	memcpy(reading->buffers->frame + reading->frame_len, data, len);
	reading->frame_len += len;
	if (reading->frame_len < reading->job->ranges[range].bytes)
		return STATUS_OK;
	reading->frame_len = 0;
	return take_frame(reading, err);
}

enum status pack_job_run(struct pack_job *job, const struct repository *repo, const struct call *call,
			 struct pack_buffers *buffers, struct error *err)
{
	char name[BACKUP_OBJECT_NAME_MAX];
	struct reading reading = {.job = job, .buffers = buffers};
	const struct call step = call_step(call);
	pack_name(name, job->manifest, job->entry->backup, job->entry->number);
	const struct unseal_params params = {.keys = &repo->keys, .allow_unprotected = !repo->encrypt, .name = name};
	enum status st = pack_reader_new(&reading.reader, &job->entry->header, &params, err);
	if (!st) {
		const struct store_ranges ranges = {
		    .items = job->ranges, .count = job->range_count, .each = take_piece, .arg = &reading};
		st = store_read_ranges(repo->store, &step, name, &ranges, err);
	}
	pack_reader_free(reading.reader);
	if (st == STATUS_MISSING)
		return error_set(err, STATUS_DAMAGED, "%s is missing", name);
	/* In an archive storage class, from which the operator must restore it first. */
	if (st == STATUS_EXISTS)
		return error_wrap(err, STATUS_UNREACHABLE, "%s", name);
	return st == STATUS_DAMAGED ? error_wrap(err, st, "%s", name) : st;
}
