#include "inventory/survey.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "console/measure.h"
#include "pg/wal/content.h"
#include "pg/wal/history.h"
#include "repo/object.h"
#include "repo/seal.h"

#define TOLD_MAX 64   /* of what cannot be opened; there may be a million such */
#define CHOICES_MAX 3 /* segments that are asked for wal_segment_size, as long as each is removed meanwhile */

struct walk {
	struct survey *survey;
	struct repository lists, reads; /* a listing goes on while an object is read: a connection for each */
	struct coverage coverage;       /* of the cluster that is being listed; system_id 0: none yet */
	bool sized;                     /* chain.segment_bytes is known */
};

/* What cannot be opened is told, and is no reason to stop; an outage is. */
static enum status forgive(struct walk *walk, enum status st, const struct unseal_lack *lack, const struct error *err)
{
	if (st != STATUS_DAMAGED && st != STATUS_CONFLICT)
		return st;
	walk->survey->damaged += !lack->lacks;
	walk->survey->missing_keys += lack->lacks;
	if (walk->survey->damaged + walk->survey->missing_keys > TOLD_MAX)
		return STATUS_OK;
	if (walk->survey->progress != NULL)
		progress_clear(walk->survey->progress);
	log_line(walk->survey->call->log, LEVEL_WARNING, "%s", err->text);
	return STATUS_OK;
}

/*
 * At once: what it says of older timelines is known before its own segments come. STATUS_MISSING: it was removed since
 * it was listed.
 */
static enum status read_history(struct walk *walk, const struct object_info *info, uint32_t timeline, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {.max = WAL_HISTORY_MAX};
	struct unseal_lack lack = {0};
	enum status st;
	if (info->archived)
		st = error_set(err, STATUS_DAMAGED, "%s is in an archive storage class: recovery would stop there",
			       info->name);
	else
		st = object_read(&walk->reads, walk->survey->call, info->name, &text, &lack, err);
	if (!st) {
		st = coverage_history(&walk->coverage, timeline, buffer_text(&text), text.len, err);
		if (st)
			(void)error_wrap(err, st, "%s", info->name);
	}
	return forgive(walk, st, &lack, err);
}

/* Nothing was ever stored so: what should be there is missing. Who reads each object finds this one by that. */
static bool is_cut_off(const struct walk *walk, const struct object_info *info)
{
	return info->bytes < SEAL_OBJECT_MIN && (!walk->survey->opens || info->archived);
}

static enum status tell_cut_off(struct walk *walk, const struct object_info *info)
{
	const struct unseal_lack none = {0};
	struct error err;
	(void)error_set(&err, STATUS_DAMAGED, "cut off: %" PRIu64 " bytes, and no tag", info->bytes);
	return forgive(walk, error_wrap(&err, STATUS_DAMAGED, "%s", info->name), &none, &err);
}

static enum status end_cluster(struct walk *walk, struct error *err)
{
	enum status st = STATUS_OK;
	if (walk->coverage.system_id == 0)
		return STATUS_OK;
	st = coverage_end(&walk->coverage, err);
	if (walk->survey->progress != NULL)
		progress_clear(walk->survey->progress);
	/* What was removed while it was looked at leaves nothing to tell. */
	if (!st && walk->coverage.objects > 0)
		st = walk->survey->each(walk->survey->arg, &walk->coverage, err);
	coverage_fini(&walk->coverage);
	return st;
}

struct readable {
	char name[WAL_OBJECT_NAME_MAX]; /* "": none was found */
};

static enum status find_readable(void *arg, const struct object_info *info, struct error *err)
{
	struct readable *readable = arg;
	uint64_t system_id;
	struct wal_name name;
	if (info->archived || info->bytes < SEAL_OBJECT_MIN || !wal_object_parse(info->name, &system_id, &name) ||
	    name.kind != WAL_SEGMENT)
		return STATUS_OK;
	(void)snprintf(readable->name, sizeof readable->name, "%s", info->name);
	return error_set(err, STATUS_EXISTS, "found");
}

/* The oldest ones may be where nothing can be read at once. */
static enum status choose_segment(struct walk *walk, const struct object_info *info, struct readable *out,
				  struct error *err)
{
	char prefix[32];
	(void)snprintf(prefix, sizeof prefix, "%" PRIu64 "/", walk->coverage.system_id);
	if (!info->archived) {
		(void)snprintf(out->name, sizeof out->name, "%s", info->name);
		return STATUS_OK;
	}
	enum status st = store_list(walk->reads.store, walk->survey->call, prefix, find_readable, out, err);
	return st == STATUS_EXISTS ? STATUS_OK : st;
}

/* STATUS_MISSING: the segment that was chosen, or info's own, was removed since it was listed. */
static enum status read_page(struct walk *walk, const struct object_info *info, struct readable *segment,
			     uint8_t head[WAL_PAGE_HEADER_BYTES], struct unseal_lack *lack, struct error *err)
{
	*segment = (struct readable){""};
	enum status st = choose_segment(walk, info, segment, err);
	if (!st && segment->name[0] == '\0')
		st = error_set(err, STATUS_DAMAGED, "no segment of cluster %" PRIu64 " can be read at once",
			       walk->coverage.system_id);
	return st ? st
		  : object_read_head(&walk->reads, walk->survey->call, segment->name, head, WAL_PAGE_HEADER_BYTES, lack,
				     err);
}

