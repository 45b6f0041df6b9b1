#include "repo/latest_timeline.h"

#include <stdbool.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "pg/wal/history.h"
#include "pg/wal/name.h"
#include "repo/object.h"
#include "repo/set_aside.h"

struct search {
	struct repository *repo;
	const struct call *call;
	uint64_t system_id;
	uint32_t from;
	bool has_marks; /* they have been read */
	struct set_aside set_aside;
	bool is_aside;  /* of the history that is read: the timeline or an ancestor */
	uint32_t aside; /* that timeline */
	struct latest_timeline found;
};

static void look_at(struct search *search, uint32_t timeline)
{
	if (search->is_aside || !set_aside_has(&search->set_aside, timeline))
		return;
	search->is_aside = true;
	search->aside = timeline;
}

static enum status read_marks(struct search *search, struct error *err)
{
	if (search->has_marks)
		return STATUS_OK;
	search->has_marks = true;
	return set_aside_load(&search->set_aside, search->repo, search->call, search->system_id, err);
}

static enum status take_line(void *arg, uint32_t timeline, uint64_t switch_lsn, struct error *err)
{
	struct search *search = arg;
	(void)err;
	look_at(search, timeline);
	if (timeline == search->from) {
		search->found.parent = timeline;
		search->found.switch_lsn = switch_lsn;
	}
	return STATUS_OK;
}

static enum status read_history(struct search *search, uint32_t timeline, struct latest_timeline *latest,
				struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {.max = WAL_HISTORY_MAX};
	char object[WAL_OBJECT_NAME_MAX];
	wal_history_object_name(object, search->system_id, timeline);
	enum status st = object_read(search->repo, search->call, object, &text, NULL, err);
	/* The marks do not matter until there is a later timeline. */
	if (!st)
		st = read_marks(search, err);
	if (st)
		return st;
	search->found = (struct latest_timeline){.timeline = timeline};
	search->is_aside = false;
	look_at(search, timeline);
	st = wal_history_read(timeline, buffer_text(&text), text.len, take_line, search, err);
	if (!st && !search->is_aside)
		*latest = search->found;
	return st;
}

/* Nothing is later than the timeline from which the search began: may recovery find that one? */
static enum status judge_own(struct search *search, struct latest_timeline *out, struct error *err)
{
	struct latest_timeline ignored;
	enum status st = read_marks(search, err);
	if (st || search->set_aside.count == 0)
		return st;
	st = read_history(search, search->from, &ignored, err);
	if (!st && search->is_aside)
		out->aside = search->aside;
	return st;
}

enum status latest_timeline_find(struct latest_timeline *out, struct repository *repo, const struct call *call,
				 uint64_t system_id, uint32_t from, struct error *err)
{
	struct search search = {.repo = repo, .call = call, .system_id = system_id, .from = from};
	enum status st = STATUS_OK;
	*out = (struct latest_timeline){.timeline = from, .parent = from, .switch_lsn = UINT64_MAX};
	for (uint32_t timeline = from + 1; !st && timeline != 0; timeline++)
		st = read_history(&search, timeline, out, err);
	if (st == STATUS_MISSING && out->timeline == from && from > 1)
		st = judge_own(&search, out, err);
	set_aside_fini(&search.set_aside);
	return st == STATUS_MISSING ? STATUS_OK : st;
}
