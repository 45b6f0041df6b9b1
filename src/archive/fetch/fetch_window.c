#include "archive/fetch/fetch_window.h"

#include <string.h>

bool fetch_window_is_open(const struct fetch_window *window)
{
	return !window->held && window->segment_bytes > 0 && window->coming <= window->more &&
	       window->used < FETCH_WINDOW_SLOTS && (window->used + 1) * window->segment_bytes <= window->bytes_max;
}

static struct fetch_slot *find(struct fetch_window *window, const char *name)
{
	for (size_t i = 0; i < FETCH_WINDOW_SLOTS; i++)
		if (window->slots[i].state != FETCH_SLOT_FREE && strcmp(window->slots[i].name.text, name) == 0)
			return &window->slots[i];
	return NULL;
}

static void step(struct fetch_window *window)
{
	window->held = !wal_name_next(&window->next, window->segment_bytes);
}

/* A segment that was dropped while being fetched, and is wanted again, is not fetched twice. */
static void revive(struct fetch_window *window)
{
	struct fetch_slot *slot;
	while (!window->held && (slot = find(window, window->next.text)) != NULL && slot->state == FETCH_SLOT_DROPPED) {
		slot->state = FETCH_SLOT_COMING;
		step(window);
	}
}

struct fetch_slot *fetch_window_begin(struct fetch_window *window)
{
	revive(window);
	if (!fetch_window_is_open(window))
		return NULL;
	struct fetch_slot *slot = window->slots;
	while (slot->state != FETCH_SLOT_FREE)
		slot++;
	*slot = (struct fetch_slot){FETCH_SLOT_COMING, window->next};
	window->used++;
	window->coming++;
	step(window);
	return slot;
}

/* Whether recovery asks for the segment after got: the names of a timeline sort in the order of its segments. */
static bool is_behind(const struct wal_name *name, const struct wal_name *got)
{
	return name->timeline == got->timeline && strcmp(name->text, got->text) > 0;
}

static void free_slot(struct fetch_window *window, struct fetch_slot *slot)
{
	slot->state = FETCH_SLOT_FREE;
	window->used--;
}

static void drop(struct fetch_window *window, struct fetch_slot *slot)
{
	if (slot->state == FETCH_SLOT_COMING)
		slot->state = FETCH_SLOT_DROPPED;
	if (slot->state != FETCH_SLOT_THERE)
		return;
	window->forget(window->arg, slot->name.text);
	free_slot(window, slot);
}

/* The store lacks the segment, or does not answer. Recovery's own call asks the store; later segments can wait. */
static void hold_at(struct fetch_window *window, struct fetch_slot *slot)
{
	window->next = slot->name;
	window->held = true;
	window->more = 0;
	free_slot(window, slot);
	for (size_t i = 0; i < FETCH_WINDOW_SLOTS; i++)
		if (is_behind(&window->slots[i].name, &window->next))
			drop(window, &window->slots[i]);
}

bool fetch_window_finish(struct fetch_window *window, struct fetch_slot *slot, enum fetch_outcome outcome)
{
	window->coming--;
	if (slot->state == FETCH_SLOT_DROPPED) {
		free_slot(window, slot);
		return false;
	}
	if (outcome == FETCH_FAILED) {
		hold_at(window, slot);
		return false;
	}
	slot->state = FETCH_SLOT_THERE;
	window->more = outcome == FETCH_QUICK ? 2 * window->more + 1 : 0;
	if (window->more > window->more_max)
		window->more = window->more_max;
	return true;
}

/* Whether next is the segment to begin next, is in the spool, or is being fetched. */
static bool is_on_the_way(struct fetch_window *window, const struct wal_name *next)
{
	const struct fetch_slot *slot = find(window, next->text);
	return strcmp(window->next.text, next->text) == 0 || (slot != NULL && slot->state != FETCH_SLOT_DROPPED);
}

bool fetch_window_move_on(struct fetch_window *window, const struct wal_name *got, uint64_t segment_bytes)
{
	struct wal_name next = *got;
	if (got->kind != WAL_SEGMENT || !wal_segment_size_is_valid(segment_bytes))
		return false;
	bool more = wal_name_next(&next, segment_bytes);
	bool straight = is_on_the_way(window, &next);
	for (size_t i = 0; i < FETCH_WINDOW_SLOTS; i++)
		if (!straight || !is_behind(&window->slots[i].name, got))
			drop(window, &window->slots[i]);
	window->segment_bytes = segment_bytes;
	if (!straight) {
		window->next = next;
		window->held = !more;
		window->more = 0;
	}
	revive(window);
	return true;
}
