/* What a mirror run tells: objects that it could not copy, progress, totals. */
#ifndef WALSHIP_MIRROR_REPORT_H
#define WALSHIP_MIRROR_REPORT_H

#include "console/progress.h"
#include "mirror/mirror.h"
#include "mirror/transfer.h"

/* One thread at a time uses it. */
struct report {
	const struct mirror_params *params;
	struct progress progress;
	uint64_t looked;                 /* objects of the repository that were compared */
	uint64_t lacking, lacking_bytes; /* objects that the copy lacked */
	uint64_t copied, copied_bytes;
	uint64_t conflicts, damaged, unreadable, gone;
	uint64_t failed_bytes; /* of objects that could not be copied */
	uint64_t unfinished;   /* base backups without a manifest */
	uint64_t put_off;      /* base backups that may need one that could not be copied */
};

void report_begin(struct report *report, const struct mirror_params *params);
void report_progress(struct report *report);

/* Prints a line for each object that is lacking, if nothing is to be copied. */
enum status report_lacking(struct report *report, const struct mirror_entry *entry, struct error *err);

/* Counts what became of an object, and names an object that could not be copied. */
enum status report_outcome(struct report *report, const struct mirror_entry *entry, enum transfer_outcome outcome,
			   const struct error *trouble, struct error *err);

/* Counts and names a base backup whose manifest is put off. */
enum status report_put_off(struct report *report, const char *manifest, struct error *err);

/* Prints the totals. The status is that of mirror_run. */
enum status report_end(struct report *report, struct error *err);

#endif
