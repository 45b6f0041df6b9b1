#include "drill/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define US_PER_S 1000000

static const struct {
	const char *name;
	bool is_recovery;
	const char *meaning;
} parts[] = {
#define PART(id, name, is_recovery, meaning) {name, is_recovery, meaning},
#include "drill/parts.def"
#undef PART
};

const char *drill_part_name(enum drill_part part)
{
	return parts[part].name;
}

bool drill_part_is_recovery(enum drill_part part)
{
	return parts[part].is_recovery;
}

void report_find(struct drill_report *report, enum drill_part part, enum status status, const struct error *err)
{
	if (report->finding_count == DRILL_FINDINGS_MAX)
		return;
	struct drill_finding *finding = &report->findings[report->finding_count++];
	*finding = (struct drill_finding){.part = part, .status = status};
	(void)snprintf(finding->text, sizeof finding->text, "%s", err->text);
	(void)snprintf(finding->hint, sizeof finding->hint, "%s", err->hint);
}

/* Where the cause lies outside of the backup, the status tells more than the part. */
static const struct {
	enum status status;
	const char *meaning;
} by_status[] = {
    {STATUS_UNREACHABLE, "the drill proved nothing, because the repository or a program did not answer: run it again"},
    {STATUS_CONFLICT,
     "a real recovery works in the original's place, but a copy beside it would damage it: nothing was rehearsed"},
    {STATUS_USAGE, "a real recovery with this configuration would fail in the same way"},
    {STATUS_LOCAL, "a real recovery on this machine would fail in the same way: a machine for recovery needs the room, "
		   "the programs and the libraries of the server"},
    {STATUS_INCOMPLETE, "a real recovery would lose every change after the gap: find the missing WAL, or make a full "
			"backup now"},
};

const char *report_meaning(const struct drill_finding *finding)
{
	for (size_t i = 0; i < sizeof by_status / sizeof by_status[0]; i++)
		if (by_status[i].status == finding->status)
			return by_status[i].meaning;
	return parts[finding->part].meaning;
}

int64_t report_rpo_s(const struct drill_report *report)
{
	if (!report->to_end || !report->opened)
		return -1;
	int64_t newest_s = report->newest_us / US_PER_S;
	if (newest_s < report->restored.backup_ended_s)
		newest_s = report->restored.backup_ended_s;
	return newest_s < report->begun_s ? report->begun_s - newest_s : 0;
}

int64_t report_rto_ms(const struct drill_report *report)
{
	int64_t sum_ms = 0;
	if (!report->opened)
		return -1;
	for (enum drill_part part = 0; part < DRILL_PART_COUNT; part++)
		if (drill_part_is_recovery(part))
			sum_ms += report->ms[part];
	return sum_ms;
}

void report_fini(struct drill_report *report)
{
	for (size_t i = 0; i < report->result_count; i++)
		free(report->results[i].output);
	free(report->results);
	report->results = NULL;
	report->result_count = 0;
}
