#include "inventory/drills.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "console/measure.h"
#include "console/print.h"
#include "inventory/drill_record.h"

static enum status add_figures(struct buffer *out, const struct drill_record *record, struct error *err)
{
	char rpo[MEASURE_MAX] = "–", rto[MEASURE_MAX] = "–";
	if (record->rpo_s >= 0)
		measure_seconds(record->rpo_s, rpo);
	if (record->rto_s >= 0)
		(void)snprintf(rto, sizeof rto, "%.1f s", record->rto_s);
	return buffer_printf(out, err, "  RPO %s  RTO %s  %s", rpo, rto, record->target);
}

static enum status add_text(struct buffer *out, const struct drill_name *name, const struct drill_record *record,
			    struct error *err)
{
	enum status st = buffer_printf(out, err, "%s %s  %" PRIu64 "  %s", record->ok ? "✓" : "✗", name->label,
				       name->system_id, record->backup[0] == '\0' ? "no backup" : record->backup);
	if (!st)
		st = add_figures(out, record, err);
	if (!st && record->problem[0] != '\0')
		st = buffer_printf(out, err, "\n  %s", record->problem);
	return st ? st : buffer_append(out, "\n", 1, err);
}

/* A report that cannot be opened does not hide the others. */
static enum status show_one(struct cluster_listing *listing, const struct drill_name *name, struct error *err)
{
	const struct cluster_listing_params *params = listing->params;
	CLEANUP(buffer_fini) struct buffer json = {0}, text = {0};
	struct drill_record record;
	const struct call step = call_step(params->call);
	enum status st = drill_record_read(&record, &json, &listing->repo, &step, name, err);
	if (st == STATUS_DAMAGED || st == STATUS_CONFLICT) {
		log_line(params->call->log, LEVEL_WARNING, "%s", err->text);
		listing->unreadable++;
		return STATUS_OK;
	}
	if (st)
		return st;
	if (params->json)
		return print_text(params->console, &json, err);
	st = add_text(&text, name, &record, err);
	return st ? st : print_text(params->console, &text, err);
}

static enum status show_cluster(struct cluster_listing *listing, uint64_t system_id, struct error *err)
{
	CLEANUP(drill_names_fini) struct drill_names names = {0};
	const struct call step = call_step(listing->params->call);
	enum status st = drill_names_list(&names, &listing->repo, &step, system_id, err);
	for (size_t i = 0; !st && i < names.count; i++)
		st = show_one(listing, &names.items[i], err);
	return st;
}

enum status drills_show(const struct cluster_listing_params *params, struct error *err)
{
	struct cluster_listing listing = {.params = params};
	enum status st = cluster_listing_run(&listing, show_cluster, err);
	if (!st && listing.unreadable > 0)
		return error_set(err, STATUS_DAMAGED, "some reports cannot be opened");
	return st;
}
