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
	struct set_aside set_aside;
	bool is_aside; /* of the history that is read: the timeline or an ancestor */
	struct latest_timeline found;
};

static enum status take_line(void *arg, uint32_t timeline, uint64_t switch_lsn, struct error *err)
{
	struct search *search = arg;
	(void)err;
	search->is_aside |= set_aside_has(&search->set_aside, timeline);
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
	if (!st && timeline == search->from + 1)
		st = set_aside_load(&search->set_aside, search->repo, search->call, search->system_id, err);
	if (st)
		return st;
	search->found = (struct latest_timeline){.timeline = timeline};
	search->is_aside = set_aside_has(&search->set_aside, timeline);
	st = wal_history_read(timeline, buffer_text(&text), text.len, take_line, search, err);
	if (!st && !search->is_aside)
		*latest = search->found;
	return st;
}

enum status latest_timeline_find(struct latest_timeline *out, struct repository *repo, const struct call *call,
				 uint64_t system_id, uint32_t from, struct error *err)
{
	struct search search = {.repo = repo, .call = call, .system_id = system_id, .from = from};
	enum status st = STATUS_OK;
	*out = (struct latest_timeline){from, from, UINT64_MAX};
	for (uint32_t timeline = from + 1; !st && timeline != 0; timeline++)
		st = read_history(&search, timeline, out, err);
	set_aside_fini(&search.set_aside);
	return st == STATUS_MISSING ? STATUS_OK : st;
}
