/* The report of a drill: what was done, how long it took, and what was found. */
#ifndef WALSHIP_DRILL_REPORT_H
#define WALSHIP_DRILL_REPORT_H

#include "catalog/drill_name.h"
#include "console/console.h"
#include "restore/restore.h"

enum drill_part {
#define PART(id, name, is_recovery, meaning) DRILL_##id,
#include "drill/parts.def"
#undef PART
	DRILL_PART_COUNT
};

#define DRILL_FINDINGS_MAX 16 /* one for each part, and for each file of drill-sql; the rest is counted */

struct drill_finding {
	enum drill_part part;
	enum status status;
	char text[ERROR_TEXT_MAX];
	char hint[ERROR_HINT_MAX]; /* "": none */
};

/* A file of drill-sql that ran to its end. */
struct drill_result {
	const char *file;
	char *output; /* owned; its first 64 KiB */
};

struct drill_report {
	struct drill_name name; /* text "": the cluster is not known */
	uint64_t system_id;
	int64_t begun_s, ended_s;
	bool to_end; /* no target */
	bool random;
	struct restore_result restored;
	uint64_t later_segments; /* that were replayed behind those of the restore's plan, see later_wal.h */
	bool ran[DRILL_PART_COUNT];
	int64_t ms[DRILL_PART_COUNT];
	bool opened;       /* the recovery has ended, and the databases could be opened */
	int64_t newest_us; /* of the newest transaction that was replayed; 0: none was */
	char replayed_lsn[32];
	uint64_t databases;
	bool checksums;               /* the cluster has them */
	const char *skipped_amcheck;  /* why it did not run; NULL: it did */
	int64_t estimate_ms;          /* of a recovery of today; below 0: unknown */
	struct drill_result *results; /* owned */
	size_t result_count;
	struct drill_finding findings[DRILL_FINDINGS_MAX];
	size_t finding_count;
	const char *kept; /* the copy's directory, with keep; else NULL */
};

const char *drill_part_name(enum drill_part part);
bool drill_part_is_recovery(enum drill_part part);

/* Adds err as a finding. */
void report_find(struct drill_report *report, enum drill_part part, enum status status, const struct error *err);

/* What a finding means for a real recovery. Static storage. */
const char *report_meaning(const struct drill_finding *finding);

/* From the newest transaction that was recovered, or the backup's end, to the drill's beginning; -1: it had a target.
 */
int64_t report_rpo_s(const struct drill_report *report);

/* From the beginning until the databases were open. -1: they were not. */
int64_t report_rto_ms(const struct drill_report *report);

/* Appends the JSON, a line (doc/json.md). */
enum status report_json(struct buffer *out, const struct drill_report *report, struct error *err);
enum status report_text(struct buffer *out, const struct drill_report *report, struct error *err);

void report_fini(struct drill_report *report);

#endif
