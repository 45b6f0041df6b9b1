/* verify: whether the dumps of a cluster are whole. */
#ifndef WALSHIP_VERIFY_VERIFY_DUMPS_H
#define WALSHIP_VERIFY_VERIFY_DUMPS_H

#include "catalog/dump_list.h"
#include "console/print.h"
#include "console/progress.h"
#include "verify/verified.h"
#include "verify/verify.h"

/* Of one dump. */
struct dump_verdict {
	bool judged; /* its manifest could be opened */
	struct dump_faults faults;
	bool damaged; /* an object could not be opened, or a database has another SHA-256 */
};

/* Of all clusters. */
struct dump_totals {
	uint64_t dumps;   /* that are finished */
	uint64_t broken;  /* an object is missing or has another size */
	uint64_t damaged; /* the manifest, or the content */
	uint64_t locked;  /* the manifest or an object needs a key that is not configured */
};

struct dump_judge {
	const struct repository *repo;
	const struct verify_params *params;
	struct progress *progress;
	/* NULL: only names and sizes are compared. Otherwise the content is read, unless it was noted as good; the
	 * beginning in seconds stands for the segment. */
	struct verified *notes;
};

/*
 * *out, which the caller frees, has an item for each dump of the list. Prints each damaged object when it is found. A
 * damaged dump is no failure; an outage is.
 */
enum status verify_dumps_judge(const struct dump_judge *judge, const struct dump_list *list, struct dump_verdict **out,
			       struct dump_totals *totals, struct error *err);

/* As doc/json.md says. NULL without memory. */
json_t *verify_dumps_json(uint64_t system_id, const struct dump_list *list, const struct dump_verdict *verdicts);

/* Appends a line for each dump. */
enum status verify_dumps_show(struct buffer *out, const struct dump_list *list, const struct dump_verdict *verdicts,
			      struct error *err);

/* The outcome: STATUS_OK if all dumps are whole. */
enum status verify_dumps_conclude(const struct dump_totals *totals, struct error *err);

#endif
