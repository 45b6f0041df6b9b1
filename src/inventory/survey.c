#include "inventory/survey.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "catalog/drill_name.h"
#include "console/measure.h"
#include "format/unseal.h"
#include "pg/wal/content.h"
#include "pg/wal/history.h"
#include "pg/wal/part_name.h"
#include "repo/object.h"
#include "repo/set_aside.h"

#define LOGGED_MAX 64 /* unreadable objects logged one by one; there may be a million */
#define TRIES_MAX 3   /* segments tried for wal_segment_size, while each one is removed before it is read */

struct walk {
	struct survey *survey;
	struct repository lists, reads; /* two connections: objects are read while the listing is open */
	struct coverage coverage;       /* of the current cluster; system_id 0: none yet */
	struct backup_list backups;     /* likewise */
	bool sized;                     /* coverage.segment_bytes is known */
};

/* An unreadable object is logged and does not end the survey; an outage does. */
static enum status forgive(struct walk *walk, enum status st, const struct unseal_lack *lack, const struct error *err)
{
	if (st != STATUS_DAMAGED && st != STATUS_CONFLICT)
		return st;
	walk->survey->damaged += !lack->lacks;
	walk->survey->missing_keys += lack->lacks;
	if (walk->survey->damaged + walk->survey->missing_keys > LOGGED_MAX)
		return STATUS_OK;
	if (walk->survey->progress != NULL)
		progress_clear(walk->survey->progress);
	log_line(walk->survey->call->log, LEVEL_WARNING, "%s", err->text);
	return STATUS_OK;
}

/*
 * Reads the history before the segments of its timeline are listed. STATUS_MISSING when it was removed after the
 * listing.
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

/* walship stores nothing so short: the object counts as missing. A caller that opens every object finds it itself. */
static bool is_cut_off(const struct walk *walk, const struct object_info *info)
{
	return info->bytes < OBJECT_MIN && (!walk->survey->opens || info->archived);
}

static enum status report_cut_off(struct walk *walk, const struct object_info *info)
{
	const struct unseal_lack none = {0};
	struct error err;
	(void)error_set(&err, STATUS_DAMAGED, "cut off: %" PRIu64 " bytes, without a tag", info->bytes);
	return forgive(walk, error_wrap(&err, STATUS_DAMAGED, "%s", info->name), &none, &err);
}

/* A timeline that is set aside has a history; timeline 1 has none. A mark that cannot be opened does not count. */
static enum status set_timelines_aside(struct walk *walk, struct error *err)
{
	struct set_aside set_aside = {0};
	const struct unseal_lack none = {0};
	struct coverage *coverage = &walk->coverage;
	if (walk->survey->all_timelines || coverage->timeline_count == 0 ||
	    coverage->timelines[coverage->timeline_count - 1].id == 1)
		return STATUS_OK;
	enum status st = set_aside_load(&set_aside, &walk->reads, walk->survey->call, coverage->system_id, err);
	for (size_t i = 0; !st && i < set_aside.count; i++)
		if (set_aside_has(&set_aside, set_aside.marks[i].timeline))
			coverage_set_aside(coverage, set_aside.marks[i].timeline);
	set_aside_fini(&set_aside);
	return forgive(walk, st, &none, err);
}

static enum status end_cluster(struct walk *walk, struct error *err)
{
	enum status st = STATUS_OK;
	if (walk->coverage.system_id == 0)
		return STATUS_OK;
	st = set_timelines_aside(walk, err);
	if (!st)
		st = coverage_end(&walk->coverage, err);
	if (!st)
		st = backup_list_open(&walk->backups, &walk->reads, walk->survey->call, walk->coverage.system_id, err);
	if (!st)
		st = dump_list_open(&walk->survey->dumps, &walk->reads, walk->survey->call, walk->coverage.system_id,
				    err);
	if (walk->survey->progress != NULL)
		progress_clear(walk->survey->progress);
	/* All objects may have been removed during the survey. */
	if (!st && (walk->coverage.objects > 0 || walk->backups.count > 0 || walk->survey->dumps.count > 0))
		st = walk->survey->each(walk->survey->arg, &walk->coverage, &walk->backups, err);
	coverage_fini(&walk->coverage);
	backup_list_fini(&walk->backups);
	dump_list_fini(&walk->survey->dumps);
	return st;
}