/* wal_segment_size is in each segment's first page. STATUS_MISSING: this segment was removed since it was listed. */
static enum status find_segment_bytes(struct walk *walk, const struct object_info *info, struct error *err)
{
	uint8_t head[WAL_PAGE_HEADER_BYTES];
	struct readable segment;
	struct unseal_lack lack = {0};
	enum status st = STATUS_MISSING;
	/* In place of one that is archived another is looked for, which may go in its turn. */
	for (int i = 0; st == STATUS_MISSING && i < (info->archived ? CHOICES_MAX : 1); i++)
		st = read_page(walk, info, &segment, head, &lack, err);
	if (st == STATUS_MISSING && !info->archived)
		return st;
	if (st == STATUS_MISSING)
		st = error_set(err, STATUS_DAMAGED, "%s is gone since it was listed", segment.name);
	uint32_t segment_bytes = st ? 0 : wal_content_segment_bytes(head);
	if (!st && segment_bytes == 0)
		st = error_set(err, STATUS_DAMAGED, "%s does not begin as a segment does", segment.name);
	walk->coverage.segment_bytes = segment_bytes == 0 ? SURVEY_SEGMENT_BYTES : segment_bytes;
	walk->sized = true;
	if (st == STATUS_DAMAGED)
		(void)error_wrap(err, st, "segments are taken for %d MiB each", SURVEY_SEGMENT_BYTES / 1024 / 1024);
	return forgive(walk, st, &lack, err);
}

static enum status add(struct walk *walk, const struct object_info *info, uint64_t system_id,
		       const struct wal_name *name, struct error *err)
{
	enum status st = STATUS_OK;
	if (system_id != walk->coverage.system_id) {
		st = end_cluster(walk, err);
		if (st)
			return st;
		coverage_init(&walk->coverage, system_id, SURVEY_SEGMENT_BYTES);
		walk->sized = false;
	}
	if (is_cut_off(walk, info))
		return tell_cut_off(walk, info);
	if (name->kind == WAL_HISTORY)
		st = read_history(walk, info, name->timeline, err);
	else if (!walk->sized && (name->kind == WAL_SEGMENT || name->kind == WAL_PARTIAL))
		st = find_segment_bytes(walk, info, err);
	/* A lifecycle rule may be at work: what is gone by now is not there. */
	if (st == STATUS_MISSING)
		return STATUS_OK;
	if (!st && walk->survey->seen != NULL)
		st = walk->survey->seen(walk->survey->arg, &walk->coverage, name, info, err);
	if (!st)
		st = coverage_add(&walk->coverage, name, info->bytes, info->modified_s, err);
	if (!st && info->archived)
		coverage_archived(&walk->coverage, name);
	return st;
}

static enum status on_object(void *arg, const struct object_info *info, struct error *err)
{
	struct walk *walk = arg;
	struct survey *survey = walk->survey;
	uint64_t system_id;
	struct wal_name name;
	survey->objects++;
	survey->bytes += info->bytes;
	if (survey->progress != NULL && progress_is_due(survey->progress)) {
		char size[MEASURE_MAX];
		measure_bytes(survey->bytes, size);
		progress_show(survey->progress, "%" PRIu64 " objects, %s", survey->objects, size);
	}
	if (!wal_object_parse(info->name, &system_id, &name)) {
		survey->others++;
		return STATUS_OK;
	}
	enum status st = add(walk, info, system_id, &name, err);
	return st == STATUS_CONFLICT ? error_wrap(err, st, "%s", info->name) : st;
}

static void tell_others(const struct survey *survey)
{
	uint64_t all = survey->damaged + survey->missing_keys;
	if (all > TOLD_MAX)
		log_line(survey->call->log, LEVEL_WARNING, "%" PRIu64 " others cannot be opened either",
			 all - TOLD_MAX);
}

enum status survey_run(struct survey *survey, struct error *err)
{
	char prefix[32] = "";
	struct walk walk = {.survey = survey};
	if (survey->system_id != 0)
		(void)snprintf(prefix, sizeof prefix, "%" PRIu64 "/", survey->system_id);
	enum status st = repository_open(&walk.lists, survey->settings, survey->call, err);
	if (!st)
		st = repository_join(&walk.reads, &walk.lists, err);
	survey->repo = &walk.reads;
	if (!st)
		st = store_list(walk.lists.store, survey->call, prefix, on_object, &walk, err);
	if (!st)
		st = end_cluster(&walk, err);
	if (survey->progress != NULL)
		progress_clear(survey->progress);
	tell_others(survey);
	coverage_fini(&walk.coverage);
	repository_fini(&walk.reads);
	repository_fini(&walk.lists);
	return st;
}

enum status survey_nothing(const struct survey *survey, struct error *err)
{
	if (survey->system_id == 0)
		return error_hint(err, error_set(err, STATUS_INCOMPLETE, "there is no WAL in it"),
				  "is repo the right one, and archive_command set?");
	return error_hint(
	    err, error_set(err, STATUS_INCOMPLETE, "there is no WAL of cluster %" PRIu64 " in it", survey->system_id),
	    "walship info shows the clusters that are there");
}

enum status survey_operand(const struct command_context *context, uint64_t *system_id, struct error *err)
{
	const char *text = context->operands[0];
	*system_id = 0;
	if (text == NULL)
		return STATUS_OK;
	const char *end = wal_system_id_read(text, system_id);
	if (end != NULL && *end == '\0')
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "'%.64s' is not a system identifier", text);
	return error_hint(err, STATUS_USAGE,
			  "decimal digits, as pg_controldata shows it; walship info shows those there are");
}
