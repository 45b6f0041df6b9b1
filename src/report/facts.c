#include "report/facts.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "verify/verify_backups.h"

struct gathering {
	struct facts *facts;
	const struct facts_params *params;
	struct survey *survey;
	struct backup_parts parts; /* of the current cluster */
	struct growth growth;      /* likewise */
};

static enum status no_memory(struct error *err)
{
	return error_set(err, STATUS_LOCAL, "out of memory");
}

static enum status seen(void *arg, const struct coverage *coverage, const struct wal_name *name,
			const struct object_info *info, struct error *err)
{
	struct gathering *gathering = arg;
	(void)coverage;
	(void)name;
	(void)err;
	growth_add(&gathering->growth, GROWTH_WAL, info->bytes, info->modified_s);
	return STATUS_OK;
}

static enum status seen_backup(void *arg, const struct backup_object *object, const struct object_info *info,
			       struct error *err)
{
	struct gathering *gathering = arg;
	growth_add(&gathering->growth, GROWTH_BACKUP, info->bytes, info->modified_s);
	return backup_parts_add(&gathering->parts, object, info, err);
}

struct reading {
	const struct window_reader *reader;
	struct fact_cluster *cluster;
};

static enum status read_window(void *arg, const struct coverage_window *window, struct error *err)
{
	const struct reading *reading = arg;
	struct fact_cluster *cluster = reading->cluster;
	struct fact_window *items =
	    array_grow(cluster->windows, cluster->window_count, &cluster->window_capacity, sizeof *items);
	if (items == NULL)
		return no_memory(err);
	cluster->windows = items;
	struct fact_window *out = &items[cluster->window_count++];
	*out = (struct fact_window){.window = *window};
	window_times_read(&out->times, reading->reader, &cluster->coverage, window);
	return STATUS_OK;
}

/* The newest ones: each needs its table of packs, and there may be thousands. */
static enum status judge(struct gathering *gathering, struct fact_cluster *cluster, struct error *err)
{
	struct backup_totals totals = {0};
	const struct backup_list *all = &cluster->backups;
	const struct backup_judge params = {.repo = gathering->survey->repo,
					    .call = gathering->params->call,
					    .coverage = &cluster->coverage,
					    .parts = &gathering->parts};
	backup_parts_sort(&gathering->parts);
	cluster->judged_from = all->count > FACTS_BACKUPS_MAX ? all->count - FACTS_BACKUPS_MAX : 0;
	const struct backup_list newest = {.items = all->items + cluster->judged_from,
					   .count = all->count - cluster->judged_from};
	return newest.count == 0 ? STATUS_OK : verify_backups_judge(&params, &newest, &cluster->verdicts, &totals, err);
}

static enum status read_drills(const struct gathering *gathering, struct fact_cluster *cluster, struct error *err)
{
	const struct repository *repo = gathering->survey->repo;
	const struct call *call = gathering->params->call;
	struct drill_names *names = &cluster->drills;
	enum status st = drill_names_list(names, repo, call, cluster->coverage.system_id, err);
	if (st || names->count == 0)
		return st;
	cluster->drills_from = names->count > FACTS_DRILLS_MAX ? names->count - FACTS_DRILLS_MAX : 0;
	cluster->records = calloc(names->count - cluster->drills_from, sizeof *cluster->records);
	if (cluster->records == NULL)
		return no_memory(err);
	for (size_t i = cluster->drills_from; !st && i < names->count; i++) {
		CLEANUP(buffer_fini) struct buffer json = {0};
		struct drill_record *record = &cluster->records[i - cluster->drills_from];
		st = drill_record_read(record, &json, repo, call, &names->items[i], err);
		if (st == STATUS_DAMAGED || st == STATUS_MISSING) {
			log_line(call->log, LEVEL_WARNING, "%s", err->text);
			*record = (struct drill_record){0};
			st = STATUS_OK;
		}
	}
	return st;
}

static enum status take_cluster(void *arg, struct coverage *coverage, struct backup_list *backups, struct error *err)
{
	struct gathering *gathering = arg;
	struct facts *facts = gathering->facts;
	struct fact_cluster *items =
	    array_grow(facts->clusters, facts->cluster_count, &facts->cluster_capacity, sizeof *items);
	if (items == NULL)
		return no_memory(err);
	facts->clusters = items;
	struct fact_cluster *out = &items[facts->cluster_count++];
	*out = (struct fact_cluster){.coverage = *coverage, .backups = *backups, .growth = gathering->growth};
	*coverage = (struct coverage){0};
	*backups = (struct backup_list){0};
	out->dumps = gathering->survey->dumps;
	gathering->survey->dumps = (struct dump_list){0};
	const struct window_reader reader = {
	    .repo = gathering->survey->repo, .call = gathering->params->call, .progress = gathering->params->progress};
	struct reading reading = {&reader, out};
	enum status st = coverage_windows(&out->coverage, read_window, &reading, err);
	if (!st)
		st = judge(gathering, out, err);
	if (!st)
		st = read_drills(gathering, out, err);
	backup_parts_fini(&gathering->parts);
	growth_begin(&gathering->growth, facts->now_s);
	return st;
}

/* A repository without a server is worth a page too: an old cluster's, or one that is looked at from elsewhere. */
static void look_at_server(struct facts *out, const struct facts_params *params)
{
	enum status st =
	    health_examine(&out->health, &out->health_report, params->health, params->call, &out->no_health);
	out->health_known = st == STATUS_OK;
}

enum status facts_gather(struct facts *out, const struct facts_params *params, struct error *err)
{
	*out = (struct facts){.repo = params->settings->url, .now_s = clock_utc_s(params->call->clock)};
	struct gathering gathering = {.facts = out, .params = params};
	struct survey survey = {.settings = params->settings,
				.call = params->call,
				.seen = seen,
				.seen_backup = seen_backup,
				.progress = params->progress,
				.system_id = params->system_id,
				.each = take_cluster,
				.arg = &gathering};
	gathering.survey = &survey;
	growth_begin(&gathering.growth, out->now_s);
	enum status st = survey_run(&survey, err);
	backup_parts_fini(&gathering.parts);
	out->damaged = survey.damaged;
	out->missing_keys = survey.missing_keys;
	if (!st)
		look_at_server(out, params);
	return st;
}

const struct backup_verdict *fact_verdict(const struct fact_cluster *cluster, size_t backup)
{
	return backup < cluster->judged_from ? NULL : &cluster->verdicts[backup - cluster->judged_from];
}

const struct drill_record *fact_newest_drill(const struct fact_cluster *cluster)
{
	size_t count = cluster->drills.count - cluster->drills_from;
	return count == 0 ? NULL : &cluster->records[count - 1];
}

void facts_fini(struct facts *facts)
{
	for (size_t i = 0; i < facts->cluster_count; i++) {
		coverage_fini(&facts->clusters[i].coverage);
		backup_list_fini(&facts->clusters[i].backups);
		free(facts->clusters[i].verdicts);
		free(facts->clusters[i].windows);
		dump_list_fini(&facts->clusters[i].dumps);
		drill_names_fini(&facts->clusters[i].drills);
		free(facts->clusters[i].records);
	}
	free(facts->clusters);
	*facts = (struct facts){0};
}