struct readable {
	char name[WAL_OBJECT_NAME_MAX]; /* "": none found */
};

static enum status find_readable(void *arg, const struct object_info *info, struct error *err)
{
	struct readable *readable = arg;
	uint64_t system_id;
	struct wal_name name;
	if (info->archived || info->bytes < OBJECT_MIN || !wal_object_parse(info->name, &system_id, &name) ||
	    name.kind != WAL_SEGMENT)
		return STATUS_OK;
	(void)snprintf(readable->name, sizeof readable->name, "%s", info->name);
	return error_set(err, STATUS_EXISTS, "found");
}

/* The oldest segments may be in an archive storage class. */
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

/* STATUS_MISSING when the chosen segment was removed after the listing. */
static enum status read_page(struct walk *walk, const struct object_info *info, struct readable *segment,
			     uint8_t head[WAL_PAGE_HEADER_BYTES], struct unseal_lack *lack, struct error *err)
{
	*segment = (struct readable){""};
	enum status st = choose_segment(walk, info, segment, err);
	if (!st && segment->name[0] == '\0')
		st = error_set(err, STATUS_DAMAGED,
			       "every segment of cluster %" PRIu64 " is in an archive storage class",
			       walk->coverage.system_id);
	return st ? st
		  : object_read_head(&walk->reads, walk->survey->call, segment->name, head, WAL_PAGE_HEADER_BYTES, lack,
				     err);
}

/* Each segment's first page has wal_segment_size. STATUS_MISSING when info's segment was removed after the listing. */
static enum status find_segment_bytes(struct walk *walk, const struct object_info *info, struct error *err)
{
	uint8_t head[WAL_PAGE_HEADER_BYTES];
	struct readable segment;
	struct unseal_lack lack = {0};
	enum status st = STATUS_MISSING;
	/* An archived segment is replaced by another one, which may be removed in turn. */
	for (int i = 0; st == STATUS_MISSING && i < (info->archived ? TRIES_MAX : 1); i++)
		st = read_page(walk, info, &segment, head, &lack, err);
	if (st == STATUS_MISSING && !info->archived)
		return st;
	if (st == STATUS_MISSING)
		st = error_set(err, STATUS_DAMAGED, "%s was removed after it was listed", segment.name);
	uint32_t segment_bytes = st ? 0 : wal_content_segment_bytes(head);
	if (!st && segment_bytes == 0)
		st = error_set(err, STATUS_DAMAGED, "%s does not begin with a segment header", segment.name);
	walk->coverage.segment_bytes = segment_bytes == 0 ? SURVEY_SEGMENT_BYTES : segment_bytes;
	walk->sized = true;
	if (st == STATUS_DAMAGED)
		(void)error_wrap(err, st, "assuming segments of %d MiB", SURVEY_SEGMENT_BYTES / 1024 / 1024);
	return forgive(walk, st, &lack, err);
}

/* Names are in the order of clusters: the previous one is complete. */
static enum status enter_cluster(struct walk *walk, uint64_t system_id, struct error *err)
{
	if (system_id == walk->coverage.system_id)
		return STATUS_OK;
	enum status st = end_cluster(walk, err);
	if (st)
		return st;
	coverage_init(&walk->coverage, system_id, SURVEY_SEGMENT_BYTES);
	walk->sized = false;
	return STATUS_OK;
}

/* Some stores list an object as archived although its copy is there. An object that has gone is left as it was. */
static enum status look_for_copy(struct walk *walk, struct object_info *info, struct error *err)
{
	struct object_info exact;
	if (!walk->survey->looks_for_copies || !info->archived || info->thawing)
		return STATUS_OK;
	struct call step = call_step(walk->survey->call);
	enum status st = store_stat(walk->reads.store, &step, info->name, &exact, err);
	if (!st)
		*info = exact;
	return st == STATUS_MISSING ? STATUS_OK : st;
}

static enum status add_backup(struct walk *walk, const struct backup_object *object, const struct object_info *info,
			      struct error *err)
{
	struct object_info exact = *info;
	enum status st = enter_cluster(walk, object->system_id, err);
	if (!st && object->part == PART_MANIFEST)
		st = look_for_copy(walk, &exact, err);
	if (!st)
		st = backup_list_note(&walk->backups, object, &exact, err);
	if (!st && walk->survey->seen_backup != NULL)
		st = walk->survey->seen_backup(walk->survey->arg, object, &exact, err);
	return st;
}

