#include "verify/read_plan.h"

#include <string.h>

static bool is_next(const struct read_plan *plan, const struct wal_name *name)
{
	struct wal_name next = plan->last.name;
	return plan->last_is_segment && name->kind == WAL_SEGMENT && wal_name_next(&next, plan->segment_bytes) &&
	       strcmp(next.text, name->text) == 0;
}

static enum status read_job(struct read_plan *plan, struct read_job *job, struct error *err)
{
	job->number = ++plan->jobs;
	return plan->read(plan->arg, job, err);
}

enum status read_plan_add(struct read_plan *plan, const struct wal_name *name, uint64_t bytes, bool is_new,
			  struct error *err)
{
	struct read_job job = {.name = *name, .bytes = bytes};
	bool next = is_next(plan, name);
	bool wanted = is_new || (next && plan->last_is_new);
	enum status st = STATUS_OK;
	if (next && is_new && !plan->last_is_planned) {
		st = read_job(plan, &plan->last, err);
		plan->remembered--;
		plan->last_is_planned = true;
	}
	job.follows = next && plan->last_is_planned;
	if (!st && wanted)
		st = read_job(plan, &job, err);
	else
		plan->remembered++;
	plan->last = job;
	plan->last_is_segment = name->kind == WAL_SEGMENT;
	plan->last_is_planned = wanted;
	plan->last_is_new = is_new;
	return st;
}

void read_plan_pass(struct read_plan *plan)
{
	plan->unreadable++;
	plan->last_is_segment = false;
}