static enum status add_dump(struct walk *walk, const struct dump_object *object, const struct object_info *info,
			    struct error *err)
{
	enum status st = enter_cluster(walk, object->system_id, err);
	return st ? st : dump_list_note(&walk->survey->dumps, object, info, err);
}

static enum status add(struct walk *walk, const struct object_info *listed, uint64_t system_id,
		       const struct wal_name *name, struct error *err)
{
	struct object_info exact = *listed;
	const struct object_info *info = &exact;
	enum status st = enter_cluster(walk, system_id, err);
	if (!st && name->kind == WAL_HISTORY)
		st = look_for_copy(walk, &exact, err);
	if (st)
		return st;
	if (is_cut_off(walk, info))
		return report_cut_off(walk, info);
	if (name->kind == WAL_HISTORY)
		st = read_history(walk, info, name->timeline, err);
	else if (!walk->sized && (name->kind == WAL_SEGMENT || name->kind == WAL_PARTIAL))
		st = find_segment_bytes(walk, info, err);
	/* A lifecycle rule may have removed the object meanwhile: then it counts as not stored. */
	if (st == STATUS_MISSING)
		return STATUS_OK;
	if (!st && walk->survey->seen != NULL)
		st = walk->survey->seen(walk->survey->arg, &walk->coverage, name, info, err);
	if (!st)
		st = coverage_add(&walk->coverage, name, info->bytes, info->modified_s, err);
	if (!st && info->archived)
		coverage_mark_archived(&walk->coverage, name);
	return st;
}

static enum status on_object(void *arg, const struct object_info *info, struct error *err)
{
	struct walk *walk = arg;
	struct survey *survey = walk->survey;
	uint64_t system_id;
	struct wal_name name;
	struct backup_object object;
	struct dump_object dump;
	struct drill_name drill;
	struct wal_part part;
	survey->objects++;
	survey->bytes += info->bytes;
	if (survey->progress != NULL && progress_is_due(survey->progress)) {
		char size[MEASURE_MAX];
		measure_bytes(survey->bytes, size);
		progress_show(survey->progress, "%" PRIu64 " objects, %s", survey->objects, size);
	}
	if (backup_object_parse(&object, info->name))
		return add_backup(walk, &object, info, err);
	if (dump_object_parse(&dump, info->name))
		return add_dump(walk, &dump, info, err);
	if (!wal_object_parse(info->name, &system_id, &name)) {
		survey->others += !set_aside_is_mark(info->name) && !drill_name_parse(&drill, info->name) &&
				  !wal_part_parse(info->name, &system_id, &part);
		return STATUS_OK;
	}
	enum status st = add(walk, info, system_id, &name, err);
	return st == STATUS_CONFLICT ? error_wrap(err, st, "%s", info->name) : st;
}

static void log_others(const struct survey *survey)
{
	uint64_t all = survey->damaged + survey->missing_keys;
	if (all > LOGGED_MAX)
		log_line(survey->call->log, LEVEL_WARNING, "%" PRIu64 " other objects cannot be opened either",
			 all - LOGGED_MAX);
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
	log_others(survey);
	coverage_fini(&walk.coverage);
	backup_list_fini(&walk.backups);
	dump_list_fini(&survey->dumps);
	repository_fini(&walk.reads);
	repository_fini(&walk.lists);
	return st;
}

enum status survey_nothing(const struct survey *survey, struct error *err)
{
	if (survey->system_id == 0)
		return error_hint(err, error_set(err, STATUS_INCOMPLETE, "the repository holds no WAL"),
				  "check repo, and that archive_command is set");
	return error_hint(
	    err,
	    error_set(err, STATUS_INCOMPLETE, "the repository holds no WAL of cluster %" PRIu64, survey->system_id),
	    "walship info shows the clusters in the repository");
}

enum status survey_system_id(const char *text, uint64_t *system_id, struct error *err)
{
	*system_id = 0;
	if (text == NULL)
		return STATUS_OK;
	const char *end = wal_system_id_read(text, system_id);
	if (end != NULL && *end == '\0')
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "'%.64s' is not a system identifier", text);
	return error_hint(
	    err, STATUS_USAGE,
	    "give it in decimal digits, as pg_controldata shows it; walship info shows the clusters in the repository");
}
